//! What is needed to read one working tree.

use std::collections::BTreeSet;

use phasegate_files::Folder;

use super::clean::Cleaner;
use super::found::Found;
use crate::files::FileReader;
use crate::repository::Repository;
use crate::tree::TreeFiles;

/// What is needed to read one working tree.
pub(super) struct Working<'a> {
    pub(super) repository: &'a Repository,
    pub(super) folder: Folder,
    pub(super) files: &'a TreeFiles,
    pub(super) reader: FileReader,
    pub(super) cleaner: Cleaner,
    pub(super) found: Found,
}

impl Working<'_> {
    /// Adds the deletion of files that are neither tracked nor untracked in the working tree.
    pub(super) fn add_removed(&mut self, tracked: &BTreeSet<String>, kept: &BTreeSet<String>) {
        for file in self.files.files() {
            let path = &file.path;
            if file.is_regular() && !tracked.contains(path) && !kept.contains(path) {
                self.found.delete(path);
            }
        }
    }
}
