//! The branch of a run, written as objects and one reference.
//!
//! Guarantees: no working tree, index or `HEAD` is touched. Objects are on the disk before the reference is, and the reference
//! appears whole or not at all. Writing the same branch again changes nothing, so an interrupted write can be repeated; a
//! branch of that name with other content is never replaced.

mod change;
mod edit;
mod reference;
mod store;
mod text;

use gix::actor::Signature;
use gix::bstr::BString;
use gix::objs::{Commit, CommitRefIter, Kind, WriteTo};
use phasegate_process::repository::GitId;

use crate::author::parse_author;
use crate::error::RepositoryError;
use crate::inside::check_inside;
use crate::objects::{MAX_NODE_BYTES, cause, corrupt};
use crate::repository::{Repository, git_id, object_id};

pub use self::change::{Change, NewContent};
use self::store::Store;
pub use self::text::fit_text;

/// A branch that is to be written.
#[derive(Debug, Clone)]
pub struct NewBranch {
    /// The name without `refs/heads/`, as `phasegate/RUN`.
    pub name: String,
    /// The parent of the first commit.
    pub base: GitId,
    /// The commits, each the parent of the next; at least one.
    pub commits: Vec<NewCommit>,
}

/// A commit that is to be written.
#[derive(Debug, Clone)]
pub struct NewCommit {
    /// The changes to the tree of the parent, in any order, each path once.
    pub changes: Vec<Change>,
    /// The whole message.
    pub message: String,
    /// As `Name <mail>`.
    pub author: String,
    /// As `Name <mail>`.
    pub committer: String,
    /// Seconds since 1970-01-01 UTC.
    pub time: i64,
}

/// A branch that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBranch {
    /// The full name of the reference, as `refs/heads/phasegate/RUN`.
    pub reference: String,
    /// The commits, the oldest first.
    pub commits: Vec<GitId>,
    /// The tree of the last commit.
    pub tree: GitId,
}

impl Repository {
    /// Checks before a run that its branch can be created: the name is valid, and no other branch has a name that git cannot
    /// keep beside this one. A branch that has the name itself is no fault here.
    pub fn check_branch_name(&self, name: &str) -> Result<(), RepositoryError> {
        check_inside(&self.layout)?;
        reference::check_name(&self.objects(), name)
    }

    /// Writes a branch. Fails if a change does not fit its tree, if another branch has the name, or if the repository cannot
    /// be written; objects that are already written then remain without a name, until git removes them.
    pub fn write_branch(&self, branch: &NewBranch) -> Result<WrittenBranch, RepositoryError> {
        check_inside(&self.layout)?;
        let objects = self.objects();
        let reference = reference::full_name(&branch.name)?;
        let store = Store::new(&objects, &self.layout);
        let mut parent = object_id(&branch.base)?;
        let what = || "the base commit".to_owned();
        let data = objects.read(parent, Kind::Commit, MAX_NODE_BYTES, &what)?;
        let mut tree = CommitRefIter::from_bytes(&data, objects.repo().object_hash())
            .tree_id()
            .map_err(|why| corrupt(parent, what(), cause(&why)))?;
        let mut commits = Vec::new();
        for commit in &branch.commits {
            tree = edit::apply(&store, tree, &commit.changes)?;
            let commit = Commit {
                tree,
                parents: [parent].into_iter().collect(),
                author: signature(&commit.author, commit.time)?,
                committer: signature(&commit.committer, commit.time)?,
                encoding: None,
                message: message(&commit.message)?,
                extra_headers: Vec::new(),
            };
            let mut bytes = Vec::new();
            commit.write_to(&mut bytes).map_err(|why| RepositoryError::Invalid {
                what: "commit",
                value: branch.name.clone(),
                why: why.to_string(),
            })?;
            parent = store.write(Kind::Commit, &bytes)?;
            commits.push(git_id(parent)?);
        }
        store.flush()?;
        reference::create(&self.layout, &objects, &branch.name, parent)?;
        Ok(WrittenBranch { reference, commits, tree: git_id(tree)? })
    }
}

fn signature(text: &str, seconds: i64) -> Result<Signature, RepositoryError> {
    let (name, mail) = parse_author(text)?;
    Ok(Signature { name: name.into(), email: mail.into(), time: gix::date::Time { seconds, offset: 0 } })
}

fn message(text: &str) -> Result<BString, RepositoryError> {
    let trimmed = text.trim();
    match trimmed.is_empty() || text.contains('\0') {
        true => Err(RepositoryError::Invalid {
            what: "commit message",
            value: text.chars().take(40).collect::<String>().escape_debug().to_string(),
            why: "it is empty or contains a NUL character".to_owned(),
        }),
        false => Ok(format!("{trimmed}\n").into()),
    }
}
