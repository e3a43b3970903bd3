//! Test runs as a runner reports them. Mirrors `test-run` of `wit/types.wit`. [`crate::gate`] judges them.

use serde::{Deserialize, Serialize};

/// A file of code or tests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct File {
    /// The relative path, separated by `/`, without `..`.
    pub path: String,
    /// The file's text.
    pub content: String,
}

/// The result of one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The test passed.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// The test did not run to its end.
    Errored,
    /// The test did not run.
    Skipped,
}

impl Outcome {
    /// Returns `passed`, `failed`, `errored` or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Skipped => "skipped",
        }
    }
}

/// One test of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCase {
    /// `file::class::test` or `file::test`, with `[parameters]` where there are any.
    pub name: String,
    /// The result.
    pub outcome: Outcome,
    /// The reason, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The output that it printed.
    pub output: String,
}

/// The words with which the message of a test begins that failed as its suite expects. Its outcome is
/// [`Outcome::Skipped`].
pub const XFAILED: &str = "xfailed: ";

impl TestCase {
    /// Returns whether the test failed as its suite expects.
    pub fn is_expected_failure(&self) -> bool {
        self.outcome == Outcome::Skipped && self.message.as_ref().is_some_and(|why| why.starts_with(XFAILED))
    }

    /// Returns the path of the test's file.
    pub fn file(&self) -> &str {
        self.name.split_once("::").map_or(&self.name, |(file, _)| file)
    }

    /// Returns the name without parameters.
    pub fn function(&self) -> &str {
        without_parameters(&self.name)
    }

    /// Returns whether this is the result of a whole file.
    pub fn is_file(&self) -> bool {
        !self.name.contains("::")
    }

    /// Returns whether the test failed or errored.
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failed | Outcome::Errored)
    }
}

/// Returns a test name without its parameters. A bracket in the path of the file does not start them.
pub fn without_parameters(test: &str) -> &str {
    let Some(after_file) = test.find("::") else { return test };
    let bracket = test.get(after_file..).and_then(|rest| rest.find('['));
    bracket.and_then(|place| test.get(..after_file + place)).unwrap_or(test)
}

/// The number of tests of each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tests that passed.
    pub passed: usize,
    /// Tests with an assertion that did not hold.
    pub failed: usize,
    /// Tests that did not run to their end.
    pub errored: usize,
    /// Tests that did not run, without those of `xfailed`.
    pub skipped: usize,
    /// Tests that failed as their suite expects.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub xfailed: usize,
}

impl Totals {
    /// Counts tests.
    pub fn of(tests: &[TestCase]) -> Self {
        let mut totals = Self::default();
        for test in tests {
            let count = match test.outcome {
                Outcome::Passed => &mut totals.passed,
                Outcome::Failed => &mut totals.failed,
                Outcome::Errored => &mut totals.errored,
                Outcome::Skipped if test.is_expected_failure() => &mut totals.xfailed,
                Outcome::Skipped => &mut totals.skipped,
            };
            *count += 1;
        }
        totals
    }

    /// Returns the number of all tests.
    pub fn all(&self) -> usize {
        self.passed + self.failed + self.errored + self.skipped + self.xfailed
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Returns the number of files that these tests are in.
pub fn count_files(tests: &[TestCase]) -> usize {
    tests.iter().map(TestCase::file).collect::<std::collections::HashSet<_>>().len()
}

/// The report of a runner on one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// Errors because of which some or all tests could not run.
    pub build_errors: Vec<String>,
    /// The tests that have a result.
    pub tests: Vec<TestCase>,
}

/// A test file in which one test must fail: a check that the judge of a runner was not deceived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The name of that test, without parameters.
    pub test: String,
    /// The changed content of the test file.
    pub content: String,
}

/// The code for a trial run of tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An input artifact of kind `generated_code`, by name.
    Input(String),
    /// Files that are not an artifact.
    Draft(Vec<File>),
}

/// The reason why a trial run of tests has no result. Mirrors the contract, and is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "message")]
pub enum BenchError {
    /// No runner serves this language, or the plugin lacks the grant.
    #[error("no runner: {0}")]
    NoRunner(String),
    /// The run exceeded its time, memory or output.
    #[error("test run stopped: {0}")]
    Limit(String),
    /// The code or the tests are invalid.
    #[error("tests cannot be run: {0}")]
    Invalid(String),
    /// Any other failure.
    #[error("test run failed: {0}")]
    Other(String),
}
