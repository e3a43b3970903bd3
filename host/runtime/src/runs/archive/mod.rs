//! A run in one file, to be carried to another machine: its events as they stand, and every blob they name.
//!
//! The file is a zstd stream of: the line `phasegate export 1`; a line of JSON, the head, which says what follows; a line of
//! JSON for each event, with its link of the chain; the bytes of the blobs, one after the other, in the order and with the
//! sizes that the head gives. Components are large and mostly bundled, so they are carried on wish only.
//!
//! Promises: nothing is taken from a file before all of it was checked: numbers, chain, digests, and that no blob is
//! missing. A released format is read for ever. Fails with [`ArchiveError`], which names what is wrong.

mod read;
#[cfg(test)]
mod tests;
mod write;

use phasegate_process::{Digest, RunId, TaskId};
use serde::{Deserialize, Serialize};

pub use read::{Archive, ImportedRun, import, read};
pub use write::{Exported, export};

/// The version of the format that this build writes.
pub const ARCHIVE_FORMAT: u32 = 1;

/// What the first line begins with.
const TITLE: &str = "phasegate export ";

/// The most bytes that a file unpacks to; one that has more is neither written nor taken.
const MOST_BYTES: u64 = 2 << 30;

/// Refuses what is more than a file may hold.
fn fits(bytes: u64, most: u64) -> Result<(), ArchiveError> {
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

/// Why a file cannot be taken, and nothing was; or why none can be written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("it is no export of phasegate: {0}\nhint: `phasegate export RUN FILE` writes one")]
    Foreign(String),
    /// It is from a newer version.
    #[error(
        "it has export format {0}, this phasegate reads formats up to {ARCHIVE_FORMAT}\nhint: use the newer phasegate that wrote it"
    )]
    Newer(u32),
    /// It is not whole.
    #[error("it is damaged: {0}\nhint: nothing was taken; export the run again where it is")]
    Damaged(String),
    /// It would take too much room.
    #[error("it unpacks to more than {MOST_BYTES} bytes, which are not taken\nhint: export the run without components")]
    TooLarge,
}
