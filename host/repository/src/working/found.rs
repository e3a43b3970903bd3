//! The changes that were found so far.

use std::collections::BTreeMap;

use crate::branch::{Change, NewContent};
use crate::error::RepositoryError;

/// The limits of uncommitted changes.
pub(super) const MAX_FILE_BYTES: u64 = 16 << 20;
const MAX_TOTAL_BYTES: usize = 64 << 20;
const MAX_CHANGES: usize = 10_000;

/// What was found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) changes: BTreeMap<String, Change>,
    pub(super) left_out: BTreeMap<String, &'static str>,
    bytes: usize,
}

impl Found {
    pub(super) fn write(&mut self, path: &str, bytes: Vec<u8>, executable: bool) -> Result<(), RepositoryError> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        let hint = "commit them, or let .gitignore leave files out";
        if self.bytes > MAX_TOTAL_BYTES {
            return Err(refused(&format!("they have more than {MAX_TOTAL_BYTES} bytes in all"), hint));
        }
        let change = Change { path: path.to_owned(), content: NewContent::Bytes(bytes), executable: Some(executable) };
        self.changes.insert(path.to_owned(), change);
        match self.changes.len() > MAX_CHANGES {
            true => Err(refused(&format!("more than {MAX_CHANGES} files changed"), hint)),
            false => Ok(()),
        }
    }

    pub(super) fn delete(&mut self, path: &str) {
        let change = Change { path: path.to_owned(), content: NewContent::Deleted, executable: None };
        self.changes.insert(path.to_owned(), change);
    }

    pub(super) fn leave_out(&mut self, path: &str, why: &'static str) {
        self.left_out.insert(path.to_owned(), why);
    }
}

pub(super) fn refused(why: &str, hint: &'static str) -> RepositoryError {
    RepositoryError::Uncommitted { why: why.to_owned(), hint }
}
