//! The format of an export: its first line, its head, and how much it may hold.

use phasegate_process::{Digest, RunId, TaskId};
use serde::{Deserialize, Serialize};

use crate::error::archive::ArchiveError;

/// What the first line begins with.
pub(crate) const TITLE: &str = "phasegate export ";

/// Refuses what is more than a file may hold.
pub(crate) fn check_size(bytes: u64, most: u64) -> Result<(), ArchiveError> {
    if bytes < most { Ok(()) } else { Err(ArchiveError::TooLarge) }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The run.
    pub run: RunId,
    /// Its task.
    pub task: TaskId,
    /// How many events follow.
    pub events: u64,
    /// The blobs that follow the events.
    pub blobs: Vec<Entry>,
    /// Components that the run needs and the file does not hold.
    pub left_out: Vec<Digest>,
}

/// One blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
}
