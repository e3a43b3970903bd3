//! The tree that a run starts from: the files of a commit, and changes that were not committed.
//!
//! Guarantees: objects of the repository are read, never its working tree; a repository elsewhere serves as well if it has the
//! commit with the same tree. Fails if the repository or an object is not there any more.

mod held_out;
mod source;

use std::path::Path;
use std::sync::Arc;

use phasegate_files::TrustedFolders;
use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::repository::{RepositoryBase, RepositoryRequest, RequestFailure, UncommittedChange};
use phasegate_repository::{Repository, RepositoryError, TreeFiles};
use serde::Serialize;

use crate::error::{Error, ErrorCode};
use crate::secrets::is_secret_path;
use crate::store::blobs::read_blob;

pub(crate) use self::held_out::{HeldOutPaths, HeldOutTests};
pub use self::source::RepositorySource;

/// The open base of a run. Clones share it.
#[derive(Clone)]
pub(crate) struct BaseTree(Arc<Open>);

struct Open {
    repository: Repository,
    files: TreeFiles,
    /// The files that agents see.
    visible: TreeFiles,
    held_out: HeldOutPaths,
}

impl BaseTree {
    /// Opens the base of a run in the repository at `path`, which need not be the one that the run names. Uncommitted changes
    /// come from the journal. Agents and tests do not see files that are `held_out`.
    pub(crate) async fn open(
        base: RepositoryBase,
        held_out: HeldOutPaths,
        path: &Path,
        trusted: TrustedFolders,
        journal: Arc<dyn Journal>,
    ) -> Result<Self, Error> {
        let path = path.to_owned();
        blocking(move || {
            let mut repository = Repository::open(&path, &trusted)?;
            let found = repository.resolve(Some(base.commit.as_str()))?;
            if found.tree != base.tree {
                let message = format!("commit {} of `{}` has another tree than the run", base.commit, path.display());
                return Err(Error::rejected(ErrorCode::RepositoryUnusable, message, "name another repository"));
            }
            let files = repository.files(&base.tree)?;
            let mut changes = Vec::new();
            for file in &base.uncommitted {
                let content = match &file.change {
                    UncommittedChange::Written { content, executable } => {
                        Some((read_blob(journal.as_ref(), content)?, *executable))
                    }
                    UncommittedChange::Deleted => None,
                };
                changes.push((file.path.clone(), content));
            }
            let files = repository.with_changes(&files, changes)?;
            let (visible, _) = visible_files(&files, &held_out);
            Ok(Self(Arc::new(Open { repository, files, visible, held_out })))
        })
        .await
    }

    /// Returns the repository.
    pub(crate) fn repository(&self) -> &Repository {
        &self.0.repository
    }

    /// Returns the files that agents and tests see.
    pub(crate) fn visible(&self) -> &TreeFiles {
        &self.0.visible
    }

    /// Answers a request of an agent. Fails if the repository cannot be read.
    pub(crate) async fn answer(&self, request: RepositoryRequest) -> Result<Result<Vec<u8>, RequestFailure>, Error> {
        let this = self.clone();
        blocking(move || match this.0.answer(&request) {
            Ok(bytes) => Ok(Ok(bytes)),
            Err(error) if error.is_about_the_request() => Ok(Err(this.0.failure(&request, &error))),
            Err(error) => Err(error.into()),
        })
        .await
    }
}

impl Open {
    fn answer(&self, request: &RepositoryRequest) -> Result<Vec<u8>, RepositoryError> {
        let Self { repository, files, visible, held_out: _ } = self;
        let files = if files.files().len() == visible.files().len() { files } else { visible };
        match request {
            RepositoryRequest::Read { path } => repository.read_file(files, path),
            RepositoryRequest::List { folder } => repository.list(files, folder).map(|list| json(&list)),
            RepositoryRequest::Search { text, folder } => {
                repository.search(files, text, folder).map(|found| json(&found))
            }
        }
    }

    /// Whether the path is a file that agents do not see, or a folder with such files only.
    fn is_hidden(&self, path: &str) -> bool {
        let is_there = |files: &TreeFiles| files.get(path).is_some() || !files.below(path).is_empty();
        is_there(&self.files) && !is_there(&self.visible)
    }

    fn failure(&self, request: &RepositoryRequest, error: &RepositoryError) -> RequestFailure {
        let why = error.to_string();
        match (error, request) {
            (RepositoryError::TooLarge { .. }, _) => RequestFailure::TooLarge(why),
            (RepositoryError::NotAFile { .. }, _) => RequestFailure::NotAFile(why),
            (_, RepositoryRequest::Read { path }) if self.held_out.has(path) => RequestFailure::NotAFile(format!(
                "`{path}` is kept for the tests of the task's author: agents can neither read nor change it"
            )),
            (_, RepositoryRequest::Read { path }) if self.is_hidden(path) => RequestFailure::NotAFile(format!(
                "`{path}` looks like a secret by its name: agents can neither read nor change it"
            )),
            (_, RepositoryRequest::Read { path }) => {
                let above = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
                match above.into_iter().find(|above| self.files.get(above).is_some()) {
                    Some(file) => {
                        RequestFailure::NotAFile(format!("there is no `{path}`, because `{file}` is no folder"))
                    }
                    None => RequestFailure::Unknown(why),
                }
            }
            _ => RequestFailure::Unknown(why),
        }
    }
}

/// Returns the name of the branch of a run, as `phasegate/RUN`.
pub(crate) fn branch_name(run: &RunId) -> String {
    format!("phasegate/{run}")
}

/// Returns the files that agents see: all but those that look like secrets by their names, and those that are held out. Also
/// returns the paths that look like secrets.
pub(crate) fn visible_files(files: &TreeFiles, held_out: &HeldOutPaths) -> (TreeFiles, Vec<String>) {
    let secrets: Vec<String> =
        files.files().iter().filter(|file| is_secret_path(&file.path)).map(|file| file.path.clone()).collect();
    match secrets.is_empty() && held_out.is_empty() {
        true => (files.clone(), secrets),
        false => (files.filtered(|file| !is_secret_path(&file.path) && !held_out.has(&file.path)), secrets),
    }
}

/// Serializes an answer. Its types always serialize.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Runs work that reads or writes files on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| Error::host_failed(format!("reading the repository failed: {error}")))?
}
