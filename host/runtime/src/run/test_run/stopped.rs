//! The results of a test file whose run was stopped: by a limit, or because the interpreter crashed. Pure.
//!
//! What passed before is kept. At least one test has errored with the reason, so a file that was stopped never passes, whatever
//! the code under test wrote to its output.

use phasegate_process::testing::TestRun;
use phasegate_sandbox::TestsSoFar;

use crate::run::test_run::names::Wanted;
use crate::run::test_run::report::{add_unreported_with, all_errored, check_reports, errored};

/// Returns the results of the file at `path`. `why` is the reason of the stop; tests that were not reached have errored as well.
pub(crate) fn results_before_stop(so_far: TestsSoFar, wanted: &[String], path: &str, why: &str) -> TestRun {
    let TestsSoFar { reported, running, .. } = so_far;
    if reported.is_empty() && running.is_none() {
        return TestRun { build_errors: Vec::new(), tests: all_errored(wanted, why) };
    }
    let mut tests = reported;
    let known = running.as_ref().is_some_and(|running| Wanted::new(wanted).has(running));
    tests.extend(running.map(|running| errored(&running, why.to_owned())));
    if !known {
        // Between two tests, after the last one, or in a test that may not count.
        tests.push(errored(path, why.to_owned()));
    }
    let run = check_reports(TestRun { build_errors: Vec::new(), tests }, path);
    add_unreported_with(run, wanted, |_| format!("did not run: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phasegate_process::testing::{Outcome, TestCase};

    fn ended(reported: &[&str], running: Option<&str>) -> Vec<(String, String)> {
        let case = |name: &&str| TestCase {
            name: (*name).to_owned(),
            outcome: Outcome::Passed,
            message: None,
            output: String::new(),
        };
        let mut so_far = TestsSoFar::default();
        so_far.reported = reported.iter().map(case).collect();
        so_far.running = running.map(str::to_owned);
        let wanted = ["t.py::a", "t.py::b", "t.py::c"].map(str::to_owned);
        let run = results_before_stop(so_far, &wanted, "t.py", "too slow");
        let words = |test: TestCase| (test.name, test.message.unwrap_or_else(|| test.outcome.as_str().to_owned()));
        run.tests.into_iter().map(words).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect()
    }

    #[test]
    fn keeps_what_passed_before() {
        let expected = [("t.py::a", "passed"), ("t.py::b[2]", "too slow"), ("t.py::c", "did not run: too slow")];
        assert_eq!(ended(&["t.py::a"], Some("t.py::b[2]")), pairs(&expected));
    }

    #[test]
    fn stops_before_the_first_test_fail_all() {
        let expected = [("t.py::a", "too slow"), ("t.py::b", "too slow"), ("t.py::c", "too slow")];
        assert_eq!(ended(&[], None), pairs(&expected));
    }

    #[test]
    fn stopped_files_never_pass() {
        let all = ["t.py::a", "t.py::b", "t.py::c"];
        let passed = [("t.py::a", "passed"), ("t.py::b", "passed"), ("t.py::c", "passed")];
        assert_eq!(ended(&all, None), [pairs(&passed), pairs(&[("t.py", "too slow")])].concat());
        let other = [("t.py::other", "too slow"), ("t.py", "too slow")];
        assert_eq!(ended(&all, Some("t.py::other")), [pairs(&passed), pairs(&other)].concat());
        assert!(ended(&all, Some("t.py::b")).contains(&("t.py::b".to_owned(), "too slow".to_owned())));
    }
}
