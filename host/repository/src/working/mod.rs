//! Uncommitted changes: what `git status` shows, read without git.
//!
//! Guarantees: nothing is executed, so files that a filter converts are left out unless they are unchanged; no symbolic link is
//! followed; index and working tree are only read. Files that git ignores are left out, as are other repositories inside.

mod attributes;
mod clean;
mod found;
mod ignored;
mod patterns;
mod state;
mod tracked;
mod untracked;

use gix::bstr::ByteSlice;
use phasegate_files::Folder;

use crate::branch::Change;
use crate::error::RepositoryError;
use crate::inside::check_file;
use crate::objects::cause;
use crate::repository::{Base, Repository};
use crate::tree::{SkippedFile, TreeFiles};

use self::attributes::Attributes;
use self::clean::Cleaner;
use self::found::{Found, refused};
use self::ignored::Ignores;
use self::state::Working;

/// The limit of a shared index, in bytes.
const MAX_INDEX_BYTES: u64 = 512 << 20;

/// The uncommitted changes of a working tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// The changes to the commit's files, sorted by path. Contents are bytes or deleted, never text.
    pub changes: Vec<Change>,
    /// Changes that are not included, sorted by path.
    pub left_out: Vec<SkippedFile>,
}

impl Repository {
    /// Returns the changes of the working tree to the commit at `HEAD`, staged or not, and the untracked files. `base` must be
    /// that commit. `files` are those of its tree.
    pub fn uncommitted(&self, base: &Base, files: &TreeFiles) -> Result<Uncommitted, RepositoryError> {
        self.check_working_tree(base)?;
        let top = &self.layout.top;
        let io = |why| RepositoryError::Io { path: top.clone(), action: "read", why };
        let (folder, common) = (Folder::open(top).map_err(io)?, Folder::open(&self.layout.common_dir).map_err(io)?);
        let index = self.index()?;
        let ignores = Ignores::new(top, &common, &self.config)?;
        let attributes = Attributes::new(top, &common);
        let cleaner = Cleaner::new(attributes, self.objects().repo().object_hash(), &self.config);
        let reader = self.reader();
        let mut working = Working { repository: self, folder, files, reader, cleaner, found: Found::default() };
        let tracked = working.add_tracked(&index)?;
        let kept = working.add_untracked(&ignores, &tracked)?;
        working.add_removed(&tracked, &kept);
        let Found { changes, left_out, .. } = working.found;
        let left_out = left_out.into_iter().map(|(path, why)| SkippedFile { path, why }).collect();
        Ok(Uncommitted { changes: changes.into_values().collect(), left_out })
    }

    fn check_working_tree(&self, base: &Base) -> Result<(), RepositoryError> {
        if self.is_bare() {
            return Err(refused("the repository has no working tree", "commit them in a working tree, and name that"));
        }
        let unusable = |why| RepositoryError::Unusable { path: self.layout.top.clone(), why, hint: None };
        let own = crate::config::GitConfig::read(&self.layout.git_dir.join("config.worktree")).map_err(unusable)?;
        let elsewhere = [&self.config, &own].into_iter().any(|config| {
            let tree = config.text("core.worktree").map(|tree| self.layout.git_dir.join(tree));
            tree.is_some_and(|tree| std::fs::canonicalize(tree).ok().as_ref() != Some(&self.layout.top))
        });
        if elsewhere {
            return Err(refused("the working tree is elsewhere (core.worktree)", "commit them first"));
        }
        match self.resolve(None)?.commit == base.commit {
            true => Ok(()),
            false => Err(refused("the base is not the commit that is checked out", "commit them, or omit --base")),
        }
    }

    fn index(&self) -> Result<gix::index::File, RepositoryError> {
        let io = |why| RepositoryError::Io { path: self.layout.git_dir.clone(), action: "read", why };
        for entry in std::fs::read_dir(&self.layout.git_dir).map_err(io)? {
            let entry = entry.map_err(io)?;
            if entry.file_name().to_string_lossy().starts_with("sharedindex.") {
                check_file(&self.layout, &entry.path(), MAX_INDEX_BYTES)?;
            }
        }
        let (path, hash) = (self.layout.git_dir.join("index"), self.objects().repo().object_hash());
        let index = gix::index::File::at_or_default(path, hash, false, gix::index::decode::Options::default());
        let index = index.map_err(|why| RepositoryError::Unusable {
            path: self.layout.top.clone(),
            why: format!("its index cannot be read: {}", cause(&why)),
            hint: Some("run `git status` there; `git reset` makes the index again"),
        })?;
        let conflict = index.entries().iter().find(|entry| entry.stage() != gix::index::entry::Stage::Unconflicted);
        match conflict.map(|entry| entry.path(&index).to_str_lossy().into_owned()) {
            Some(path) => Err(refused(&format!("`{path}` has an unresolved conflict"), "resolve the conflict first")),
            None => Ok(index),
        }
    }
}
