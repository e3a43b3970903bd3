//! The list of files in an out folder.

use std::path::PathBuf;

/// What was written, relative to the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenFiles {
    /// The folder.
    pub dir: PathBuf,
    /// The generated files.
    pub files: Vec<String>,
    /// The artifacts.
    pub artifacts: Vec<String>,
    /// The result, for programs.
    pub result: String,
    /// The report, for people.
    pub report: String,
    /// The patch against the base files, where there are any and something changed.
    pub patch: Option<String>,
}
