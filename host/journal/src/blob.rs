//! Blobs: bytes that are stored under their digest.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use phasegate_process::{Digest, Event};

use crate::bounds::check_event;
use crate::error::JournalError;

/// Bytes and their digest. Only [`Blob::new`] creates one, so the two always match.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blob {
    /// The SHA-256 of the bytes.
    pub digest: Digest,
    /// The content; clones share it.
    pub bytes: Bytes,
}

impl Blob {
    /// Creates a blob of these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::from_content(&bytes), bytes }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({}, {} bytes)", self.digest, self.bytes.len())
    }
}

/// Removes the blobs that a stored event names from the set of those to delete. Of an event that cannot be read, every digest
/// in its text counts: its run may be repaired later.
pub(crate) fn keep_referenced(blobs: &mut BTreeSet<Digest>, body: &str) {
    let event: Option<Event> = check_event(body).ok().and_then(|_| serde_json::from_str(body).ok());
    let named: Vec<Digest> = match event {
        Some(event) => event.blobs().into_iter().cloned().collect(),
        None => Digest::find_all(body).collect(),
    };
    for digest in &named {
        blobs.remove(digest);
    }
}

/// Returns the bytes of a blob if they match its digest.
pub(crate) fn verify_blob(digest: &Digest, bytes: Vec<u8>, location: &str) -> Result<Vec<u8>, JournalError> {
    match Digest::from_content(&bytes) == *digest {
        true => Ok(bytes),
        false => Err(JournalError::DamagedBlob { digest: digest.clone(), location: location.to_owned() }),
    }
}
