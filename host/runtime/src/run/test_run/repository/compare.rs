//! The run of a repository's own tests on the result, together with the suite.

use std::collections::HashSet;

use phasegate_process::gate::{Changed, Comparison, RepositoryTests, SuiteRun, compare_with_baseline};
use phasegate_process::testing::{Outcome, TestCase};

use super::TestBase;
use super::baseline::KnownBaseline;
use super::results::sort_results;
use crate::run::test_run::execution::run_each_file;
use crate::run::test_run::names::without_dots;
use crate::run::test_run::session::Session;
use crate::run::test_run::suite::TestSuite;
use crate::run::test_run::tested::Tested;

/// What the repository's own tests are compared with.
pub(crate) struct Before<'a> {
    pub(crate) base: &'a TestBase,
    pub(crate) known: &'a KnownBaseline,
    /// The files that the delivered code deletes.
    pub(crate) deleted: &'a [String],
}

/// Runs the repository's tests on the result and enters the comparison into `run`, which has the results of the suite. Returns
/// the names of the tests that passed.
pub(crate) async fn run_and_compare(
    session: &Session<'_>,
    tested: &Tested<'_>,
    suite: &TestSuite,
    before: &Before<'_>,
    run: &mut SuiteRun,
) -> Vec<String> {
    let baseline = &before.known.baseline;
    let suite_files: HashSet<&str> = suite.files.iter().map(|file| file.path.as_str()).collect();
    let deleted: HashSet<&str> = before.deleted.iter().map(String::as_str).collect();
    let unreached: HashSet<&str> =
        baseline.not_run.iter().filter(|file| file.unreached).map(|file| file.path.as_str()).collect();
    let left_out = |path: &str| suite_files.contains(path) || deleted.contains(path) || unreached.contains(path);
    let paths: Vec<String> = before.base.tests.iter().filter(|path| !left_out(path)).cloned().collect();
    let (tests, not_run) =
        sort_results(run_each_file(&session.with_seed(before.base.seed()), tested, &suite.files, &paths).await);
    let code = suite.files.iter().filter(|file| before.base.has_code(&file.path));
    run.build_errors.extend(
        code.map(|file| format!("{}: this file of the repository is no test; only the code may change it", file.path)),
    );
    let changed = Changed { tests: &tests, not_run: &not_run, suite: &run.tests, suite_files, deleted };
    let Comparison { tests: compared, dropped } = compare_with_baseline(baseline, &changed);
    run.repository = RepositoryTests { baseline: Some(before.known.digest.clone()), ..compared };
    for mut gone in dropped {
        if let Some(named) = suite.dropped.iter().find(|named| without_dots(&named.test) == gone.test) {
            gone.reason.clone_from(&named.reason);
        }
        run.dropped.push(gone);
    }
    let passed = |test: TestCase| (test.outcome == Outcome::Passed).then_some(test.name);
    tests.into_iter().filter_map(passed).collect()
}
