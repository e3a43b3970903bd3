//! The budgets of model calls: of one plugin call, of a run, and of several runs together.
//!
//! The budget of a plugin call counts calls: each is reserved at its worst case and charged with its answer. The budgets of a
//! run and of several runs count requests, those that failed included: each is reserved at the most it can use, as far as
//! measured prompts are like it, and charged with what it used, or with its reservation where that is unknown. Guarantees:
//! - Calls are reserved in the order in which the guest makes them, and wait for calls under way whose result decides.
//!   So a resumed, replayed or forked run allows the calls that the first run allowed.
//! - A call that the journal holds was allowed before, and no plugin call ends because of it.
//! - A provider that fails uses nothing of the budget of a plugin call.
//! - A refused call uses nothing: its reservations are given back.
//! - A resumed run charges the same from its events: see [`RunBudgets::restore`].
//!
//! If the budget of a plugin call is exhausted, the plugin call ends; if the budget of a run or of several runs is exhausted
//! ([`Exceeded`]), the run stops and can be resumed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use phasegate_broker::{Broker, Budget, BudgetConfig, PriceTable, PromptMeasure, Reservation, Spent, worst_case};
use phasegate_journal::Journal;
use phasegate_process::budget::{BudgetExceeded, Cost};
use phasegate_process::charges::{Charge, ChargedCost, charges};
use phasegate_process::limits::Limits;
use phasegate_process::model::{Request, Usage};
use phasegate_process::sync::lock;
use phasegate_process::{Recorded, RequestBound, RequestCost};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::run_settings::RunSettings;
use crate::store::blobs::read_json;

/// The owner of a budget of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BudgetOwner {
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

/// A budget with too little left for a request, and its owner.
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

    /// Charges the requests of a run that were paid from this budget before.
    pub fn restore(&self, events: &[Recorded], journal: &dyn Journal, prices: &PriceTable) {
        for charge in charges(events).iter().filter(|charge| !charge.recorded) {
            self.budget.restore(charged_cost(charge, journal, prices));
        }
    }

    /// Returns what is used so far, without calls under way.
    pub fn spent(&self) -> Spent {
        self.budget.spent()
    }

    async fn reserve(&self, cost: Cost) -> Result<Reservation, Exceeded> {
        self.budget.reserve(cost).await.map_err(|budget| self.exceeded(budget))
    }

    fn exceeded(&self, budget: BudgetExceeded) -> Exceeded {
        let owner = BudgetOwner::Shared { name: self.name.clone(), hint: self.hint.clone() };
        Exceeded { owner, budget }
    }
}

/// The budget of a run, and the one that it shares with others.
pub(crate) struct RunBudgets {
    run: Budget,
    shared: Option<SharedBudget>,
    /// The prompts of answered requests, by model.
    measures: Mutex<BTreeMap<String, PromptMeasure>>,
}

impl RunBudgets {
    pub(crate) fn new(limits: &BudgetConfig, shared: Option<SharedBudget>) -> Self {
        Self { run: Budget::new(limits), shared, measures: Mutex::default() }
    }

    /// Charges the run with the requests in its events, those of the run that it forks included.
    pub(crate) fn restore(&self, events: &[Recorded], journal: &dyn Journal, prices: &PriceTable) {
        for charge in charges(events) {
            self.run.restore(charged_cost(&charge, journal, prices));
            if let (ChargedCost::Of(RequestCost::Known(usage)), Some(bytes)) = (charge.cost, charge.prompt_bytes) {
                self.measure(&charge.model, bytes, &usage);
            }
        }
    }

    /// Charges the run with an answer of the run that it forks.
    pub(crate) fn restore_answer(&self, usage: Usage) {
        self.run.restore(usage);
    }

    /// Reserves the most that a request can use.
    ///
    /// Waits for requests under way whose result decides. The caller must hold nothing that these requests need: no
    /// reservation of a request and no permit for calls.
    pub(crate) async fn reserve(&self, broker: &Broker, request: &Request) -> Result<RequestReservation, Exceeded> {
        let bound = self.bound(broker, request);
        let run = self.run.reserve(bound.most).await.map_err(of_run)?;
        let shared = match &self.shared {
            Some(shared) => Some(shared.reserve(bound.most).await?),
            None => None,
        };
        Ok(RequestReservation { bound, run, shared })
    }

