//! The budgets of model calls: of one plugin call, of a run, and of several runs together.
//!
//! A call is reserved in each of them at the most it can use, and charged with what it used. Guarantees:
//! - Calls are reserved in the order in which the guest makes them, and wait for calls under way whose result decides.
//!   So a resumed, replayed or forked run allows the calls that the first run allowed.
//! - A call that the journal holds was allowed before and is never refused.
//! - A refused call uses nothing: its reservations are given back.
//!
//! Fails with [`Exceeded`]. The consequence depends on the owner: if the budget of a plugin call is exhausted, the plugin
//! call ends; if the budget of a run or of several runs is exhausted, the run stops and can be resumed.

use phasegate_broker::{Budget, BudgetConfig, Cost, PriceTable, Reservation, Spent, worst_case};
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{Request, Usage};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::run_settings::RunSettings;

/// The owner of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BudgetOwner {
    /// One call of a plugin, bounded by its limits `tokens` and `usd`.
    PluginCall,
    /// The run, bounded by its `[budget]`.
    Run,
    /// Several runs together.
    Shared {
        /// For people: ``experiment `x` ``.
        name: String,
        /// What a person can do about it.
        hint: String,
    },
}

/// A budget with too little left for a call, and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) owner: BudgetOwner,
    pub(crate) budget: BudgetExceeded,
}

/// A budget that several runs share, beside the budget of each. Clones share it.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    budget: Budget,
    name: String,
    hint: String,
}

impl SharedBudget {
    /// Creates a budget of which nothing is used. Errors call its owner `name` (``experiment `x` ``) and carry `hint`.
    pub fn new(limits: &BudgetConfig, name: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { budget: Budget::new(limits), name: name.into(), hint: hint.into() }
    }

    /// Charges an answer that was paid from this budget before.
    pub fn restore(&self, usage: Usage) {
        self.budget.restore(usage);
    }

    /// Returns what is used so far, without calls under way.
    pub fn spent(&self) -> Spent {
        self.budget.spent()
    }

    async fn reserve(&self, cost: Cost) -> Result<Reservation, Exceeded> {
        let owner = || BudgetOwner::Shared { name: self.name.clone(), hint: self.hint.clone() };
        self.budget.reserve(cost).await.map_err(|budget| Exceeded { owner: owner(), budget })
    }
}

/// The budget of a run, and the one that it shares with others.
pub(crate) struct RunBudgets {
    run: Budget,
    shared: Option<SharedBudget>,
}

impl RunBudgets {
    pub(crate) fn new(limits: &BudgetConfig, shared: Option<SharedBudget>) -> Self {
        Self { run: Budget::new(limits), shared }
    }

    /// Charges the run with an answer that is paid already.
    pub(crate) fn restore(&self, usage: Usage) {
        self.run.restore(usage);
    }
}

/// What the models may use for one plugin call, by the limits of the plugin.
pub(crate) struct AttemptBudget {
    budget: Budget,
    /// One for each call under way. Calls that their agent dropped are counted until they are answered.
    places: Semaphore,
}

impl AttemptBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let budget = BudgetConfig { calls: None, tokens: Some(limits.tokens), usd: Some(limits.usd.into()) };
        Self { budget: Budget::new(&budget), places: Semaphore::new(limits.calls_at_once as usize) }
    }
}

/// All budgets of the model calls of one plugin call.
pub(crate) struct Budgets<'a> {
    pub(crate) attempt: &'a AttemptBudget,
    pub(crate) run: &'a RunBudgets,
    pub(crate) settings: &'a RunSettings,
}

/// What is set aside for one call; given back when it is dropped.
#[must_use = "reservations that are dropped are given back"]
pub(crate) struct Reservations<'a> {
    attempt: Reservation,
    run: Option<Reservation>,
    shared: Option<Reservation>,
    _place: Option<SemaphorePermit<'a>>,
}

impl<'a> Budgets<'a> {
    /// Reserves a call in the budget of the plugin call, and in those of the run if `run_cost` is given, the most that
    /// the provider can charge. `is_recorded` is set for calls that the journal holds, which are not refused.
    ///
    /// Must be called in the order of the calls. Waits for a place among the open calls of the attempt, and for calls
    /// under way whose result decides.
    pub(crate) async fn reserve(
        &self,
        request: &Request,
        is_recorded: bool,
        run_cost: Option<Cost>,
    ) -> Result<Reservations<'a>, Exceeded> {
        let model = self.settings.models.configured(request.tier);
        let cost = worst_case(request, model.and_then(|(_, model)| PriceTable::get(&self.settings.prices, model)));
        // A closed semaphore would mean that the attempt is over, and with it this call.
        let place = self.attempt.places.acquire().await.ok();
        let exceeded = |owner| move |budget| Exceeded { owner, budget };
        let attempt = match is_recorded {
            true => self.attempt.budget.reserve_unchecked(cost),
            false => {
                let reserved = self.attempt.budget.reserve(cost).await;
                reserved.map_err(exceeded(BudgetOwner::PluginCall))?
            }
        };
        let mut reservations = Reservations { attempt, run: None, shared: None, _place: place };
        if let Some(cost) = run_cost {
            let reserved = self.run.run.reserve(cost).await;
            reservations.run = Some(reserved.map_err(exceeded(BudgetOwner::Run))?);
            if let Some(shared) = &self.run.shared {
                reservations.shared = Some(shared.reserve(cost).await?);
            }
        }
        Ok(reservations)
    }
}

impl Reservations<'_> {
    /// Charges every budget that the call is reserved in, and gives back the rest.
    pub(crate) fn commit(self, usage: Usage) {
        let Self { attempt, run, shared, _place } = self;
        [Some(attempt), run, shared].into_iter().flatten().for_each(|reservation| reservation.commit(usage));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shared_budget(calls: u64) -> SharedBudget {
        let limits = BudgetConfig { calls: Some(calls), tokens: None, usd: None };
        SharedBudget::new(&limits, "experiment `x`", "raise [budget] calls in x.toml")
    }

    const CALL: Cost = Cost { tokens: 10, usd: None };
    const ANSWER: Usage = Usage { input_tokens: 5, output_tokens: 5, cached_input_tokens: 0, usd: None };

    #[tokio::test]
    async fn earlier_answers_count_and_the_owner_is_named() {
        let budget = shared_budget(2);
        budget.restore(ANSWER);
        budget.reserve(CALL).await.unwrap().commit(ANSWER);
        let exceeded = budget.reserve(CALL).await.unwrap_err();
        let hint = "raise [budget] calls in x.toml".to_owned();
        assert_eq!(exceeded.owner, BudgetOwner::Shared { name: "experiment `x`".to_owned(), hint });
        assert_eq!(budget.spent().calls, 2);
    }

    #[tokio::test]
    async fn a_call_waits_for_calls_under_way() {
        let budget = shared_budget(1);
        let first = budget.reserve(CALL).await.unwrap();
        let waiting = budget.reserve(CALL);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(first);
        assert!(waiting.await.is_ok());
    }
}
