//! Format of archives: title line, head and maximal size. The JSON of [`Head`] is a released format.

use phasegate_process::{Digest, RunId, TaskId};
use serde::{Deserialize, Serialize};

use crate::error::archive::ArchiveError;

/// The version of the format that this build writes.
pub const ARCHIVE_FORMAT: u32 = 1;

/// The most bytes that an archive may unpack to, when it is written and when it is read.
pub(crate) const MAX_BYTES: u64 = 2 << 30;

/// Start of the first line, before the number of the format.
pub(crate) const TITLE: &str = "phasegate export ";

/// Fails if the unpacked archive has `max` bytes or more.
pub(crate) fn check_size(bytes: u64, max: u64) -> Result<(), ArchiveError> {
    if bytes < max { Ok(()) } else { Err(ArchiveError::TooLarge { max }) }
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
