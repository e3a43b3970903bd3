//! A journal that lives as long as its last handle: for tests, and for runs that leave nothing behind.
//!
//! Keeps every promise of [`Journal`] except the one about power cuts. Clones share one journal.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use phasegate_process::{Digest, EVENT_FORMAT, Event, Recorded, RunId};

use crate::chain::{End, Stored};
use crate::journal::{record, verified};
use crate::{Blob, Fence, Journal, JournalError, Ownership};

const PLACE: &str = "memory";

/// Events and blobs in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// In the order in which they were first taken.
    order: Vec<RunId>,
    runs: HashMap<RunId, Run>,
    blobs: HashMap<Digest, Vec<u8>>,
    owned: HashSet<RunId>,
}

#[derive(Debug, Default)]
struct Run {
    fence: u64,
    cancel_by: Option<String>,
    events: Vec<Stored>,
    end: End,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    // Nothing between locking and unlocking leaves the maps half changed, so a panic elsewhere does not spoil them.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn append(
        &self,
        run: &RunId,
        fence: Fence,
        next: u64,
        now_ms: u64,
        events: Vec<Event>,
        blobs: Vec<Blob>,
    ) -> Result<Vec<Recorded>, JournalError> {
        let mut kept = self.kept();
        let fenced = |newest| JournalError::Fenced { run: run.clone(), fence, newest: Fence::new(newest) };
        let known = kept.runs.get_mut(run).ok_or_else(|| fenced(0))?;
        if fence != Fence::new(known.fence) {
            return Err(fenced(known.fence));
        }
        let due = known.end.number + 1;
        if next != due {
            return Err(JournalError::Conflict { run: run.clone(), wanted: next, next: due });
        }
        let (recorded, bodies) = record(run, next, now_ms, events)?;
        known.events.extend(bodies.into_iter().map(|body| known.end.go_on(now_ms, EVENT_FORMAT, body)));
        kept.store(blobs);
        Ok(recorded)
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        self.kept().store(blobs);
        Ok(())
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<Stored>, JournalError> {
        let kept = self.kept();
        let events = kept.runs.get(run).into_iter().flat_map(|known| &known.events);
        Ok(events.filter(|event| event.number > number).cloned().collect())
    }

    fn place(&self) -> String {
        PLACE.to_owned()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let kept = self.kept();
        let begun = |run: &&RunId| kept.runs.get(*run).is_some_and(|known| !known.events.is_empty());
        Ok(kept.order.iter().rev().filter(begun).cloned().collect())
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        let bytes = self.kept().blobs.get(digest).cloned();
        bytes.map(|bytes| verified(digest, bytes, PLACE)).transpose()
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError> {
        Ok(self.kept().blobs.contains_key(digest))
    }

    async fn own(&self, run: &RunId) -> Result<Ownership, JournalError> {
        let mut kept = self.kept();
        if !kept.owned.insert(run.clone()) {
            return Err(JournalError::Owned { run: run.clone(), pid: Some(std::process::id()) });
        }
        if !kept.runs.contains_key(run) {
            kept.order.push(run.clone());
        }
        let known = kept.runs.entry(run.clone()).or_default();
        known.fence += 1;
        known.cancel_by = None;
        let held = Held { journal: self.clone(), run: run.clone() };
        Ok(Ownership::new(Fence::new(known.fence), held))
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        Ok(self.kept().owned.contains(run).then(std::process::id))
    }

    async fn ask_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        match self.kept().runs.get_mut(run) {
            Some(known) => known.cancel_by = Some(by.to_owned()),
            None => return Err(JournalError::NoSuchRun { run: run.clone(), place: PLACE.to_owned() }),
        }
        Ok(())
    }

    fn cancel_asked(&self, run: &RunId) -> Result<Option<String>, JournalError> {
        Ok(self.kept().runs.get(run).and_then(|known| known.cancel_by.clone()))
    }
}

impl Kept {
    fn store(&mut self, blobs: Vec<Blob>) {
        for blob in blobs {
            self.blobs.entry(blob.digest).or_insert(blob.bytes);
        }
    }
}

/// Gives the run free when it goes.
struct Held {
    journal: MemoryJournal,
    run: RunId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.journal.kept().owned.remove(&self.run);
    }
}
