//! Objects of a repository, checked against their ids.
//!
//! Guarantees: the bytes that are returned hash to the id that was asked for; an object is not decoded if it has more bytes
//! than the caller allows. Replacement references and grafts have no effect.

use std::collections::HashMap;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::{Kind, compute_hash};

use crate::error::RepositoryError;
use crate::place::{DamagedObject, ObjectFault};

/// The limit of a commit, tag or tree, in bytes.
pub(crate) const MAX_NODE_BYTES: u64 = 64 << 20;

/// Why an object may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completeness {
    /// Whether objects were left out when the repository was cloned.
    pub(crate) is_partial: bool,
    /// Whether commits were left out when the repository was cloned.
    pub(crate) is_shallow: bool,
}

/// The objects of a repository, for one thread.
pub(crate) struct Objects {
    repo: gix::Repository,
    completeness: Completeness,
    overlay: Arc<HashMap<ObjectId, Vec<u8>>>,
}

impl Objects {
    pub(crate) fn new(
        repo: gix::Repository,
        completeness: Completeness,
        overlay: Arc<HashMap<ObjectId, Vec<u8>>>,
    ) -> Self {
        Self { repo, completeness, overlay }
    }

    /// The underlying repository, for revisions, references and writing.
    pub(crate) fn repo(&self) -> &gix::Repository {
        &self.repo
    }

    /// Returns the size of an object in bytes without decoding all of it. `what` names its use in errors.
    pub(crate) fn size(&self, id: ObjectId, what: &dyn Fn() -> String) -> Result<u64, RepositoryError> {
        match self.repo.try_find_header(id) {
            Ok(Some(header)) => Ok(header.size()),
            Ok(None) => Err(self.missing(id, Kind::Blob, what())),
            Err(why) => Err(corrupt(id, what(), cause(&why))),
        }
    }

    /// Returns the bytes of an object of this kind. `what` names its use in errors.
    pub(crate) fn read(
        &self,
        id: ObjectId,
        kind: Kind,
        max: u64,
        what: &dyn Fn() -> String,
    ) -> Result<Vec<u8>, RepositoryError> {
        if let Some(bytes) = self.overlay.get(&id).filter(|_| kind == Kind::Blob) {
            return match bytes.len() as u64 {
                size if size > max => Err(RepositoryError::TooLarge { path: what(), size, limit: max }),
                _ => Ok(bytes.clone()),
            };
        }
        let size = match self.repo.try_find_header(id) {
            Ok(Some(header)) => header.size(),
            Ok(None) => return Err(self.missing(id, kind, what())),
            Err(why) => return Err(corrupt(id, what(), cause(&why))),
        };
        if size > max {
            return Err(RepositoryError::TooLarge { path: what(), size, limit: max });
        }
        let found = match self.repo.try_find_object(id) {
            Ok(Some(found)) => found,
            Ok(None) => return Err(self.missing(id, kind, what())),
            Err(why) => return Err(corrupt(id, what(), cause(&why))),
        };
        match compute_hash(self.repo.object_hash(), found.kind, &found.data) {
            Ok(hash) if hash != id => return Err(corrupt(id, what(), "its content does not match its id".to_owned())),
            Ok(_) => {}
            Err(why) => return Err(corrupt(id, what(), cause(&why))),
        }
        match found.kind == kind {
            true => Ok(found.detach().data),
            false => Err(corrupt(id, what(), format!("it is a {}, not a {kind}", found.kind))),
        }
    }

    fn missing(&self, id: ObjectId, kind: Kind, what: String) -> RepositoryError {
        let fault = match self.completeness {
            Completeness { is_partial: true, .. } => ObjectFault::NotFetched,
            Completeness { is_shallow: true, .. } if kind == Kind::Commit => ObjectFault::BehindShallow,
            _ => ObjectFault::Missing,
        };
        RepositoryError::Object(Box::new(DamagedObject { what, id: id.to_string(), fault }))
    }
}

pub(crate) fn corrupt(id: ObjectId, what: String, why: String) -> RepositoryError {
    RepositoryError::Object(Box::new(DamagedObject { what, id: id.to_string(), fault: ObjectFault::Corrupt(why) }))
}

/// Returns the cause of an error of the library, as one clause.
pub(crate) fn cause(error: &gix::Error) -> String {
    let text = error.probable_cause().to_string();
    let mut chars = text.trim_end_matches('.').chars();
    match chars.next() {
        Some(first) if !text.starts_with("I/O") => first.to_lowercase().chain(chars).collect(),
        _ => text.clone(),
    }
}
