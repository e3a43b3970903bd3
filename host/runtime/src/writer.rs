//! The pen of one run: appends events, folds them into the run's state, and shows them to whoever watches.
//!
//! Promises: an event is durable before anybody acts on it or sees it; the state is always exactly the fold of what is
//! durable; appends of one run never interleave. Fails when the journal does, or when somebody else has taken the run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use phasegate_journal::{Blob, Fence, Journal};
use phasegate_process::state::State;
use phasegate_process::{Digest, Event, Recorded, RunId};

use crate::record::Record;
use crate::{Error, Watcher};

/// What becomes of an event.
pub(crate) enum Pen {
    /// It is written to the journal, in the name of this owner.
    Journal(Fence),
    /// It is held against what was written.
    Replay(Arc<Record>),
}

/// Writes one run.
pub(crate) struct Writer {
    journal: Arc<dyn Journal>,
    run: RunId,
    pen: Pen,
    state: Mutex<State>,
    events: Mutex<Vec<Recorded>>,
    turn: tokio::sync::Mutex<()>,
    watcher: Arc<dyn Watcher>,
}

impl Writer {
    /// A pen for a run whose events so far are these, folded into this state.
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        pen: Pen,
        state: State,
        events: Vec<Recorded>,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        let run = state.created.run_id.clone();
        let turn = tokio::sync::Mutex::new(());
        Self { journal, run, pen, state: Mutex::new(state), events: Mutex::new(events), turn, watcher }
    }

    /// Makes these events durable, with the blobs they name, and folds them. Once begun it ends, even if whoever waits for
    /// it goes away: otherwise the state would not know whether the journal took them.
    pub(crate) async fn append(self: &Arc<Self>, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        let this = Arc::clone(self);
        let written = tokio::spawn(async move { this.write(events, blobs).await });
        written.await.unwrap_or_else(|gone| Err(Error::NotNow(format!("writing to the journal broke off: {gone}"))))
    }

    async fn write(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let next = self.state().events + 1;
        let recorded = match &self.pen {
            Pen::Journal(fence) => {
                let at_ms = now_ms();
                self.foresee(next, at_ms, &events)?;
                self.journal.append(&self.run, *fence, next, at_ms, events, blobs).await?
            }
            Pen::Replay(record) => held(record, next, events, &blobs)?,
        };
        for one in recorded {
            self.state().apply(&one)?;
            self.watcher.event(&self.run, &one, &self.state());
            self.events().push(one);
        }
        Ok(())
    }

    /// Refuses what cannot follow before it is durable: the answer to a call that its agent no longer waits for, say.
    fn foresee(&self, next: u64, at_ms: u64, events: &[Event]) -> Result<(), Error> {
        let mut state = self.state().clone();
        for (number, event) in (next..).zip(events) {
            state.apply(&Recorded { number, at_ms, event: event.clone() })?;
        }
        Ok(())
    }

    /// The record that this run is held against, if it is a replay.
    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        match &self.pen {
            Pen::Journal(_) => None,
            Pen::Replay(record) => Some(record),
        }
    }

    /// Appends one event that names no new blob.
    pub(crate) async fn append_one(self: &Arc<Self>, event: Event) -> Result<(), Error> {
        self.append(vec![event], Vec::new()).await
    }

    /// The state, locked; never hold it while waiting.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every event so far, locked; never hold it while waiting.
    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run.
    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    /// Who watches.
    pub(crate) fn watcher(&self) -> &Arc<dyn Watcher> {
        &self.watcher
    }

    /// The journal.
    pub(crate) fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    /// A blob that an event of this run names.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        read_blob(self.journal.as_ref(), digest)
    }

    /// A JSON blob that an event of this run names.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, digest: &Digest) -> Result<T, Error> {
        read_json(self.journal.as_ref(), digest)
    }
}

/// The events as they stand in the record, if that is what they are.
fn held(record: &Record, next: u64, events: Vec<Event>, blobs: &[Blob]) -> Result<Vec<Recorded>, Error> {
    let numbered = (next..).zip(events).map(|(number, event)| {
        let at_ms = record.hold(&event, blobs)?.unwrap_or_default();
        Ok(Recorded { number, at_ms, event })
    });
    numbered.collect()
}

/// A blob that must be there.
pub(crate) fn read_blob(journal: &dyn Journal, digest: &Digest) -> Result<Vec<u8>, Error> {
    journal.blob(digest)?.ok_or_else(|| Error::MissingBlob(digest.clone()))
}

/// A JSON blob that must be there.
pub fn read_json<T: serde::de::DeserializeOwned>(journal: &dyn Journal, digest: &Digest) -> Result<T, Error> {
    let bytes = read_blob(journal, digest)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::BadBlob(digest.clone(), error.to_string()))
}

/// JSON as a blob. What the core serialises has no maps with keys that are not text, so it cannot fail; were it to, the
/// blob would be empty and reading it an error.
pub(crate) fn json_blob<T: serde::Serialize>(value: &T) -> Blob {
    Blob::new(serde_json::to_vec(value).unwrap_or_default())
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
