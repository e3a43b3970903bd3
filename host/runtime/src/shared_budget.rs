//! The budget of an experiment, which all its runs share through the journal, in every process.
//!
//! Guarantees: at the moment of a reservation, what all runs have used and reserved is within each limit, whichever processes
//! execute them; the limits are those that were set last. A process that ends without settling leaves its reservations, until
//! the run has a new owner or another run needs the room: then they are replaced by what the events of the run say.
//! Fails with [`SharedError`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phasegate_broker::{BudgetConfig, Spent};
use phasegate_journal::{BudgetLimits, BudgetState, Fence, Journal, JournalError, Payer};
use phasegate_process::budget::{Amount, BudgetExceeded, Cost};
use phasegate_process::sync::lock;
use phasegate_process::{Recorded, RequestCost, RunId};
use tokio::sync::Notify;

use crate::charged_cost::paid;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::store::blobs::read_json;
use crate::store::load::load_run;

/// How often a request that waits looks for what other processes have settled.
const POLL: Duration = Duration::from_millis(200);

/// Why nothing was reserved.
pub(crate) enum SharedError {
    /// Too little is left.
    Exceeded {
        exceeded: BudgetExceeded,
        /// What a person can do about it.
        hint: String,
    },
    /// The journal failed.
    Failed(Error),
}

impl From<Error> for SharedError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<JournalError> for SharedError {
    fn from(error: JournalError) -> Self {
        Self::Failed(error.into())
    }
}

/// The budget of an experiment in a journal.
#[derive(Clone, Copy)]
pub struct ExperimentBudget<'a> {
    journal: &'a Arc<dyn Journal>,
    experiment: &'a str,
}

impl<'a> ExperimentBudget<'a> {
    /// Names the budget of an experiment.
    pub fn new(journal: &'a Arc<dyn Journal>, experiment: &'a str) -> Self {
        Self { journal, experiment }
    }

    /// Returns the limits that were set last, and the file that set them.
    pub fn limits(self) -> Result<Option<(BudgetConfig, String)>, Error> {
        let limits = self.journal.budget(self.experiment)?.limits;
        Ok(limits.map(|known| (BudgetConfig::from_bounds(known.limits), known.source)))
    }

    /// Sets the limits, for every process that works on the experiment.
    pub async fn set_limits(self, limits: &BudgetConfig, source: &str) -> Result<(), Error> {
        let limits = BudgetLimits { limits: limits.bounds(), source: source.to_owned() };
        Ok(self.journal.set_budget(self.experiment, limits).await?)
    }

    /// Charges what these runs of the experiment have used, where the journal does not know it: runs of older versions, and those
    /// whose process ended in a request. Runs that a process executes are left to it.
    pub async fn restore(self, runs: impl IntoIterator<Item = &RunId>) -> Result<(), Error> {
        let known = self.journal.budget(self.experiment)?;
        let settled = |run: &&RunId| known.runs.iter().any(|it| it.run == **run && it.reserved == Amount::default());
        for run in runs.into_iter().filter(|run| !settled(run)) {
            restore(self.journal, self.experiment, run).await?;
        }
        Ok(())
    }

    /// Returns what all runs have used, without requests under way. `runs` are those of the experiment: the events of one that
    /// the journal has not charged yet are read.
    pub fn spent<'b>(self, runs: impl IntoIterator<Item = &'b RunId>) -> Result<Spent, Error> {
        let known = self.journal.budget(self.experiment)?;
        let mut charged = known.charged();
        for run in runs.into_iter().filter(|run| known.runs.iter().all(|it| it.run != **run)) {
            charged = charged.plus(used_by(self.journal, run)?);
        }
        Ok(charged.into())
    }
}

/// Charges a run from its events, and drops its reservations. Returns false if a process owns it.
async fn restore(journal: &Arc<dyn Journal>, experiment: &str, run: &RunId) -> Result<bool, Error> {
    let owned = match journal.acquire(run).await {
        Err(JournalError::Owned { .. }) => return Ok(false),
        owned => owned?,
    };
    let payer = Payer { budget: experiment.to_owned(), run: run.clone(), fence: owned.fence() };
    journal.set_charge(&payer, used_by(journal, run)?).await?;
    Ok(true)
}

