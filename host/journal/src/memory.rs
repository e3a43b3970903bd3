//! A journal in memory, for tests and for dry runs. It lasts as long as its last clone; all clones share it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use phasegate_process::budget::Amount;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, EVENT_FORMAT, Recorded, RunId};
use tokio::sync::watch;

use crate::append::{Append, AppendDone, Fork};
use crate::blob::{Blob, keep_referenced, verify_blob};
use crate::budget::{BudgetLimits, BudgetState, Payer, RunCharge};
use crate::chain::{End, StoredEvent};
use crate::error::JournalError;
use crate::import::{Import, Imported, check_import, compare_with_existing};
use crate::journal::{Journal, Removed, SettleDone};
use crate::ownership::{Fence, Ownership};

const LOCATION: &str = "memory";

/// Events and blobs in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they were first acquired.
    order: Vec<RunId>,
    runs: HashMap<RunId, Run>,
    blobs: HashMap<Digest, Bytes>,
    owned: HashSet<RunId>,
    limits: HashMap<String, BudgetLimits>,
}

#[derive(Debug, Default)]
struct Run {
    fence: u64,
    cancel: watch::Sender<Option<String>>,
    origin: Option<(RunId, u64)>,
    imported: Option<u64>,
    /// The run's own events, without those that it shares with its origin.
    events: Vec<StoredEvent>,
    end: End,
    /// The name of its budget, what is charged and what is reserved.
    charge: Option<(String, Amount, Amount)>,
}

