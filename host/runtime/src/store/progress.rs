//! How far the journal has come with one run, and what depends on it: blobs on their way, the observer, waiting tasks.
//!
//! Guarantees: the observer is shown events in their order, once they are durable; a task that waits for an event goes on
//! after that, or with the error of the journal. Nothing is shown after a failure.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use phasegate_journal::{Blob, JournalError};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Recorded, RunId};
use tokio::sync::oneshot;

use crate::observer::Observer;

/// The durable part of one run.
pub(crate) struct Progress {
    run: RunId,
    observer: Arc<dyn Observer>,
    /// The state after the last durable event, for the observer.
    shown: Mutex<State>,
    reached: Mutex<Reached>,
}

#[derive(Default)]
struct Reached {
    /// The number of the last durable event.
    number: u64,
    failed: Option<JournalError>,
    /// Blobs that were appended and are not durable yet.
    pending_blobs: HashMap<Digest, Blob>,
    waiting: Vec<(u64, oneshot::Sender<Result<(), JournalError>>)>,
}

impl Progress {
    /// Creates the progress of a run whose events up to this state are durable.
    pub(crate) fn new(state: State, observer: Arc<dyn Observer>) -> Self {
        let reached = Reached { number: state.events, ..Reached::default() };
        let run = state.created.run_id.clone();
        Self { run, observer, shown: Mutex::new(state), reached: Mutex::new(reached) }
    }

    /// Fails if writing has failed.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        lock(&self.reached).failed.clone().map_or(Ok(()), Err)
    }

    /// Keeps blobs readable until they are durable.
    pub(crate) fn hold(&self, blobs: &[Blob]) {
        let held = blobs.iter().map(|blob| (blob.digest.clone(), blob.clone()));
        lock(&self.reached).pending_blobs.extend(held);
    }

    /// Returns a blob that is on its way to the journal.
    pub(crate) fn pending_blob(&self, digest: &Digest) -> Option<Blob> {
        lock(&self.reached).pending_blobs.get(digest).cloned()
    }

    /// Returns a channel that tells when the event of this number is durable; `None` if it is already. Fails if writing
    /// has failed.
    pub(crate) fn wait_for(
        &self,
        number: u64,
    ) -> Result<Option<oneshot::Receiver<Result<(), JournalError>>>, JournalError> {
        let mut reached = lock(&self.reached);
        if let Some(failed) = &reached.failed {
            return Err(failed.clone());
        }
        if reached.number >= number {
            return Ok(None);
        }
        let (sender, receiver) = oneshot::channel();
        reached.waiting.push((number, sender));
        Ok(Some(receiver))
    }

    /// Takes the result of an append, which stored the blobs `named`. Must be called in the order of the appends.
    pub(crate) fn publish(&self, written: Result<Vec<Recorded>, JournalError>, named: &[Digest]) {
        let events = match written {
            Ok(events) => events,
            Err(error) => return self.fail(error),
        };
        {
            let mut reached = lock(&self.reached);
            if reached.failed.is_some() {
                return;
            }
            named.iter().for_each(|digest| drop(reached.pending_blobs.remove(digest)));
        }
        let mut shown = lock(&self.shown);
        // Each of them followed the events before it when it was appended.
        events.iter().for_each(|event| drop(shown.apply(event)));
        events.iter().for_each(|event| self.observer.on_event(&self.run, event, &shown));
        let number = shown.events;
        drop(shown);
        let mut reached = lock(&self.reached);
        reached.number = number;
        for (_, waiting) in reached.waiting.extract_if(.., |(awaited, _)| *awaited <= number) {
            // The task may have stopped waiting.
            let _ = waiting.send(Ok(()));
        }
    }

    fn fail(&self, error: JournalError) {
        let mut reached = lock(&self.reached);
        for (_, waiting) in reached.waiting.drain(..) {
            // The task may have stopped waiting.
            let _ = waiting.send(Err(error.clone()));
        }
        // Later appends fail because of this one.
        reached.failed.get_or_insert(error);
    }
}
