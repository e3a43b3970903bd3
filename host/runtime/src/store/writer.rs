//! The target of one run: folds events into the run's state, has them written in the order they came, and shows them to whoever
//! watches.
//!
//! An event is folded at once and made durable right after, together with those that came while the disk was busy: what is
//! only computed need not wait for the disk. Promises: events become durable in their order, with the blobs they name;
//! nobody outside hears of one before it is durable, which [`JournalWriter::durable`] waits for; once writing has failed, nothing
//! more is taken. Fails when the journal does, or when somebody else has taken the run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::join_all;
use phasegate_journal::{Append, Blob, Fence, Journal, JournalError};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Event, Recorded, RunId};
use tokio::sync::{mpsc, watch};

use crate::error::Error;
use crate::observer::Observer;
use crate::store::blobs::{now_ms, parse_json, read_blob};
use crate::store::replay_check::ReplayCheck;

/// What becomes of an event.
pub(crate) enum WriteTarget {
    /// It is written to the journal, in the name of this owner.
    Journal(Fence),
    /// It is held against what was written.
    Replay(Arc<ReplayCheck>),
}

/// Writes one run.
pub(crate) struct JournalWriter {
    journal: Arc<dyn Journal>,
    run: RunId,
    state: Mutex<Arc<State>>,
    events: Mutex<Vec<Recorded>>,
    /// Blobs that are handed in and not durable yet.
    pending_blobs: Arc<Mutex<HashMap<Digest, Vec<u8>>>>,
    target: OpenTarget,
    observer: Arc<dyn Observer>,
}

enum OpenTarget {
    Journal { queue: mpsc::UnboundedSender<Batch>, durable: watch::Receiver<Durable> },
    Replay(Arc<ReplayCheck>),
}

/// What was handed in at once.
struct Batch {
    at_ms: u64,
    /// The number of its first event.
    next: u64,
    events: Vec<Event>,
    blobs: Vec<Blob>,
    /// The state that it led to.
    state: Arc<State>,
}

/// How far the journal is.
#[derive(Clone)]
struct Durable {
    number: u64,
    failed: Option<JournalError>,
}