/// Returns what a run has used, from its events.
fn used_by(journal: &Arc<dyn Journal>, run: &RunId) -> Result<Amount, Error> {
    let (state, events) = load_run(journal.as_ref(), run)?;
    let settings: RunSettings = read_json(journal.as_ref(), &state.created.settings)?;
    used(journal, run, &events, &settings)
}

fn used(journal: &Arc<dyn Journal>, run: &RunId, events: &[Recorded], settings: &RunSettings) -> Result<Amount, Error> {
    // The events that a fork shares were paid by its origin.
    let shared = journal.origin(run)?.map_or(0, |(_, shared)| shared);
    let own = events.get(shared as usize..).unwrap_or_default();
    Ok(paid(own, journal.as_ref(), &settings.prices))
}

/// The requests of one process that wait for a budget.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Held by the request that waits for others to settle, so that later requests queue behind it.
    turn: tokio::sync::Mutex<()>,
    settled: Notify,
}

/// The queues of one process, by experiment.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<String, Arc<Queue>>>);

impl Queues {
    pub(crate) fn of(&self, experiment: &str) -> Arc<Queue> {
        Arc::clone(lock(&self.0).entry(experiment.to_owned()).or_default())
    }
}

/// The budget of an experiment, as one of its runs uses it. Clones are the same.
#[derive(Clone)]
pub(crate) struct SharedBudget {
    journal: Arc<dyn Journal>,
    payer: Payer,
    queue: Arc<Queue>,
}

impl SharedBudget {
    /// Charges a run, which this process owns, with its events, and lets it reserve.
    pub(crate) async fn join(
        journal: &Arc<dyn Journal>,
        queue: Arc<Queue>,
        experiment: &str,
        (run, fence): (&RunId, Fence),
        events: &[Recorded],
        settings: &RunSettings,
    ) -> Result<Self, Error> {
        let payer = Payer { budget: experiment.to_owned(), run: run.clone(), fence };
        journal.set_charge(&payer, used(journal, run, events, settings)?).await?;
        Ok(Self { journal: Arc::clone(journal), payer, queue })
    }

    /// Returns the name of the budget's owner for people.
    pub(crate) fn owner(&self) -> String {
        format!("experiment `{}`", self.payer.budget)
    }

