//! Appends the events of one run: folds them into its state at once, and hands them to the journal in their order.
//!
//! The run loop waits for the disk only where something leaves the host. Guarantees:
//! - Events become durable in their order, with the blobs that they name, and are shown to the observer after that.
//! - [`JournalWriter::durable`] waits for them; whatever leaves the host has to wait for it.
//! - A rejected append changes nothing. After a failure of the journal nothing more is accepted.
//!
//! Fails when the journal fails, and when another process has taken the run over.

use std::sync::{Arc, Mutex, MutexGuard};

use phasegate_journal::{Append, Blob, Fence, Journal};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Event, Recorded, RunId};

use crate::error::{Error, ErrorCode};
use crate::observer::Observer;
use crate::store::blobs::{now_ms, parse_json, read_blob, read_json};
use crate::store::load::fold_events;
use crate::store::progress::Progress;
use crate::store::replay_check::ReplayCheck;

/// The destination of appended events.
pub(crate) enum WriteTarget {
    /// The journal, under the fence of this owner.
    Journal(Fence),
    /// Comparison with the record; nothing is written.
    Replay(Arc<ReplayCheck>),
}

/// Appends the events of one run.
pub(crate) struct JournalWriter {
    journal: Arc<dyn Journal>,
    run: RunId,
    /// Locked until the journal has the events of an append, which keeps their order.
    appended: Mutex<Appended>,
    events: Mutex<Vec<Recorded>>,
    target: OpenTarget,
    observer: Arc<dyn Observer>,
}

struct Appended {
    /// The state after the last event, durable or not.
    state: Arc<State>,
    /// What the journal gets with the next append.
    staged: Staged,
}

#[derive(Default)]
struct Staged {
    at_ms: u64,
    events: Vec<Event>,
    blobs: Vec<Blob>,
}

enum OpenTarget {
    Journal { fence: Fence, progress: Arc<Progress> },
    Replay(Arc<ReplayCheck>),
}

