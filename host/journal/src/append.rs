//! Requests to write events, and the checks that need no storage.

use phasegate_process::{Event, Recorded, RunId};

use crate::blob::Blob;
use crate::bounds::{check_event, too_large};
use crate::chain::End;
use crate::error::JournalError;
use crate::ownership::Fence;

/// Receives the result of an append: the events as they will be read.
pub type AppendDone = Box<dyn FnOnce(Result<Vec<Recorded>, JournalError>) + Send>;

/// A request to append events to a run, with the blobs that they name.
#[derive(Debug, Clone)]
pub struct Append {
    /// The run to append to.
    pub run: RunId,
    /// The number of the caller's ownership; must be the newest one of the run.
    pub fence: Fence,
    /// The number that the first event gets; must be the number after the run's last event.
    pub next: u64,
    /// The time of all these events, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The events, in order. May be empty: then only the blobs are stored.
    pub events: Vec<Event>,
    /// The blobs that the events name and that are not stored yet.
    pub blobs: Vec<Blob>,
}

impl Append {
    /// Takes the events out and returns them as they will be read, with their JSON as it will be stored.
    pub(crate) fn take_events(&mut self) -> Result<(Vec<Recorded>, Vec<String>), JournalError> {
        encode_events(&self.run, self.next, self.at_ms, std::mem::take(&mut self.events))
    }
}

/// A request to turn a run without events into a fork of another run.
#[derive(Debug, Clone)]
pub struct Fork {
    /// The run that becomes a fork; it must have no events.
    pub run: RunId,
    /// The number of the caller's ownership of `run`; must be the newest one.
    pub fence: Fence,
    /// The run to fork from; may be a fork itself and may go on meanwhile.
    pub origin: RunId,
    /// How many events the fork shares with its origin, counted from event 1.
    pub shared: u64,
    /// The time of the new events, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The events that follow the shared ones.
    pub events: Vec<Event>,
    /// The blobs that the new events name and that are not stored yet.
    pub blobs: Vec<Blob>,
}

impl Fork {
    /// Takes the events out and returns them as they will be read, with their JSON as it will be stored.
    pub(crate) fn take_events(&mut self) -> Result<(Vec<Recorded>, Vec<String>), JournalError> {
        encode_events(&self.run, self.shared.saturating_add(1), self.at_ms, std::mem::take(&mut self.events))
    }

    /// Checks that `run`, which ends at `own_end`, can fork from an origin that ends at `origin_end`.
    pub(crate) fn check(&self, own_end: &End, origin_end: &End, location: &str) -> Result<(), JournalError> {
        let Self { run, origin, shared, .. } = self;
        let refuse = |reason: String| {
            Err(JournalError::CannotFork { run: run.clone(), origin: origin.clone(), shared: *shared, reason })
        };
        match origin_end.number {
            _ if own_end.number > 0 => refuse(format!("run `{run}` has events already")),
            0 => Err(JournalError::NoSuchRun { run: origin.clone(), location: location.to_owned() }),
            _ if *shared == 0 => refuse("events count from 1".to_owned()),
            last if *shared > last => refuse(format!("that run has {last} events")),
            _ => Ok(()),
        }
    }
}

/// Numbers events from `next` on; returns them as they will be read, and their JSON as it will be stored.
fn encode_events(
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
        let body = serde_json::to_string(event).map_err(error)?;
        check_event(&body).map_err(|reason| too_large(run, number, reason))?;
        bodies.push(body);
    }
    Ok(((next..).zip(events).map(|(number, event)| Recorded { number, at_ms, event }).collect(), bodies))
}
