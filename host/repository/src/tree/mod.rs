//! The files of a commit's tree.
//!
//! Guarantees: the list is sorted by path and complete except for the entries that it names as skipped; each tree was checked
//! against its id. A path of the list is relative, in UTF-8, and has no segment that a system could take for `..` or `.git`.

mod file;
mod list;
mod path;

use phasegate_process::repository::GitId;

use crate::error::RepositoryError;
use crate::repository::{Repository, object_id};

pub use self::file::{FileMode, SkippedFile, TreeFile, TreeFiles};
pub(crate) use self::list::{Entry, entries};
pub use self::path::{check_new_path, path_fault};

impl Repository {
    /// Lists the files of a tree, with the size of each. Takes a moment for tens of thousands of files; uses several threads.
    pub fn files(&self, tree: &GitId) -> Result<TreeFiles, RepositoryError> {
        let (mut files, mut skipped) = list::list(&self.objects(), object_id(tree)?)?;
        list::add_sizes(self, &mut files)?;
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|second, first| {
            let is_double = second.path == first.path;
            if is_double {
                skipped.push(SkippedFile { path: second.path.clone(), why: "the tree has the path twice" });
            }
            is_double
        });
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(TreeFiles { files: files.into(), skipped: skipped.into() })
    }
}
