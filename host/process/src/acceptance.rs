//! Acceptance tests: tests of the task's author that no agent sees. The host runs them on the delivered code of a run that passed.
//!
//! Guarantees: the result says nothing about the gates, and no gate depends on it. Pure; cannot fail.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::testing::{TestCase, Totals};

/// The acceptance tests that a run pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceTests {
    /// The files, sorted by path: tests, and what they read.
    pub files: Vec<AcceptanceFile>,
    /// Globs of the paths in the run's repository that agents neither read nor change.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub hidden: Vec<String>,
}

/// A file of the acceptance tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceFile {
    /// Where it lies when the tests run: relative to the delivered files, separated by `/`.
    pub path: String,
    /// Its text, a blob.
    pub content: Digest,
}

/// Whether the delivered code is accepted. In JSON the keys `acceptance` and, with a reason, `acceptance_reason`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "acceptance", rename_all = "snake_case")]
pub enum Acceptance {
    /// The task has no acceptance tests, or the run has not come to them.
    #[default]
    NotTested,
    /// Every acceptance test passed, or failed as it expects itself.
    Accepted,
    /// An acceptance test did not pass.
    NotAccepted {
        /// How many, in words.
        #[serde(rename = "acceptance_reason")]
        reason: String,
    },
    /// The tests could not be run, whatever the code does.
    NotRun {
        /// Why.
        #[serde(rename = "acceptance_reason")]
        reason: String,
    },
}

impl Acceptance {
    /// Returns the word used in JSON and in tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotTested => "not_tested",
            Self::Accepted => "accepted",
            Self::NotAccepted { .. } => "not_accepted",
            Self::NotRun { .. } => "not_run",
        }
    }

    /// Returns the reason; `None` where none is needed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotTested | Self::Accepted => None,
            Self::NotAccepted { reason } | Self::NotRun { reason } => Some(reason),
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_not_tested(&self) -> bool {
        *self == Self::NotTested
    }

    /// Describes the result as a part of a sentence about a run that passed; `None` where nothing was tested. Stored text.
    pub fn describe(&self) -> Option<String> {
        match self {
            Self::NotTested => None,
            Self::Accepted => Some("accepted: all acceptance tests passed".to_owned()),
            Self::NotAccepted { reason } => Some(format!("not accepted: {reason}")),
            Self::NotRun { reason } => Some(format!("the acceptance tests did not run: {reason}")),
        }
    }
}

/// A run of acceptance tests, as the journal holds it in a blob.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceRun {
    /// The delivered code; `None` where the run made none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Digest>,
    /// Why no test could be run, where that is so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_run: Option<String>,
    /// Errors that prevented code or tests from being loaded.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub build_errors: Vec<String>,
    /// The result of each test.
    pub tests: Vec<TestCase>,
}

impl AcceptanceRun {
    /// Returns a run that could not be made, for this reason.
    pub fn not_run(code: Option<Digest>, why: impl Into<String>) -> Self {
        Self { code, not_run: Some(why.into()), ..Self::default() }
    }

    /// Judges the run. `own` are the paths of the acceptance tests: an error in one of them is not the code's.
    pub fn judge(&self, own: &[AcceptanceFile]) -> Acceptance {
        if let Some(reason) = &self.not_run {
            return Acceptance::NotRun { reason: reason.clone() };
        }
        let is_own = |error: &&String| own.iter().any(|file| is_about(error, &file.path));
        if let Some(error) = self.build_errors.iter().find(is_own) {
            return Acceptance::NotRun { reason: error.clone() };
        }
        if let Some(error) = self.build_errors.first() {
            return Acceptance::NotAccepted { reason: format!("the build failed: {error}") };
        }
        let totals = Totals::of(&self.tests);
        let failed = totals.failed + totals.errored;
        let all = totals.all();
        match (all, failed, totals.skipped) {
            (0, ..) => Acceptance::NotRun { reason: "no test was found in the acceptance tests".to_owned() },
            (_, 0, 0) => Acceptance::Accepted,
            (_, failed, 0) => Acceptance::NotAccepted { reason: format!("{failed} of {all} acceptance tests failed") },
            (_, 0, skipped) => {
                Acceptance::NotAccepted { reason: format!("{skipped} of {all} acceptance tests were skipped") }
            }
            (_, failed, skipped) => Acceptance::NotAccepted {
                reason: format!("{failed} of {all} acceptance tests failed, {skipped} skipped"),
            },
        }
    }
}

/// Whether a build error, `PATH:LINE: …`, is about this file.
fn is_about(error: &str, path: &str) -> bool {
    error.strip_prefix(path).is_some_and(|rest| rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::Outcome;

    fn judged(outcomes: &[Outcome], build_errors: &[&str]) -> Acceptance {
        let case = |(number, outcome): (usize, &Outcome)| TestCase {
            name: format!("tests/acceptance/test_a.py::test_{number}"),
            outcome: *outcome,
            message: None,
            output: String::new(),
        };
        let run = AcceptanceRun {
            tests: outcomes.iter().enumerate().map(case).collect(),
            build_errors: build_errors.iter().map(|error| (*error).to_owned()).collect(),
            ..AcceptanceRun::default()
        };
        let path = "tests/acceptance/test_a.py".to_owned();
        run.judge(&[AcceptanceFile { path, content: Digest::from_content(b"") }])
    }

    #[test]
    fn every_test_has_to_pass() {
        use Outcome::{Errored, Failed, Passed, Skipped};
        assert_eq!(judged(&[Passed, Passed], &[]), Acceptance::Accepted);
        let reason = |outcomes: &[Outcome], errors: &[&str]| judged(outcomes, errors).reason().unwrap().to_owned();
        assert_eq!(reason(&[Passed, Failed, Errored], &[]), "2 of 3 acceptance tests failed");
        assert_eq!(reason(&[Passed, Skipped], &[]), "1 of 2 acceptance tests were skipped");
        assert_eq!(reason(&[Failed, Skipped], &[]), "1 of 2 acceptance tests failed, 1 skipped");
        assert_eq!(reason(&[], &["a.py:1: invalid syntax"]), "the build failed: a.py:1: invalid syntax");
    }

    #[test]
    fn faulty_tests_say_nothing_about_the_code() {
        let faulty = judged(&[], &["tests/acceptance/test_a.py:3: invalid syntax"]);
        let reason = "tests/acceptance/test_a.py:3: invalid syntax".to_owned();
        assert_eq!(faulty, Acceptance::NotRun { reason });
        assert_eq!(judged(&[], &[]).as_str(), "not_run");
    }

    #[test]
    fn results_are_flat_in_json() {
        let results = [
            (Acceptance::NotTested, r#"{"acceptance":"not_tested"}"#),
            (Acceptance::Accepted, r#"{"acceptance":"accepted"}"#),
            (
                Acceptance::NotAccepted { reason: "1 of 2".to_owned() },
                r#"{"acceptance":"not_accepted","acceptance_reason":"1 of 2"}"#,
            ),
        ];
        for (result, text) in results {
            assert_eq!(serde_json::to_string(&result).unwrap(), text);
            assert_eq!(serde_json::from_str::<Acceptance>(text).unwrap(), result);
        }
    }
}
