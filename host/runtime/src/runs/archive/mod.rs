//! Archives: a run in one file, with its events and every blob that they name, to import it on another machine.
//!
//! The file is a zstd stream of: the line `phasegate export 1`; the head, a line of JSON; each event as a line of JSON, with
//! its link of the chain; the bytes of the blobs, in the order and with the sizes in the head. Components are large and mostly
//! bundled, so they are included on request only.
//!
//! Guarantees: a run is imported after the whole file was checked (bounds, numbers, chain, digests, no missing blob, events
//! that fold to a state), or not at all. Memory holds the events and a few blobs, not the whole file.
//! Released formats stay readable. Fails with [`ArchiveError`], which names the fault.

mod format;
mod import;
mod read;
mod unpack;
mod write;

pub use self::format::{ARCHIVE_FORMAT, Entry, Head};
pub use self::import::{ImportedRun, import};
pub use self::read::{Archive, read};
pub use self::write::{ExportedRun, export};
pub use crate::error::archive::ArchiveError;

#[cfg(test)]
mod tests;
