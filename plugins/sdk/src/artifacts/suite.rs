//! The test suite and the host's test report.

use serde::{Deserialize, Serialize};

use super::findings::{Check, Issue, Suggestion};

/// The test suite of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestSuite {
    /// All test files, complete.
    pub files: Vec<SourceFile>,
    /// The tests of each requirement.
    pub covers: Vec<Coverage>,
    /// Tests of earlier attempts that were dropped, with reasons.
    pub dropped: Vec<Dropped>,
}

/// One file of the suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative path with `/` separators.
    pub path: String,
    /// The complete text.
    pub content: String,
}

/// The tests of one requirement or semantic unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Id, for example `R1` or `SU-001`.
    pub requirement: String,
    /// Full test names, for example `tests/test_x.py::test_y`.
    pub tests: Vec<String>,
}

/// A test of an earlier attempt that was dropped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Full name of the test.
    pub test: String,
    /// Reason, at least 10 characters.
    pub reason: String,
}

/// The host's report of its run of the suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// Id of the task.
    pub task_id: String,
    /// Name of the gate.
    pub gate: String,
    /// Attempt of the gate, from 1.
    pub attempt: u32,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged`.
    pub verdict: String,
    /// Reason of the verdict.
    pub reason: String,
    /// Digest of the code that was tested.
    pub code: String,
    /// Result of the build.
    pub build: Build,
    /// Result of every test.
    pub tests: Vec<TestResult>,
    /// Number of tests by outcome.
    pub totals: TestTotals,
    /// Tests of earlier attempts that were dropped, with reasons.
    pub dropped: Vec<Dropped>,
    /// Defects that the test agent found.
    pub defects: Vec<Issue>,
    /// Advice of the test agent.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// Checklist answers of the test agent.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Names of the reviewers.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Digests of the artifacts that were judged.
    #[serde(default)]
    pub about: Vec<String>,
}

/// Result of the build.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Whether code and tests built.
    pub ok: bool,
    /// Build errors as `path:line: message`.
    pub errors: Vec<String>,
}

/// Result of one test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Full name of the test.
    pub name: String,
    /// `passed`, `failed`, `errored` or `skipped`.
    pub outcome: String,
    /// Failure message or reason of a skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Captured output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Number of tests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTotals {
    /// Number of passed tests.
    pub passed: u64,
    /// Number of failed tests.
    pub failed: u64,
    /// Number of tests that could not run to their end.
    pub errored: u64,
    /// Number of skipped tests.
    pub skipped: u64,
    /// Number of tests that failed as their suite expects.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub xfailed: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
