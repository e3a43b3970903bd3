//! Test runs as a runner reports them. Mirrors `test-run` of `wit/types.wit`; what a run means for a gate is in `gate`.

use serde::{Deserialize, Serialize};

/// A file of code or tests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct File {
    /// Relative, `/`-separated, no `..`.
    pub path: String,
    /// Its text.
    pub content: String,
}

/// How one test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It held.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// It could not be run to its end.
    Errored,
    /// It was not run.
    Skipped,
}

impl Outcome {
    /// `passed`, `failed`, `errored` or `skipped`.
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
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// What it printed.
    pub output: String,
}

/// What a runner says of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// Why nothing, or not everything, could be run.
    pub build_errors: Vec<String>,
    /// The tests that reported.
    pub tests: Vec<TestCase>,
}

/// The code that tests are tried on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An input artifact of kind `generated_code`, by name.
    Input(String),
    /// Files that are no artifact yet.
    Draft(Vec<File>),
}

/// Why tests were not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "message")]
pub enum BenchError {
    /// No runner serves this language, or the grant is missing.
    #[error("no runner: {0}")]
    NoRunner(String),
    /// Time, memory or output of the run is used up.
    #[error("test run stopped: {0}")]
    Limit(String),
    /// The code or the tests cannot be taken as they are.
    #[error("tests cannot be run: {0}")]
    Invalid(String),
    /// Anything else.
    #[error("test run failed: {0}")]
    Other(String),
}
