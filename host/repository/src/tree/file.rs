//! What a list of files holds.

use std::sync::Arc;

use gix::ObjectId;
use phasegate_process::repository::GitId;

use crate::error::RepositoryError;
use crate::repository::git_id;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileMode {
    /// A regular file.
    File,
    /// A regular file with the executable bit.
    Executable,
    /// A symbolic link; its content is the target.
    Symlink,
    /// The commit of another repository, which is not read.
    Submodule,
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the top of the repository, with `/`.
    pub path: String,
    /// What it is.
    pub mode: FileMode,
    /// Bytes of the content; 0 for a submodule.
    pub size: u64,
    pub(crate) id: ObjectId,
}

impl TreeFile {
    /// The id of the content: a blob, or the commit of a submodule.
    pub fn id(&self) -> Result<GitId, RepositoryError> {
        git_id(self.id)
    }

    /// Whether it is a regular file.
    pub fn is_regular(&self) -> bool {
        matches!(self.mode, FileMode::File | FileMode::Executable)
    }
}

/// An entry of a tree that is not in the list. A branch that is written keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// The path, with replacements for what is not UTF-8 or not printable.
    pub path: String,
    /// As `the path is not UTF-8`.
    pub why: &'static str,
}

/// The files of a tree. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TreeFiles {
    pub(super) files: Arc<[TreeFile]>,
    pub(super) skipped: Arc<[SkippedFile]>,
}

impl TreeFiles {
    /// All files, sorted by the bytes of their paths.
    pub fn files(&self) -> &[TreeFile] {
        &self.files
    }

    /// Entries that are not listed.
    pub fn skipped(&self) -> &[SkippedFile] {
        &self.skipped
    }

    /// Returns the files for which `keep` holds.
    pub fn filtered(&self, keep: impl Fn(&TreeFile) -> bool) -> Self {
        self.with_files(self.files.iter().filter(|file| keep(file)).cloned().collect())
    }

    /// Returns a list of these files, which are sorted, with the same skipped entries.
    pub(crate) fn with_files(&self, files: Vec<TreeFile>) -> Self {
        Self { files: files.into(), skipped: Arc::clone(&self.skipped) }
    }

    /// Returns the file of a path.
    pub fn get(&self, path: &str) -> Option<&TreeFile> {
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(place)
    }

    /// Returns the files below a folder, sorted. The empty text and `.` are the top; a `/` at the end does not matter.
    pub fn below(&self, folder: &str) -> &[TreeFile] {
        let folder = folder.trim_end_matches('/');
        let folder = folder.strip_prefix("./").unwrap_or(folder);
        if folder.is_empty() || folder == "." {
            return &self.files;
        }
        let prefix = format!("{folder}/");
        let start = self.files.partition_point(|file| file.path.as_str() < prefix.as_str());
        let below = self.files.get(start..).unwrap_or_default();
        let count = below.partition_point(|file| file.path.starts_with(&prefix));
        below.get(..count).unwrap_or_default()
    }
}
