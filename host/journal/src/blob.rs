//! Bytes under their digest.

use std::collections::BTreeSet;
use std::fmt;

use phasegate_process::{Digest, Event, RunId};

use crate::error::JournalError;

/// Bytes and the digest that names them; made by [`Blob::new`] only, so the two belong together.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blob {
    /// Names the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// These bytes, named.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::from_content(&bytes), bytes }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({}, {} bytes)", self.digest, self.bytes.len())
    }
}

/// Takes the blobs that a stored event names off the list of those to be removed.
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

/// A blob as it was read, if it is what its name says.
pub(crate) fn verify_blob(digest: &Digest, bytes: Vec<u8>, location: &str) -> Result<Vec<u8>, JournalError> {
    match Digest::from_content(&bytes) == *digest {
        true => Ok(bytes),
        false => Err(JournalError::DamagedBlob { digest: digest.clone(), location: location.to_owned() }),
    }
}
