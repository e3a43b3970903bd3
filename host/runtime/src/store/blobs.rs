//! Reads and creates blobs, as bytes and as JSON.

use std::time::{SystemTime, UNIX_EPOCH};

use phasegate_journal::{Blob, Journal};
use phasegate_process::json::is_heavier;
use phasegate_process::{ArtifactName, ArtifactRef, Digest, Kind};

use crate::error::Error;

/// The largest weight of the JSON of a blob, see [`is_heavier`], which takes a few hundred megabytes.
const MAX_WEIGHT: usize = 5_000_000;

/// Reads a blob; a missing one is an error.
pub(crate) fn read_blob(journal: &dyn Journal, digest: &Digest) -> Result<Vec<u8>, Error> {
    journal.blob(digest)?.ok_or_else(|| Error::MissingBlob { digest: digest.clone(), place: journal.location() })
}

/// Reads a JSON blob; a missing or malformed one is an error.
pub fn read_json<T: serde::de::DeserializeOwned>(journal: &dyn Journal, digest: &Digest) -> Result<T, Error> {
    parse_json(journal, digest, &read_blob(journal, digest)?)
}

/// Parses the JSON of a blob; `digest` is for the error.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
    journal: &dyn Journal,
    digest: &Digest,
    bytes: &[u8],
) -> Result<T, Error> {
    let bad = |why: String| Error::BadBlob { digest: digest.clone(), place: journal.location(), why };
    let text = std::str::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
    if is_heavier(text, MAX_WEIGHT) {
        return Err(bad(format!("it has more than {MAX_WEIGHT} parts, which is the limit")));
    }
    serde_json::from_str(text).map_err(|error| bad(error.to_string()))
}

/// Serializes a value as a blob. Types of the host have text keys only and always serialize; an empty blob would fail
/// when read.
pub(crate) fn json_blob<T: serde::Serialize>(value: &T) -> Blob {
    Blob::new(serde_json::to_vec(value).unwrap_or_default())
}

/// Returns a reference to a blob as the artifact of this name.
pub(crate) fn artifact_of(blob: &Blob, name: ArtifactName, kind: Kind) -> ArtifactRef {
    ArtifactRef { name, kind, digest: blob.digest.clone(), size: blob.bytes.len() as u64 }
}

/// Returns the Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
