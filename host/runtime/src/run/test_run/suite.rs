//! Code and test suites, as their kinds' schemas have them.

use phasegate_process::DroppedTest;
use phasegate_process::testing::File;
use serde::Deserialize;

/// Code, as far as running it goes. `files` hold more than the fields read here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Code {
    pub(crate) files: Vec<File>,
    pub(crate) language: String,
}

/// A test suite, as its kind's schema has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TestSuite {
    pub(crate) files: Vec<File>,
    #[serde(default)]
    pub(crate) covers: Vec<Covers>,
    #[serde(default)]
    pub(crate) dropped: Vec<DroppedTest>,
}

/// What a test is for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Covers {
    pub(crate) requirement: String,
    pub(crate) tests: Vec<String>,
}
