//! The test suite and the host's report on it.

use serde::{Deserialize, Serialize};

use super::{Check, Issue, Suggestion};

/// Tests of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestSuite {
    /// Every one.
    pub files: Vec<SourceFile>,
    /// Which tests show which requirement.
    pub covers: Vec<Coverage>,
    /// Earlier tests given up.
    pub dropped: Vec<Dropped>,
}

/// A path and its text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative, `/`-separated.
    pub path: String,
    /// All of it.
    pub content: String,
}

/// Which tests show a requirement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// `R1` or `SU-001`.
    pub requirement: String,
    /// `tests/test_x.py::test_y`.
    pub tests: Vec<String>,
}

/// An earlier test given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Its full name.
    pub test: String,
    /// Why; at least ten characters.
    pub reason: String,
}

/// What happened when the host ran the suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The task.
    pub task_id: String,
    /// The gate.
    pub gate: String,
    /// From 1.
    pub attempt: u32,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// Digest of the code that was tested.
    pub code: String,
    /// Did it build?
    pub build: Build,
    /// Each with its outcome.
    pub tests: Vec<TestResult>,
    /// Counts by outcome.
    pub totals: TestTotals,
    /// Earlier tests given up.
    pub dropped: Vec<Dropped>,
    /// What is wrong.
    pub defects: Vec<Issue>,
    /// Advice.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// The checklist.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Who looked.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Digests of what was judged.
    #[serde(default)]
    pub about: Vec<String>,
}

/// Did it build?
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// It did.
    pub ok: bool,
    /// Why not.
    pub errors: Vec<String>,
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `errored` or `skipped`.
    pub outcome: String,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Counts by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTotals {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Errored.
    pub errored: u64,
    /// Skipped.
    pub skipped: u64,
}
