//! Blobs of the journal, as bytes and as JSON.

use std::time::{SystemTime, UNIX_EPOCH};

use phasegate_journal::{Blob, Journal};
use phasegate_process::{ArtifactName, ArtifactRef, Digest, Kind};

use crate::error::Error;

/// A blob that must be there.
pub(crate) fn read_blob(journal: &dyn Journal, digest: &Digest) -> Result<Vec<u8>, Error> {
    journal.blob(digest)?.ok_or_else(|| Error::MissingBlob { digest: digest.clone(), place: journal.location() })
}

/// A JSON blob that must be there.
pub fn read_json<T: serde::de::DeserializeOwned>(journal: &dyn Journal, digest: &Digest) -> Result<T, Error> {
    parse_json(journal, digest, &read_blob(journal, digest)?)
}

/// JSON that was read from the blob of this digest.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
    journal: &dyn Journal,
    digest: &Digest,
    bytes: &[u8],
) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::BadBlob {
        digest: digest.clone(),
        place: journal.location(),
        why: error.to_string(),
    })
}

/// JSON as a blob. What the core serialises has no maps with keys that are not text, so it cannot fail; were it to, the
/// blob would be empty and reading it an error.
pub(crate) fn json_blob<T: serde::Serialize>(value: &T) -> Blob {
    Blob::new(serde_json::to_vec(value).unwrap_or_default())
}

/// The artifact that a blob is, under this name.
pub(crate) fn artifact_of(blob: &Blob, name: ArtifactName, kind: Kind) -> ArtifactRef {
    ArtifactRef { name, kind, digest: blob.digest.clone(), size: blob.bytes.len() as u64 }
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
