//! What a test runner says while it runs tests: which test it has started, and how the others ended. It says so in lines of
//! its standard output, `phasegate-progress {"started": NAME}` and
//! `phasegate-progress {"reported": {"name": NAME, "outcome": "passed", "message": TEXT}}`.
//!
//! The lines are taken out of the log. They only count where a call is stopped before it returns its result: the code under
//! test can write such lines as well.

use std::fmt;
use std::sync::{Arc, Mutex};

use phasegate_process::sync::lock;
use phasegate_process::testing::{Outcome, TestCase};
use serde::Deserialize;

/// The most bytes of results that are kept of one call.
const MAX_BYTES: usize = 16 << 20;

const PREFIX: &str = "phasegate-progress ";

/// The progress of one test run. Clones share it.
#[derive(Clone, Default)]
pub struct TestProgress(Arc<Mutex<TestsSoFar>>);

/// The tests of a run that was stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestsSoFar {
    /// The results of tests that had ended, without their output.
    pub reported: Vec<TestCase>,
    /// The test that had started and not ended, with its parameters.
    pub running: Option<String>,
    bytes: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Started(String),
    Reported(Reported),
}

#[derive(Deserialize)]
struct Reported {
    name: String,
    outcome: Outcome,
    message: Option<String>,
}

impl TestProgress {
    /// Returns the tests so far.
    pub fn tests(&self) -> TestsSoFar {
        lock(&self.0).clone()
    }

    /// Notes a line of progress. Returns whether the line is one.
    pub(crate) fn take_line(&self, line: &str) -> bool {
        let Some(json) = line.strip_prefix(PREFIX) else { return false };
        let mut tests = lock(&self.0);
        if tests.bytes > MAX_BYTES {
            return true;
        }
        let Ok(line) = serde_json::from_str(json) else { return false };
        tests.bytes += json.len();
        match line {
            Line::Started(name) => tests.running = Some(name),
            Line::Reported(Reported { name, outcome, message }) => {
                tests.running.take_if(|running| *running == name);
                tests.reported.push(TestCase { name, outcome, message, output: String::new() });
            }
        }
        true
    }
}

impl fmt::Debug for TestProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tests = lock(&self.0);
        write!(f, "TestProgress({} reported, running {:?})", tests.reported.len(), tests.running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &[&str]) -> TestsSoFar {
        let progress = TestProgress::default();
        for line in lines {
            assert!(progress.take_line(&format!("phasegate-progress {line}")), "{line}");
        }
        progress.tests()
    }

    #[test]
    fn keeps_results_and_the_running_test() {
        let tests = after(&[
            r#"{"started": "t.py::a[1]"}"#,
            r#"{"reported": {"name": "t.py::a[1]", "outcome": "failed", "message": "assert 1 == 2"}}"#,
            r#"{"started": "t.py::a[2]"}"#,
        ]);
        let reported: Vec<_> =
            tests.reported.iter().map(|test| (test.name.as_str(), test.outcome, test.message.as_deref())).collect();
        assert_eq!(reported, [("t.py::a[1]", Outcome::Failed, Some("assert 1 == 2"))]);
        assert_eq!(tests.running.as_deref(), Some("t.py::a[2]"));
    }

    #[test]
    fn ended_tests_are_not_running() {
        let ended = r#"{"reported": {"name": "t.py::a", "outcome": "passed"}}"#;
        assert_eq!(after(&[r#"{"started": "t.py::a"}"#, ended]).running, None);
    }

    #[test]
    fn other_lines_belong_to_the_log() {
        let progress = TestProgress::default();
        for line in ["phasegate-progress", "phasegate-progress {}", "phasegate-progress [1", " phasegate-progress {}"] {
            assert!(!progress.take_line(line), "{line}");
        }
        assert_eq!(progress.tests(), TestsSoFar::default());
    }

    #[test]
    fn bounds_what_it_keeps() {
        let progress = TestProgress::default();
        let name = "n".repeat(8_000);
        let line = format!(r#"phasegate-progress {{"reported": {{"name": "{name}", "outcome": "passed"}}}}"#);
        for _ in 0..4_000 {
            assert!(progress.take_line(&line));
        }
        let kept = progress.tests().reported.len();
        assert!((2_000..2_200).contains(&kept), "{kept}");
    }
}
