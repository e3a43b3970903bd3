//! Subjects of earlier commits.

use gix::bstr::ByteSlice;
use gix::objs::{CommitRef, Kind};
use phasegate_process::repository::GitId;

use crate::error::RepositoryError;
use crate::objects::{MAX_NODE_BYTES, cause, corrupt};
use crate::repository::{Repository, object_id};

impl Repository {
    /// Returns the subjects of at most `count` commits, the newest first: this one and its first parents. Stops early where a
    /// shallow or partial clone does.
    pub fn subjects(&self, commit: &GitId, count: usize) -> Result<Vec<String>, RepositoryError> {
        let objects = self.objects();
        let (mut next, mut subjects) = (Some(object_id(commit)?), Vec::new());
        while let Some(id) = next.filter(|_| subjects.len() < count) {
            let what = || "a commit of the history".to_owned();
            if !objects.repo().has_object(id) {
                break;
            }
            let data = objects.read(id, Kind::Commit, MAX_NODE_BYTES, &what)?;
            let commit = CommitRef::from_bytes(&data, objects.repo().object_hash())
                .map_err(|why| corrupt(id, what(), cause(&why)))?;
            let subject = commit.message().summary();
            subjects.push(subject.to_str_lossy().chars().filter(|char| !char.is_control()).collect());
            next = commit.parents().next();
        }
        Ok(subjects)
    }
}
