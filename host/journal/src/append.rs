//! Events on their way into a journal.

use phasegate_process::{Event, Recorded, RunId};

use crate::chain::End;
use crate::error::JournalError;

/// The events as they will be read, and their bodies as they will be stored.
pub(crate) fn encode_events(
    run: &RunId,
    next: u64,
    at_ms: u64,
    events: Vec<Event>,
) -> Result<(Vec<Recorded>, Vec<String>), JournalError> {
    let mut bodies = Vec::with_capacity(events.len());
    for (number, event) in (next..).zip(&events) {
        let error = |error: serde_json::Error| JournalError::NotSerializable {
            run: run.clone(),
            number,
            reason: error.to_string(),
        };
        bodies.push(serde_json::to_string(event).map_err(error)?);
    }
    Ok(((next..).zip(events).map(|(number, event)| Recorded { number, at_ms, event }).collect(), bodies))
}

/// Where the fork of a run with this end may begin: refuses what a fork cannot be.
pub(crate) fn check_fork(
    run: &RunId,
    has: &End,
    of: &RunId,
    origin: &End,
    shared: u64,
    location: &str,
) -> Result<(), JournalError> {
    let cannot = |reason: String| Err(JournalError::CannotFork { run: run.clone(), of: of.clone(), shared, reason });
    match origin.number {
        _ if has.number > 0 => cannot(format!("run `{run}` has events already")),
        0 => Err(JournalError::NoSuchRun { run: of.clone(), location: location.to_owned() }),
        _ if shared == 0 => cannot("events count from 1".to_owned()),
        last if shared > last => cannot(format!("that run has {last} events")),
        _ => Ok(()),
    }
}