    fn bound(&self, broker: &Broker, request: &Request) -> RequestBound {
        broker.bound(request, &self.measure_of(&broker.model_for(request.tier).to_string()))
    }

    /// Returns what is measured of the prompts of a model.
    pub(crate) fn measure_of(&self, model: &str) -> PromptMeasure {
        lock(&self.measures).get(model).copied().unwrap_or_default()
    }

    /// Notes how many tokens the prompt of an answered request had, for later reservations.
    pub(crate) fn measure(&self, model: &str, prompt_bytes: u64, usage: &Usage) {
        lock(&self.measures).entry(model.to_owned()).or_default().add(prompt_bytes, usage);
    }
}

fn of_run(budget: BudgetExceeded) -> Exceeded {
    Exceeded { owner: BudgetOwner::Run, budget }
}

/// Returns what a request counts in a budget. A request of an older run whose result is unknown counts its worst case.
fn charged_cost(charge: &Charge, journal: &dyn Journal, prices: &PriceTable) -> RequestCost {
    match charge.cost {
        ChargedCost::Of(cost) => cost,
        ChargedCost::NoResult(Some(most)) => RequestCost::Unknown(most),
        ChargedCost::NoResult(None) => {
            let price = charge.model.parse().ok().and_then(|model| prices.get(&model));
            // A request that is lost counts as a request without tokens.
            let request = read_json::<Request>(journal, &charge.request).ok();
            RequestCost::Unknown(request.map_or_else(Cost::default, |request| worst_case(&request, price)))
        }
    }
}

/// What is set aside for one request in the budgets of its run; given back when it is dropped.
#[must_use = "a reservation that is dropped is given back"]
pub(crate) struct RequestReservation {
    pub(crate) bound: RequestBound,
    run: Reservation,
    shared: Option<Reservation>,
}

impl RequestReservation {
    /// Charges what the request used, and gives back the rest.
    pub(crate) fn commit(self, cost: RequestCost) {
        self.run.commit(cost);
        self.shared.into_iter().for_each(|shared| shared.commit(cost));
    }
}

/// What the models may use for one plugin call, by the limits of the plugin.
pub(crate) struct AttemptBudget {
    budget: Budget,
    /// One for each call under way. Calls that their agent dropped are counted until they are answered.
    places: Semaphore,
}

/// What is set aside for one call in the budget of its plugin call; given back when it is dropped.
#[must_use = "a reservation that is dropped is given back"]
pub(crate) struct CallReservation<'a> {
    reservation: Reservation,
    _place: Option<SemaphorePermit<'a>>,
}

impl AttemptBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let budget = BudgetConfig { calls: None, tokens: Some(limits.tokens), usd: Some(limits.usd.into()) };
        Self { budget: Budget::new(&budget), places: Semaphore::new(limits.calls_at_once as usize) }
    }

    /// Reserves a call at its worst case. `is_recorded` is set for calls that the journal holds, which are not refused.
    ///
    /// Must be called in the order of the calls. Waits for a place among the open calls of the attempt, and for calls
    /// under way whose result decides.
    pub(crate) async fn reserve(
        &self,
        request: &Request,
        is_recorded: bool,
        settings: &RunSettings,
    ) -> Result<CallReservation<'_>, BudgetExceeded> {
        let model = settings.models.configured(request.tier);
        let cost = worst_case(request, model.and_then(|(_, model)| settings.prices.get(model)));
        // A closed semaphore would mean that the attempt is over, and with it this call.
        let place = self.places.acquire().await.ok();
        let reservation = match is_recorded {
            true => self.budget.reserve_unchecked(cost),
            false => self.budget.reserve(cost).await?,
        };
        Ok(CallReservation { reservation, _place: place })
    }
}

impl CallReservation<'_> {
    /// Charges the usage of the answer, and gives back the rest.
    pub(crate) fn commit(self, usage: Usage) {
        self.reservation.commit(usage);
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
        budget.budget.restore(ANSWER);
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
