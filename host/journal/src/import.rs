//! What an import may take in.

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

/// What an import found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The run was not here before.
    New,
    /// It was here, with exactly these events.
    AlreadyPresent,
}

/// The events of an import, read; refuses what is not a whole run of this name that this build reads.
pub(crate) fn check_import(run: &RunId, events: &[StoredEvent]) -> Result<Vec<Recorded>, JournalError> {
    let cannot = |reason: String| JournalError::CannotImport { run: run.clone(), reason };
    let events = parse_events(run, 0, events, "the import").map_err(|error| match error {
        JournalError::Gap { number, .. } => cannot(format!("event {number} is missing")),
        JournalError::BrokenChain { number, .. } => {
            cannot(format!("event {number} is not what was written, its chain of digests breaks there"))
        }
        JournalError::DamagedEvent { number, reason, .. } => cannot(format!("event {number} cannot be read: {reason}")),
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

/// Whether to import events that `here` may hold already; refuses where it holds others.
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
