//! The list of files in an output folder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::output::{NotWritten, OutputError};

/// Files written by [`super::write_out`]. Paths are relative to `dir`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenFiles {
    /// The output folder, as the caller named it.
    pub dir: PathBuf,
    /// Generated files.
    pub files: Vec<String>,
    /// Files of the current test suite.
    pub tests: Vec<String>,
    /// Settings with which pytest runs the tests in this folder.
    pub settings: Vec<String>,
    /// Files of the base that the generated code removes. They are not in the folder.
    pub deleted: Vec<String>,
    /// Artifacts in JSON.
    pub artifacts: Vec<String>,
    /// The result in JSON, usually `result.json`.
    pub result: String,
    /// The report in Markdown, usually `report.md`.
    pub report: String,
    /// The patch against the base files; `None` without base files or changes.
    pub patch: Option<String>,
    /// Files that the system refused to write. No other list has them.
    pub not_written: Vec<NotWritten>,
}

impl WrittenFiles {
    /// Returns the error that names the files that were not written; `None` if all were.
    pub fn incomplete(&self) -> Option<OutputError> {
        let dir = self.dir.display().to_string();
        (!self.not_written.is_empty()).then(|| OutputError::Incomplete { dir, files: self.not_written.clone() })
    }

    /// Returns every file of the folder, relative to it.
    pub(super) fn paths(&self) -> BTreeSet<&str> {
        let lists = [&self.files, &self.tests, &self.settings, &self.artifacts];
        let hosts = [Some(&self.result), Some(&self.report), self.patch.as_ref()];
        let refused: BTreeSet<&str> = self.not_written.iter().map(|file| file.path.as_str()).collect();
        let all = lists.into_iter().flatten().chain(hosts.into_iter().flatten());
        all.map(String::as_str).filter(|path| !refused.contains(path)).collect()
    }

    /// Moves files from their list to [`WrittenFiles::not_written`].
    pub(super) fn add_not_written(&mut self, refused: Vec<NotWritten>) {
        let is_refused = |path: &String| refused.iter().any(|file| file.path == *path);
        for list in [&mut self.files, &mut self.tests, &mut self.settings, &mut self.artifacts] {
            list.retain(|path| !is_refused(path));
        }
        self.patch = self.patch.take().filter(|path| !is_refused(path));
        self.not_written.extend(refused);
    }
}
