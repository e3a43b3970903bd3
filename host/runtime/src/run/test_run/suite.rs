//! The parts of code and test suites that test runs use.

use phasegate_process::DroppedTest;
use phasegate_process::testing::File;
use serde::Deserialize;

use crate::run::test_run::tested::TestedCode;

/// An artifact of kind `generated_code`; its files have more fields than are read here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Code {
    pub(crate) files: Vec<File>,
    pub(crate) language: String,
    /// Files of the base that the code removes.
    #[serde(default)]
    pub(crate) deleted: Vec<String>,
}

impl Code {
    /// Returns what tests run on.
    pub(crate) fn tested(&self) -> TestedCode {
        TestedCode { files: self.files.clone(), deleted: self.deleted.clone() }
    }
}

/// An artifact of kind `test_suite`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TestSuite {
    pub(crate) files: Vec<File>,
    #[serde(default)]
    pub(crate) covers: Vec<Covers>,
    #[serde(default)]
    pub(crate) dropped: Vec<DroppedTest>,
}

/// The tests that cover a requirement.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Covers {
    pub(crate) requirement: String,
    pub(crate) tests: Vec<String>,
}
