//! The list of files in an output folder.

use std::path::PathBuf;

/// Files written by [`super::write_out`]. Paths are relative to `dir`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenFiles {
    /// The output folder, as the caller named it.
    pub dir: PathBuf,
    /// Generated files.
    pub files: Vec<String>,
    /// Artifacts in JSON.
    pub artifacts: Vec<String>,
    /// The result in JSON, usually `result.json`.
    pub result: String,
    /// The report in Markdown, usually `report.md`.
    pub report: String,
    /// The patch against the base files; `None` without base files or changes.
    pub patch: Option<String>,
}
