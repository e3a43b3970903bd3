//! Appends the events of one run: folds them into its state at once, and hands them to the journal in their order.
//!
//! A background task writes them, together with all that arrive while it waits for the disk, so that the run loop does
//! not wait for each sync. Guarantees:
//! - Events become durable in their order, with the blobs that they name, and are shown to the observer after that.
//! - [`JournalWriter::durable`] waits for them; whatever leaves the host has to wait for it.
//! - After a failure nothing more is accepted.
//!
//! Fails when the journal fails, and when another process has taken the run over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::join_all;
use phasegate_journal::{Append, Blob, Fence, Journal, JournalError};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, Event, Recorded, RunId};
use tokio::sync::{mpsc, watch};

use crate::error::{Error, ErrorCode};
use crate::observer::Observer;
use crate::store::blobs::{now_ms, parse_json, read_blob};
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
    state: Mutex<Arc<State>>,
    events: Mutex<Vec<Recorded>>,
    /// Blobs that were appended and are not durable yet.
    pending_blobs: Arc<Mutex<HashMap<Digest, Blob>>>,
    target: OpenTarget,
    observer: Arc<dyn Observer>,
}

enum OpenTarget {
    Journal { queue: mpsc::UnboundedSender<Batch>, durable: watch::Receiver<Durable> },
    Replay(Arc<ReplayCheck>),
}

/// The events of one call of `append`.
struct Batch {
    at_ms: u64,
    /// The number of the first event.
    next: u64,
    events: Vec<Event>,
    blobs: Vec<Blob>,
    /// The state after the last event.
    state: Arc<State>,
}

/// How far the journal has come.
#[derive(Clone)]
struct Durable {
    number: u64,
    failed: Option<JournalError>,
}

impl JournalWriter {
    /// Creates a writer for a run with these events and the state that they lead to. Needs a tokio runtime.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        target: WriteTarget,
        state: State,
        events: Vec<Recorded>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let run = state.created.run_id.clone();
        let pending_blobs: Arc<Mutex<HashMap<Digest, Blob>>> = Arc::default();
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

    /// Folds events and hands them to the journal with the blobs that they name, all or none. Fails if an event cannot
    /// follow, if it differs from the record of a replay, and if writing has failed before.
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
                lock(&self.pending_blobs).extend(blobs.iter().map(|blob| (blob.digest.clone(), blob.clone())));
                let events = recorded.iter().map(|recorded| recorded.event.clone()).collect();
                let batch = Batch { at_ms, next, events, blobs, state: Arc::clone(&after) };
                // The task sets the reason before it stops receiving.
                queue.send(batch).map_err(|_| durable.borrow().failed.clone().map_or_else(writer_gone, Error::from))?;
            }
        }
        lock(&self.events).extend(recorded);
        *state = after;
        Ok(())
    }

    /// Waits until everything appended so far is durable. Required before anything outside of the host is told.
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

    /// Returns the record to compare with, if this is a replay.
    pub(crate) fn replay_check(&self) -> Option<&Arc<ReplayCheck>> {
        match &self.target {
            OpenTarget::Journal { .. } => None,
            OpenTarget::Replay(check) => Some(check),
        }
    }

    /// Returns the state after the last event, durable or not.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&lock(&self.state))
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
        if let Some(blob) = lock(&self.pending_blobs).get(digest) {
            return Ok(blob.bytes.to_vec());
        }
        read_blob(self.journal.as_ref(), digest)
    }

    /// Reads a JSON blob that an event of this run names, durable or not.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, digest: &Digest) -> Result<T, Error> {
        parse_json(self.journal.as_ref(), digest, &self.blob(digest)?)
    }
}

/// The background task: writes until the writer is dropped or the journal fails.
struct AppendTask {
    journal: Arc<dyn Journal>,
    run: RunId,
    fence: Fence,
    pending_blobs: Arc<Mutex<HashMap<Digest, Blob>>>,
    observer: Arc<dyn Observer>,
    progress: watch::Sender<Durable>,
}

impl AppendTask {
    async fn write(self, mut queue: mpsc::UnboundedReceiver<Batch>) {
        let mut batches = Vec::new();
        while queue.recv_many(&mut batches, usize::MAX).await > 0 {
            // The journal gets them in their order and makes all of them durable with one sync if it can.
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
    let hint = "resume the run; everything written so far is safe";
    Error::rejected(ErrorCode::HostFailed, "writing to the journal ended early", hint)
}
