//! Results of a repository's test files. Pure.

use phasegate_process::gate::NotRun;
use phasegate_process::testing::{Outcome, TestCase, TestRun};

use crate::run::test_run::execution::FileRan;
use crate::run::test_run::report::bound_size;

/// Returns the results of the tests without their output, and the files without results: those that do not load, have no test
/// or were skipped as a whole.
pub(crate) fn sort_results(files: Vec<FileRan>) -> (Vec<TestCase>, Vec<NotRun>) {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let (mut tests, mut not_run) = (Vec::new(), Vec::new());
    for file in files {
        match reason_not_run(&file) {
            Some(reason) => not_run.push(NotRun { path: file.path, reason, unreached: file.unreached }),
            None => tests.extend(file.run.tests.into_iter().map(without_output)),
        }
    }
    let TestRun { build_errors, tests } = bound_size(TestRun { build_errors: Vec::new(), tests }, &[]);
    if let Some(reason) = build_errors.into_iter().next() {
        let files = paths.into_iter().map(|path| NotRun { path, reason: reason.clone(), unreached: false });
        return (Vec::new(), files.collect());
    }
    (tests, not_run)
}

fn reason_not_run(file: &FileRan) -> Option<String> {
    if let Some(error) = file.run.build_errors.first() {
        return Some(error.clone());
    }
    let is_bare = file.run.tests.iter().all(TestCase::is_file);
    let message = || file.run.tests.first().and_then(|test| test.message.clone());
    is_bare.then(|| message().unwrap_or_else(|| "no test of this file reported".to_owned()))
}

fn without_output(test: TestCase) -> TestCase {
    let message = test.message.filter(|_| test.outcome != Outcome::Passed);
    TestCase { message, output: String::new(), ..test }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ran(path: &str, tests: &[(&str, Outcome)], error: Option<&str>) -> FileRan {
        let case = |(name, outcome): &(&str, Outcome)| TestCase {
            name: (*name).to_owned(),
            outcome: *outcome,
            message: Some("so".to_owned()),
            output: "printed".to_owned(),
        };
        let build_errors = error.map(str::to_owned).into_iter().collect();
        FileRan::new(path, TestRun { build_errors, tests: tests.iter().map(case).collect() })
    }

    #[test]
    fn files_that_do_not_load_have_a_reason() {
        use Outcome::{Errored, Failed, Passed, Skipped};
        let (tests, not_run) = sort_results(vec![
            ran("a.py", &[("a.py::x", Passed), ("a.py::y", Failed)], None),
            ran("b.py", &[("b.py::x", Errored)], Some("b.py:1: while importing: no module `requests`")),
            ran("c.py", &[("c.py", Skipped)], None),
            ran("d.py", &[], None),
        ]);
        let seen: Vec<_> =
            tests.iter().map(|test| (test.name.as_str(), test.message.as_deref(), test.output.as_str())).collect();
        assert_eq!(seen, [("a.py::x", None, ""), ("a.py::y", Some("so"), "")]);
        let reasons: Vec<_> = not_run.iter().map(|file| (file.path.as_str(), file.reason.as_str())).collect();
        let expected = [
            ("b.py", "b.py:1: while importing: no module `requests`"),
            ("c.py", "so"),
            ("d.py", "no test of this file reported"),
        ];
        assert_eq!(reasons, expected);
    }
}