    /// Reserves the worst case of a request. One that does not fit waits for those under way, in this and in other processes.
    /// The caller must hold no reservation of this budget.
    pub(crate) async fn reserve(&self, cost: Cost) -> Result<SharedReservation, SharedError> {
        let amount = Amount::from(cost);
        let _turn = self.queue.turn.lock().await;
        loop {
            let settled = self.queue.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if let Some(reserved) = self.try_reserve(amount).await? {
                return Ok(reserved);
            }
            let state = self.journal.budget(&self.payer.budget)?;
            if state.check(amount).is_ok() {
                continue;
            }
            // What is under way cannot make room if the rest alone leaves none.
            let limits = state.limits.as_ref().map(|known| known.limits).unwrap_or_default();
            if let Err(exceeded) = limits.check(state.charged(), amount) {
                return Err(SharedError::Exceeded { exceeded, hint: render_hint(&state) });
            }
            if self.restore_abandoned(&state).await? {
                continue;
            }
            tokio::select! {
                () = settled => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Reserves an amount, if it fits. A caller that stops waiting leaves no reservation.
    async fn try_reserve(&self, amount: Amount) -> Result<Option<SharedReservation>, Error> {
        let budget = self.clone();
        let reserving = tokio::spawn(async move {
            let fits = budget.journal.reserve(&budget.payer, amount).await?;
            Ok(fits.then(|| SharedReservation { budget, amount, used: Amount::default() }))
        });
        // The task ends with the process only.
        reserving.await.unwrap_or(Ok(None))
    }

    /// Replaces the reservations of runs that no process executes. Returns whether there were any.
    async fn restore_abandoned(&self, state: &BudgetState) -> Result<bool, Error> {
        let mut restored = false;
        for other in state.runs.iter().filter(|run| run.reserved != Amount::default()) {
            if self.journal.owner(&other.run)?.is_none() {
                restored |= restore(&self.journal, &self.payer.budget, &other.run).await?;
            }
        }
        Ok(restored)
    }
}

fn render_hint(state: &BudgetState) -> String {
    let source = state.limits.as_ref().map_or("the file of the experiment", |limits| &limits.source);
    format!("nothing is lost; raise [budget] in {source}, then run `phasegate experiment {source}`")
}

/// What is set aside for one request; given back when it is dropped.
#[must_use = "a reservation that is dropped is given back"]
pub(crate) struct SharedReservation {
    budget: SharedBudget,
    amount: Amount,
    used: Amount,
}

impl SharedReservation {
    /// Charges what the request used, and gives back the rest.
    pub(crate) fn commit(mut self, cost: RequestCost) {
        self.used = cost.into();
    }
}

impl Drop for SharedReservation {
    fn drop(&mut self) {
        let SharedBudget { journal, payer, queue } = &self.budget;
        let queue = Arc::clone(queue);
        let done = move |settled: Result<(), JournalError>| {
            if let Err(error) = settled {
                // The next owner of the run computes its charge anew.
                tracing::warn!(%error, "a reservation is not settled");
            }
            queue.settled.notify_waiters();
        };
        journal.settle_reservation(payer, self.amount, self.used, Box::new(done));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_journal::MemoryJournal;
    use phasegate_process::model::Usage;

    use super::*;

    const CALL: Cost = Cost { tokens: 10, usd: None };
    const ANSWER: RequestCost =
        RequestCost::Known(Usage { input_tokens: 5, output_tokens: 5, cached_input_tokens: 0, usd: None });

    /// A run of an experiment that may make `calls` calls.
    async fn budget(calls: u64) -> (phasegate_journal::Ownership, SharedBudget) {
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
        let limits = BudgetConfig { calls: Some(calls), tokens: None, usd: None };
        ExperimentBudget::new(&journal, "x").set_limits(&limits, "x.toml").await.unwrap();
        let run: RunId = "run-1".parse().unwrap();
        let owned = journal.acquire(&run).await.unwrap();
        let payer = Payer { budget: "x".to_owned(), run, fence: owned.fence() };
        (owned, SharedBudget { journal, payer, queue: Arc::default() })
    }

    #[tokio::test]
    async fn exceeded_budgets_name_what_to_do() {
        let (_owned, budget) = budget(1).await;
        budget.reserve(CALL).await.ok().unwrap().commit(ANSWER);
        let Err(SharedError::Exceeded { exceeded, hint }) = budget.reserve(CALL).await else { unreachable!() };
        assert_eq!(exceeded.to_string(), "call budget exhausted: needs 1, 0 of 1 left");
        assert_eq!(hint, "nothing is lost; raise [budget] in x.toml, then run `phasegate experiment x.toml`");
        assert_eq!(budget.owner(), "experiment `x`");
        assert_eq!(ExperimentBudget::new(&budget.journal, "x").spent([]).unwrap().tokens, 10);
    }

    #[tokio::test]
    async fn a_request_waits_for_requests_under_way() {
        let (_owned, budget) = budget(1).await;
        let first = budget.reserve(CALL).await.ok().unwrap();
        let waiting = budget.reserve(CALL);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(first);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn abandoned_waits_leave_no_reservation() {
        let (_owned, budget) = budget(1).await;
        {
            let reserving = budget.reserve(CALL);
            tokio::pin!(reserving);
            assert!(futures::poll!(reserving.as_mut()).is_pending());
        }
        assert!(budget.reserve(CALL).await.is_ok());
    }
}
