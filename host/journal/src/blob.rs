//! Blobs: bytes that are stored under their digest.

use std::collections::BTreeSet;
use std::fmt;

use phasegate_process::{Digest, Event, RunId};

use crate::error::JournalError;

/// Bytes and their digest. Only [`Blob::new`] creates one, so the two always match.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blob {
    /// The SHA-256 of the bytes.
    pub digest: Digest,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// Creates a blob of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::from_content(&bytes), bytes }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({}, {} bytes)", self.digest, self.bytes.len())
    }
}

/// Removes the blobs that a stored event names from the set of those to delete.
pub(crate) fn keep_referenced(
    blobs: &mut BTreeSet<Digest>,
    run: &RunId,
    number: u64,
    body: &str,
    location: &str,
) -> Result<(), JournalError> {
    let unreadable = |error: serde_json::Error| JournalError::DamagedEvent {
        run: run.clone(),
        number,
        location: location.to_owned(),
        reason: error.to_string(),
    };
    let event: Event = serde_json::from_str(body).map_err(unreadable)?;
    for named in event.blobs() {
        blobs.remove(named);
    }
    Ok(())
}

/// Returns the bytes of a blob if they match its digest.
pub(crate) fn verify_blob(digest: &Digest, bytes: Vec<u8>, location: &str) -> Result<Vec<u8>, JournalError> {
    match Digest::from_content(&bytes) == *digest {
        true => Ok(bytes),
        false => Err(JournalError::DamagedBlob { digest: digest.clone(), location: location.to_owned() }),
    }
}