impl MemoryJournal {
    /// Creates an empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    fn submit(&self, append: Append, done: AppendDone) {
        let written = self.state().append(append);
        done(written);
    }

    fn request_sync(&self) {}

    async fn fork(&self, mut fork: Fork) -> Result<Vec<Recorded>, JournalError> {
        let mut state = self.state();
        let own_end = state.check_owner(&fork.run, fork.fence)?.end.clone();
        fork.check(&own_end, &state.end(&fork.origin), LOCATION)?;
        let (recorded, bodies) = fork.take_events()?;
        let chain = state.stored(&fork.origin, fork.shared - 1, fork.shared).pop().map(|last| last.chain);
        let imported = state.runs.get(&fork.origin).and_then(|origin| origin.imported);
        let run = state.check_owner(&fork.run, fork.fence)?;
        run.imported = imported.map(|imported| imported.min(fork.shared));
        run.origin = Some((fork.origin, fork.shared));
        run.end = End { number: fork.shared, chain };
        run.append(fork.at_ms, bodies);
        state.store(fork.blobs);
        Ok(recorded)
    }

    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError> {
        Ok(self.state().runs.get(run).and_then(|known| known.origin.clone()))
    }

    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError> {
        let state = self.state();
        let shared = |run: &RunId| {
            state.runs.get(run)?.origin.as_ref().filter(|(origin, _)| origin == of).map(|(_, shared)| *shared)
        };
        Ok(state.order.iter().filter_map(|run| Some((run.clone(), shared(run)?))).collect())
    }

    async fn import(&self, import: Import) -> Result<Imported, JournalError> {
        let Import { run, events, blobs } = import;
        check_import(&run, &events)?;
        let mut state = self.state();
        let found = compare_with_existing(&run, &state.stored(&run, 0, u64::MAX), &events)?;
        if found == Imported::New {
            if state.owned.contains(&run) {
                return Err(JournalError::Owned { run, pid: Some(std::process::id()) });
            }
            let known = state.take(&run);
            known.end = events.last().map(End::at).unwrap_or_default();
            known.imported = Some(known.end.number);
            known.events = events;
        }
        state.store(blobs);
        Ok(found)
    }

    fn imported(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        Ok(self.state().runs.get(run).and_then(|known| known.imported))
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        self.state().store(blobs);
        Ok(())
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<StoredEvent>, JournalError> {
        Ok(self.state().stored(run, number, u64::MAX))
    }

    fn location(&self) -> String {
        LOCATION.to_owned()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let state = self.state();
        let begun = |run: &&RunId| state.runs.get(*run).is_some_and(|known| known.end.number > 0);
        Ok(state.order.iter().rev().filter(begun).cloned().collect())
    }

    fn newest(&self, made_here: bool, count: usize) -> Result<Vec<(RunId, u64)>, JournalError> {
        let state = self.state();
        let wanted = |known: &&Run| known.end.number > 0 && made_here == known.imported.is_none();
        let last = |run: &RunId| state.runs.get(run).filter(wanted).map(|known| (run.clone(), known.end.number));
        Ok(state.order.iter().rev().filter_map(last).take(count).collect())
    }

    fn last_number(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        Ok(self.state().runs.get(run).map(|known| known.end.number).filter(|last| *last > 0))
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        let bytes = self.state().blobs.get(digest).map(|bytes| bytes.to_vec());
        bytes.map(|bytes| verify_blob(digest, bytes, LOCATION)).transpose()
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError> {
        Ok(self.state().blobs.contains_key(digest))
    }

    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError> {
        let mut sizes: Vec<_> =
            self.state().blobs.iter().map(|(digest, bytes)| (digest.clone(), bytes.len() as u64)).collect();
        sizes.sort();
        Ok(sizes)
    }

    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError> {
        let mut state = self.state();
        let (runs, mut blobs): (BTreeSet<_>, BTreeSet<_>) = (runs.into_iter().collect(), blobs.into_iter().collect());
        state.check_removal(&runs)?;
        for (_, known) in state.runs.iter().filter(|(run, _)| !runs.contains(*run)) {
            known.events.iter().for_each(|event| keep_referenced(&mut blobs, &event.body));
        }
        state.order.retain(|run| !runs.contains(run));
        state.runs.retain(|run, _| !runs.contains(run));
        let bytes = blobs.iter().filter_map(|digest| state.blobs.remove(digest)).map(|bytes| bytes.len() as u64);
        let sizes: Vec<u64> = bytes.collect();
        Ok(Removed { runs: runs.len() as u64, blobs: sizes.len() as u64, bytes: sizes.iter().sum() })
    }

    fn check(&self) -> Result<Vec<String>, JournalError> {
        Ok(Vec::new())
    }

    async fn acquire(&self, run: &RunId) -> Result<Ownership, JournalError> {
        let mut state = self.state();
        if !state.owned.insert(run.clone()) {
            return Err(JournalError::Owned { run: run.clone(), pid: Some(std::process::id()) });
        }
        let fence = state.take(run).fence;
        Ok(Ownership::new(Fence::new(fence), OwnershipGuard { journal: self.clone(), run: run.clone() }))
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        Ok(self.state().owned.contains(run).then(std::process::id))
    }

    async fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        match self.state().runs.get(run) {
            Some(known) => known.cancel.send_replace(Some(by.to_owned())),
            None => return Err(JournalError::NoSuchRun { run: run.clone(), location: LOCATION.to_owned() }),
        };
        Ok(())
    }

    fn cancel_request(&self, run: &RunId) -> Result<Option<String>, JournalError> {
        Ok(self.state().runs.get(run).and_then(|known| known.cancel.borrow().clone()))
    }

    fn cancel_requests(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError> {
        match self.state().runs.get(run) {
            Some(known) => Ok(known.cancel.subscribe()),
            None => Err(JournalError::NoSuchRun { run: run.clone(), location: LOCATION.to_owned() }),
        }
    }

    async fn set_budget(&self, budget: &str, limits: BudgetLimits) -> Result<(), JournalError> {
        self.state().limits.insert(budget.to_owned(), limits);
        Ok(())
    }

    fn budget(&self, budget: &str) -> Result<BudgetState, JournalError> {
        Ok(self.state().budget(budget))
    }

    async fn set_charge(&self, payer: &Payer, charged: Amount) -> Result<(), JournalError> {
        let mut state = self.state();
        let run = state.check_owner(&payer.run, payer.fence)?;
        run.charge = Some((payer.budget.clone(), charged, Amount::default()));
        Ok(())
    }

    async fn reserve(&self, payer: &Payer, amount: Amount) -> Result<bool, JournalError> {
        let mut state = self.state();
        let fits = state.budget(&payer.budget).check(amount).is_ok();
        let run = state.check_owner(&payer.run, payer.fence)?;
        if fits {
            run.change_charge(&payer.budget, |charged, reserved| (charged, reserved.plus(amount)));
        }
        Ok(fits)
    }

    fn settle_reservation(&self, payer: &Payer, reservation: Amount, used: Amount, done: SettleDone) {
        let settled = self.state().check_owner(&payer.run, payer.fence).map(|run| {
            run.change_charge(&payer.budget, |charged, reserved| (charged.plus(used), reserved.minus(reservation)));
        });
        done(settled);
    }
}

impl State {
    fn append(&mut self, mut append: Append) -> Result<Vec<Recorded>, JournalError> {
        let run = self.check_owner(&append.run, append.fence)?;
        let due = run.end.number + 1;
        if append.next != due {
            return Err(JournalError::Conflict { run: append.run, wanted: append.next, next: due });
        }
        let (recorded, bodies) = append.take_events()?;
        run.append(append.at_ms, bodies);
        self.store(append.blobs);
        Ok(recorded)
    }

    /// Returns the run if `fence` is that of its newest owner.
    fn check_owner(&mut self, run: &RunId, fence: Fence) -> Result<&mut Run, JournalError> {
        let known = self.runs.get_mut(run);
        let newest = Fence::new(known.as_ref().map_or(0, |known| known.fence));
        let fenced = JournalError::Fenced { run: run.clone(), fence, newest };
        known.filter(|_| fence == newest).ok_or(fenced)
    }

    /// Gives the run, existing or new, to a new owner.
    fn take(&mut self, run: &RunId) -> &mut Run {
        if !self.runs.contains_key(run) {
            self.order.push(run.clone());
        }
        let known = self.runs.entry(run.clone()).or_default();
        known.fence += 1;
        known.cancel.send_replace(None);
        known
    }

    fn budget(&self, name: &str) -> BudgetState {
        let charge = |run: &RunId| {
            let (budget, charged, reserved) = self.runs.get(run)?.charge.as_ref()?;
            (budget == name).then(|| RunCharge { run: run.clone(), charged: *charged, reserved: *reserved })
        };
        BudgetState { limits: self.limits.get(name).cloned(), runs: self.order.iter().filter_map(charge).collect() }
    }

    fn end(&self, run: &RunId) -> End {
        self.runs.get(run).map(|known| known.end.clone()).unwrap_or_default()
    }

    fn check_removal(&self, runs: &BTreeSet<RunId>) -> Result<(), JournalError> {
        for run in runs {
            if self.owned.contains(run) {
                return Err(JournalError::Owned { run: run.clone(), pid: Some(std::process::id()) });
            }
            if !self.runs.contains_key(run) {
                return Err(JournalError::NoSuchRun { run: run.clone(), location: LOCATION.to_owned() });
            }
        }
        let rests_on = |run: &RunId| self.runs.get(run)?.origin.as_ref().map(|(of, _)| of);
        for fork in self.order.iter().filter(|run| !runs.contains(*run)) {
            if let Some(run) = rests_on(fork).filter(|of| runs.contains(*of)) {
                return Err(JournalError::HasForks { run: run.clone(), fork: fork.clone() });
            }
        }
        Ok(())
    }

    /// Returns the events with numbers above `after` and up to `upto`, those of its origins included.
    fn stored(&self, run: &RunId, after: u64, upto: u64) -> Vec<StoredEvent> {
        let Some(known) = self.runs.get(run) else { return Vec::new() };
        let shared = known.origin.as_ref().filter(|(_, shared)| after < *shared);
        let mut events = shared.map_or_else(Vec::new, |(of, shared)| self.stored(of, after, upto.min(*shared)));
        let wanted = |event: &&StoredEvent| event.number > after && event.number <= upto;
        events.extend(known.events.iter().filter(wanted).cloned());
        events
    }

    fn store(&mut self, blobs: Vec<Blob>) {
        for blob in blobs {
            self.blobs.entry(blob.digest).or_insert(blob.bytes);
        }
    }
}

impl Run {
    fn change_charge(&mut self, budget: &str, change: impl FnOnce(Amount, Amount) -> (Amount, Amount)) {
        let (_, charged, reserved) = self.charge.take().unwrap_or_default();
        let (charged, reserved) = change(charged, reserved);
        self.charge = Some((budget.to_owned(), charged, reserved));
    }

    fn append(&mut self, at_ms: u64, bodies: Vec<String>) {
        self.events.extend(bodies.into_iter().map(|body| self.end.push(at_ms, EVENT_FORMAT, body)));
    }
}

/// Releases the run when it is dropped.
struct OwnershipGuard {
    journal: MemoryJournal,
    run: RunId,
}

impl Drop for OwnershipGuard {
    fn drop(&mut self) {
        self.journal.state().owned.remove(&self.run);
    }
}