impl JournalWriter {
    /// Creates a writer for a run with these events and the state that they lead to.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        target: WriteTarget,
        state: State,
        events: Vec<Recorded>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let target = match target {
            WriteTarget::Replay(check) => OpenTarget::Replay(check),
            WriteTarget::Journal(fence) => {
                let progress = Arc::new(Progress::new(state.clone(), Arc::clone(&observer)));
                OpenTarget::Journal { fence, progress }
            }
        };
        let run = state.created.run_id.clone();
        let appended = Mutex::new(Appended { state: Arc::new(state), staged: Staged::default() });
        Self { journal, run, appended, events: Mutex::new(events), target, observer }
    }

    /// Folds events and hands them to the journal with the blobs that they name, all or none. Fails if an event cannot
    /// follow, if it differs from the record of a replay, and if writing has failed before.
    pub(crate) fn append(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        let mut appended = lock(&self.appended);
        self.add(&mut appended, events, blobs)?;
        self.submit(&mut appended);
        Ok(())
    }

    /// Like [`JournalWriter::append`], for events that another append follows at once: the journal gets them together.
    /// [`JournalWriter::flush`] hands them over without another append.
    pub(crate) fn stage(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        self.add(&mut lock(&self.appended), events, blobs)
    }

    /// Hands staged events to the journal. Required before anything is awaited.
    pub(crate) fn flush(&self) {
        self.submit(&mut lock(&self.appended));
    }

    fn add(&self, appended: &mut Appended, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        let Appended { state, staged } = appended;
        match &self.target {
            OpenTarget::Replay(check) => {
                let compare = |event: &Event| Ok(check.compare(event, &blobs)?.unwrap_or_default());
                let recorded = number_events(state, events, compare)?;
                self.fold(state, &recorded)?;
                recorded.iter().for_each(|event| self.observer.on_event(&self.run, event, state));
                lock(&self.events).extend(recorded);
            }
            OpenTarget::Journal { progress, .. } => {
                progress.check()?;
                let at_ms = if staged.events.is_empty() { now_ms() } else { staged.at_ms };
                let recorded = number_events(state, events.clone(), |_| Ok(at_ms))?;
                self.fold(state, &recorded)?;
                lock(&self.events).extend(recorded);
                progress.hold(&blobs);
                staged.at_ms = at_ms;
                staged.events.extend(events);
                staged.blobs.extend(blobs);
            }
        }
        Ok(())
    }

    /// Applies events to the state, all or none.
    fn fold(&self, state: &mut Arc<State>, recorded: &[Recorded]) -> Result<(), Error> {
        // Copies the state only while somebody else reads it.
        let after = Arc::make_mut(state);
        let Err(error) = recorded.iter().try_for_each(|event| after.apply(event)) else { return Ok(()) };
        // Events before the one that cannot follow were applied. A replay ends here.
        if recorded.len() > 1
            && let Ok(before) = fold_events(self.journal.as_ref(), &self.run, &lock(&self.events))
        {
            *state = Arc::new(before);
        }
        Err(error.into())
    }

    fn submit(&self, Appended { state, staged }: &mut Appended) {
        let OpenTarget::Journal { fence, progress } = &self.target else { return };
        let Staged { at_ms, events, blobs } = std::mem::take(staged);
        if events.is_empty() {
            return;
        }
        let next = state.events + 1 - events.len() as u64;
        let named: Vec<Digest> = blobs.iter().map(|blob| blob.digest.clone()).collect();
        let append = Append { run: self.run.clone(), fence: *fence, next, at_ms, events, blobs };
        let progress = Arc::clone(progress);
        self.journal.submit(append, Box::new(move |written| progress.publish(written, &named)));
    }

    /// Waits until everything appended so far is durable. Required before anything leaves the host.
    pub(crate) async fn durable(&self) -> Result<(), Error> {
        let OpenTarget::Journal { progress, .. } = &self.target else { return Ok(()) };
        let number = {
            let mut appended = lock(&self.appended);
            self.submit(&mut appended);
            appended.state.events
        };
        let Some(reached) = progress.wait_for(number)? else { return Ok(()) };
        self.journal.request_sync();
        Ok(reached.await.map_err(|_| writer_gone())??)
    }

    /// Returns the record to compare with, if this is a replay.
    pub(crate) fn replay_check(&self) -> Option<&Arc<ReplayCheck>> {
        match &self.target {
            OpenTarget::Journal { .. } => None,
            OpenTarget::Replay(check) => Some(check),
        }
    }

    /// Returns the state after the last event, durable or not. Let it go before the next append, which copies it otherwise.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&lock(&self.appended).state)
    }

    /// Locks and returns all events so far; not to be held across an await.
    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Recorded>> {
        lock(&self.events)
    }

    /// Returns the id of the run.
    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    /// Returns the observer of the run.
    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// Reads a blob that an event of this run names, durable or not.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        match self.pending_blob(digest) {
            Some(blob) => Ok(blob.bytes.into()),
            None => read_blob(self.journal.as_ref(), digest),
        }
    }

    /// Reads a JSON blob that an event of this run names, durable or not.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, digest: &Digest) -> Result<T, Error> {
        match self.pending_blob(digest) {
            Some(blob) => parse_json(self.journal.as_ref(), digest, &blob.bytes),
            None => read_json(self.journal.as_ref(), digest),
        }
    }

    fn pending_blob(&self, digest: &Digest) -> Option<Blob> {
        match &self.target {
            OpenTarget::Journal { progress, .. } => progress.pending_blob(digest),
            OpenTarget::Replay(_) => None,
        }
    }
}

/// Numbers events behind this state, each with the time that `at_ms` returns for it.
fn number_events(
    state: &State,
    events: Vec<Event>,
    at_ms: impl Fn(&Event) -> Result<u64, Error>,
) -> Result<Vec<Recorded>, Error> {
    let numbered = (state.events + 1..).zip(events);
    numbered.map(|(number, event)| Ok(Recorded { number, at_ms: at_ms(&event)?, event })).collect()
}

fn writer_gone() -> Error {
    let hint = "resume the run; everything written so far is safe";
    Error::rejected(ErrorCode::HostFailed, "writing to the journal ended early", hint)
}

#[cfg(test)]
mod tests;
