//! Runs the tests of a suite, each test file in a new instance of the runner.
//!
//! Every test that was collected has an outcome: a test that does not report has errored. Tests that only the run finds count
//! like others. A runner that traps or exceeds a limit fails the test that it runs and those of the same file that it did not
//! reach, and no others. The limits are time and bytes; there is no limit on the number of tests.

use std::collections::BTreeMap;

use futures::{FutureExt, StreamExt, stream};
use phasegate_process::testing::{File, TestRun};
use phasegate_sandbox::{CallError, CallErrorKind};

use crate::run::test_run::collection::collect;
use crate::run::test_run::names::{base_name, file_of, tests_that_ran};
use crate::run::test_run::probe::find_deception;
use crate::run::test_run::report::{add_unreported, all_errored, bound_size, check_reports, distrust};
use crate::run::test_run::session::Session;
use crate::run::test_run::stopped::results_before_stop;
use crate::run::test_run::tested::Tested;
use crate::text::truncate_text;

/// The most test files of one suite that run at the same time.
const MAX_PARALLEL_FILES: usize = 2;

/// A suite after it ran.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// The names of its tests, without parameters; a bare path for a file in which no test was found.
    pub(crate) tests: Vec<String>,
    pub(crate) run: TestRun,
}

/// The result of one test file.
pub(crate) struct FileRan {
    pub(crate) path: String,
    pub(crate) run: TestRun,
    /// Whether the runner returned a result that can be trusted. If not, the code may have made up the names of tests.
    complete: bool,
    /// Whether it was not started because the time of all tests together had ended.
    pub(crate) unreached: bool,
}

#[cfg(test)]
impl FileRan {
    pub(crate) fn new(path: &str, run: TestRun) -> Self {
        Self { path: path.to_owned(), run, complete: true, unreached: false }
    }
}

/// The result of some test files.
pub(crate) struct FilesRan {
    pub(crate) run: TestRun,
    /// The names of the tests that the run found, without parameters.
    found: Vec<String>,
}

/// Collects the tests of a suite and runs them.
pub(crate) async fn run_suite_files(session: &Session<'_>, tested: &Tested<'_>, suite: &[File]) -> Ran {
    match collect(session, tested.outline(), suite).await {
        Err(build_errors) => Ran { tests: Vec::new(), run: TestRun { build_errors, tests: Vec::new() } },
        Ok(names) => {
            let FilesRan { run, found } = run_files(session, tested, suite, &names).await;
            Ran { tests: tests_that_ran(names, &found), run }
        }
    }
}

/// Runs the files of these tests. Each of the tests has an outcome in the result.
pub(crate) async fn run_files(
    session: &Session<'_>,
    tested: &Tested<'_>,
    suite: &[File],
    names: &[String],
) -> FilesRan {
    let mut whole = TestRun::default();
    let mut found = Vec::new();
    for FileRan { run, complete, .. } in run_each_file(session, tested, suite, names).await {
        if complete {
            found.extend(run.tests.iter().map(|test| base_name(&test.name).to_owned()));
        }
        whole.build_errors.extend(run.build_errors);
        whole.tests.extend(run.tests);
    }
    FilesRan { run: bound_size(whole, names), found }
}

/// Runs the files of these tests, and returns them sorted by path.
pub(crate) async fn run_each_file(
    session: &Session<'_>,
    tested: &Tested<'_>,
    suite: &[File],
    names: &[String],
) -> Vec<FileRan> {
    let (code, suite) = (&tested.code, tested.with_suite(suite));
    let suite = suite.as_ref();
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in names {
        files.entry(file_of(name)).or_default().push(name.clone());
    }
    let mut runs = Vec::new();
    for (path, wanted) in files {
        runs.push(
            async move {
                let ran = run_file(session, code, suite, wanted, path).await;
                session.file_ended(path, &ran.run);
                ran
            }
            .boxed(),
        );
    }
    stream::iter(runs).buffered(MAX_PARALLEL_FILES).collect().await
}

/// Runs the file at `path`. Each wanted test has an outcome in the result.
async fn run_file(session: &Session<'_>, code: &[File], suite: &[File], wanted: Vec<String>, path: &str) -> FileRan {
    let ended = |run, complete| FileRan { path: path.to_owned(), run, complete, unreached: false };
    let failed = |why: String| {
        ended(TestRun { build_errors: Vec::new(), tests: all_errored(&wanted, &truncate_text(why)) }, false)
    };
    if let Some(error) = session.time_exceeded() {
        return FileRan { unreached: true, ..failed(session.hit.record(error)) };
    }
    let call = session.call(&format!("running {path}"));
    match session.runner.run_tests(code, suite, path, &call).await {
        Ok(Ok(run)) => {
            let deception = find_deception(session, code, suite, path, &run).await;
            let run = add_unreported(check_reports(run, path), &wanted);
            match deception {
                Some(why) => ended(distrust(run, &why), false),
                None => ended(run, true),
            }
        }
        Ok(Err(error)) => failed(error.to_string()),
        Err(error) => {
            let why = truncate_text(describe_stop(session, error));
            ended(results_before_stop(call.progress.tests(), &wanted, path, &why), false)
        }
    }
}

/// Returns the reason why a call of the runner was stopped, and notes a limit that depends on the machine.
fn describe_stop(session: &Session<'_>, error: CallError) -> String {
    // The tested code crashed the interpreter; the error text for a faulty plugin would mislead.
    let crashed = matches!(error.kind, CallErrorKind::Trap(_))
        .then(|| format!("the interpreter crashed while it ran this file: {}", error.kind));
    let words = session.hit.record(error);
    crashed.unwrap_or(words)
}
