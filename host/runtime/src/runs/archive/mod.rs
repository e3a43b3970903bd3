//! A run in one file, to be carried to another machine: its events as they stand, and every blob they name.
//!
//! The file is a zstd stream of: the line `phasegate export 1`; a line of JSON, the head, which says what follows; a line of
//! JSON for each event, with its link of the chain; the bytes of the blobs, one after the other, in the order and with the
//! sizes that the head gives. Components are large and mostly bundled, so they are carried on wish only.
//!
//! Promises: nothing is taken from a file before all of it was checked: numbers, chain, digests, and that no blob is
//! missing. A released format is read for ever. Fails with [`ArchiveError`], which names what is wrong.

mod format;
mod read;
mod write;

pub use self::format::{Entry, Head};
pub use self::read::{Archive, ImportedRun, import, read};
pub use self::write::{ExportedRun, export};
pub use crate::error::archive::{ARCHIVE_FORMAT, ArchiveError};

#[cfg(test)]
mod tests;