impl JournalWriter {
    /// A target for a run whose events so far are these, folded into this state.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        target: WriteTarget,
        state: State,
        events: Vec<Recorded>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let run = state.created.run_id.clone();
        let pending_blobs: Arc<Mutex<HashMap<Digest, Vec<u8>>>> = Arc::default();
        let target = match target {
            WriteTarget::Replay(check) => OpenTarget::Replay(check),
            WriteTarget::Journal(fence) => {
                let (queue, batches) = mpsc::unbounded_channel();
                let (progress, durable) = watch::channel(Durable { number: state.events, failed: None });
                let task = AppendTask {
                    journal: Arc::clone(&journal),
                    run: run.clone(),
                    fence,
                    pending_blobs: Arc::clone(&pending_blobs),
                    observer: Arc::clone(&observer),
                    progress,
                };
                tokio::spawn(task.write(batches));
                OpenTarget::Journal { queue, durable }
            }
        };
        Self {
            journal,
            run,
            state: Mutex::new(Arc::new(state)),
            events: Mutex::new(events),
            pending_blobs,
            target,
            observer,
        }
    }

    /// Folds these events and hands them in to be written, with the blobs they name. What cannot follow is refused.
    pub(crate) fn append(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let next = state.events + 1;
        let mut after = State::clone(&state);
        let mut recorded = Vec::with_capacity(events.len());
        let at_ms = now_ms();
        for (number, event) in (next..).zip(events) {
            let at_ms = match &self.target {
                OpenTarget::Journal { .. } => at_ms,
                OpenTarget::Replay(check) => check.compare(&event, &blobs)?.unwrap_or_default(),
            };
            let one = Recorded { number, at_ms, event };
            after.apply(&one)?;
            recorded.push(one);
        }
        let after = Arc::new(after);
        match &self.target {
            OpenTarget::Replay(_) => recorded.iter().for_each(|event| self.observer.on_event(&self.run, event, &after)),
            OpenTarget::Journal { queue, durable } => {
                if let Some(failed) = durable.borrow().failed.clone() {
                    return Err(failed.into());
                }
                lock(&self.pending_blobs).extend(blobs.iter().map(|blob| (blob.digest.clone(), blob.bytes.clone())));
                let events = recorded.iter().map(|recorded| recorded.event.clone()).collect();
                let batch = Batch { at_ms, next, events, blobs, state: Arc::clone(&after) };
                // The task says why before it stops taking anything.
                queue.send(batch).map_err(|_| durable.borrow().failed.clone().map_or_else(writer_gone, Error::from))?;
            }
        }
        lock(&self.events).extend(recorded);
        *state = after;
        Ok(())
    }

    /// Waits until all that was handed in so far is durable; whoever acts on it outside the host has to.
    pub(crate) async fn durable(&self) -> Result<(), Error> {
        let OpenTarget::Journal { durable, .. } = &self.target else { return Ok(()) };
        let number = self.state().events;
        let mut durable = durable.clone();
        let reached = durable.wait_for(|so_far| so_far.number >= number || so_far.failed.is_some()).await;
        match reached.map_err(|_| writer_gone())?.failed.clone() {
            Some(failed) => Err(failed.into()),
            None => Ok(()),
        }
    }

    /// The record that this run is held against, if it is a replay.
    pub(crate) fn replay_check(&self) -> Option<&Arc<ReplayCheck>> {
        match &self.target {
            OpenTarget::Journal { .. } => None,
            OpenTarget::Replay(check) => Some(check),
        }
    }

    /// The state as it is now.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&lock(&self.state))
    }

    /// Every event so far, locked; never hold it while waiting.
    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Recorded>> {
        lock(&self.events)
    }

    /// The run.
    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    /// Who watches.
    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    /// A blob that an event of this run names.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = lock(&self.pending_blobs).get(digest) {
            return Ok(bytes.clone());
        }
        read_blob(self.journal.as_ref(), digest)
    }

    /// A JSON blob that an event of this run names.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, digest: &Digest) -> Result<T, Error> {
        parse_json(self.journal.as_ref(), digest, &self.blob(digest)?)
    }
}

/// Writes what is handed in, as long as anybody hands in.
struct AppendTask {
    journal: Arc<dyn Journal>,
    run: RunId,
    fence: Fence,
    pending_blobs: Arc<Mutex<HashMap<Digest, Vec<u8>>>>,
    observer: Arc<dyn Observer>,
    progress: watch::Sender<Durable>,
}

impl AppendTask {
    async fn write(self, mut queue: mpsc::UnboundedReceiver<Batch>) {
        let mut batches = Vec::new();
        while queue.recv_many(&mut batches, usize::MAX).await > 0 {
            // Handed to the journal in their order, and made durable by one sync where it can.
            let appends = batches.drain(..).map(|batch| {
                let Batch { at_ms, next, events, blobs, state } = batch;
                let named: Vec<Digest> = blobs.iter().map(|blob| blob.digest.clone()).collect();
                let append = self.journal.append(Append {
                    run: self.run.clone(),
                    fence: self.fence,
                    next,
                    at_ms,
                    events,
                    blobs,
                });
                async move { append.await.map(|recorded| (recorded, named, state)) }
            });
            for written in join_all(appends).await {
                match written {
                    Ok((recorded, named, state)) => self.publish(&recorded, &named, &state),
                    Err(error) => return self.progress.send_modify(|durable| durable.failed = Some(error)),
                }
            }
        }
    }

    fn publish(&self, recorded: &[Recorded], named: &[Digest], state: &State) {
        let mut pending_blobs = lock(&self.pending_blobs);
        named.iter().for_each(|digest| drop(pending_blobs.remove(digest)));
        drop(pending_blobs);
        recorded.iter().for_each(|event| self.observer.on_event(&self.run, event, state));
        self.progress.send_modify(|durable| durable.number = state.events);
    }
}

fn writer_gone() -> Error {
    Error::NotNow("writing to the journal broke off\nhint: resume the run; what was written is safe".to_owned())
}
