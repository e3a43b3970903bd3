//! Imports of whole runs, and the checks that need no storage.

use phasegate_process::{Event, Recorded, RunId};

use crate::blob::Blob;
use crate::chain::{StoredEvent, parse_events, run_created};
use crate::error::JournalError;

/// A request to take in a whole run as another journal holds it.
#[derive(Debug, Clone)]
pub struct Import {
    /// The run; must be the one that the events name.
    pub run: RunId,
    /// All events of the run, from its first one.
    pub events: Vec<StoredEvent>,
    /// The blobs that came with the run; may be fewer than its events name.
    pub blobs: Vec<Blob>,
}

/// The result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The journal did not hold the run.
    New,
    /// The journal held the run already, with exactly these events. Missing blobs were added.
    AlreadyPresent,
}

/// Checks that the events are a whole run of this name and within the bounds, and parses them. Fails with
/// [`JournalError::CannotImport`] in most cases. [`crate::Journal::import`] checks the same.
pub fn check_import(run: &RunId, events: &[StoredEvent]) -> Result<Vec<Recorded>, JournalError> {
    let cannot = |reason: String| JournalError::CannotImport { run: run.clone(), reason };
    let events = parse_events(run, 0, events, "the import").map_err(|error| match error {
        JournalError::Gap { number, .. } => cannot(format!("event {number} is missing")),
        JournalError::BrokenChain { number, .. } => {
            cannot(format!("event {number} was changed after it was written: its chain of digests breaks there"))
        }
        JournalError::DamagedEvent { number, reason, .. } => cannot(format!("event {number} cannot be read: {reason}")),
        JournalError::TooLarge { number, reason, .. } => {
            cannot(format!("event {number} is too large: {reason}, which is the limit"))
        }
        other => other,
    })?;
    if !matches!(events.first(), Some(Recorded { event: Event::RunCreated(_), .. })) {
        return Err(cannot("it does not begin with `run_created`".to_owned()));
    }
    match events.iter().rev().find_map(|recorded| run_created(&recorded.event)) {
        Some(created) if created.run_id != *run => {
            Err(cannot(format!("its events are those of run `{}`", created.run_id)))
        }
        _ => Ok(events),
    }
}

/// Compares the events to import with those that the journal holds; fails where they differ.
pub(crate) fn compare_with_existing(
    run: &RunId,
    here: &[StoredEvent],
    events: &[StoredEvent],
) -> Result<Imported, JournalError> {
    let same = here.iter().zip(events).take_while(|(one, other)| one.chain == other.chain).count();
    match () {
        () if here.is_empty() => Ok(Imported::New),
        () if here.len() == same && events.len() == same => Ok(Imported::AlreadyPresent),
        () => Err(JournalError::RunExists { run: run.clone(), number: same as u64 + 1 }),
    }
}
