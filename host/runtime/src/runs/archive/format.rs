//! Format of archives: title line, head and bounds. The JSON of [`Head`] is a released format.
//!
//! The bounds apply when an archive is written and when it is read. Those of events are the journal's.

use phasegate_process::{Digest, RunId, TaskId};
use serde::{Deserialize, Serialize};

use crate::error::archive::ArchiveError;

/// The version of the format that this build writes.
pub const ARCHIVE_FORMAT: u32 = 1;

/// The most bytes that an archive may unpack to.
pub(crate) const MAX_BYTES: u64 = 2 << 30;

/// The most bytes of the head.
pub(crate) const MAX_HEAD_BYTES: u64 = 32 << 20;

/// The most blobs.
pub(crate) const MAX_BLOBS: usize = 200_000;

/// The most bytes of one blob. The largest ones are components.
pub(crate) const MAX_BLOB_BYTES: u64 = 256 << 20;

/// Start of the first line, before the number of the format.
pub(crate) const TITLE: &str = "phasegate export ";

/// Fails if the unpacked archive has `max` bytes or more.
pub(crate) fn check_size(bytes: u64, max: u64) -> Result<(), ArchiveError> {
    if bytes < max { Ok(()) } else { Err(ArchiveError::TooLarge { max }) }
}

/// Fails if the archive has more blobs, or a larger one, than may be.
pub(crate) fn check_blobs(blobs: &[Entry]) -> Result<(), ArchiveError> {
    if blobs.len() > MAX_BLOBS {
        return Err(ArchiveError::OverLimit(format!("it has {} blobs; at most {MAX_BLOBS} are read", blobs.len())));
    }
    match blobs.iter().find(|blob| blob.size > MAX_BLOB_BYTES) {
        Some(Entry { digest, size }) => {
            let what = format!("its blob {digest} has {size} bytes; at most {MAX_BLOB_BYTES} are read");
            Err(ArchiveError::OverLimit(what))
        }
        None => Ok(()),
    }
}

/// Table of contents of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Id of the run, which the import keeps.
    pub run: RunId,
    /// Task of the run.
    pub task: TaskId,
    /// Number of event lines after the head.
    pub events: u64,
    /// Blobs after the events, in their order.
    pub blobs: Vec<Entry>,
    /// Components that the run needs and that the archive does not contain.
    pub left_out: Vec<Digest>,
}

/// Entry of a blob in the head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
}
