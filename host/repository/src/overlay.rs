//! Files that are in no commit, beside those of a tree.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::{Kind, compute_hash};

use crate::error::RepositoryError;
use crate::objects::{cause, corrupt};
use crate::repository::Repository;
use crate::tree::{FileMode, TreeFile, TreeFiles};

/// The new content of a file and whether it may be executed; `None` for a file that is gone.
pub type FileChange = Option<(Vec<u8>, bool)>;

impl Repository {
    /// Returns the files with changes to some of them. The new contents are kept in memory and are read like those of the
    /// tree; nothing is written.
    pub fn with_changes(
        &mut self,
        files: &TreeFiles,
        changes: Vec<(String, FileChange)>,
    ) -> Result<TreeFiles, RepositoryError> {
        let mut changed: BTreeMap<String, TreeFile> =
            files.files().iter().map(|file| (file.path.clone(), file.clone())).collect();
        let mut contents = HashMap::clone(&self.overlay);
        let hash = self.objects().repo().object_hash();
        for (path, change) in changes {
            let Some((bytes, is_executable)) = change else {
                changed.remove(&path);
                continue;
            };
            let id = compute_hash(hash, Kind::Blob, &bytes)
                .map_err(|why| corrupt(ObjectId::null(hash), format!("the file `{path}`"), cause(&why)))?;
            let mode = if is_executable { FileMode::Executable } else { FileMode::File };
            changed.insert(path.clone(), TreeFile { path, mode, size: bytes.len() as u64, id });
            contents.insert(id, bytes);
        }
        self.overlay = Arc::new(contents);
        Ok(files.with_files(changed.into_values().collect()))
    }
}
