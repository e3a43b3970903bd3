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

use phasegate_broker::{Broker, Budget, BudgetConfig, PriceTable, PromptMeasure, Reservation, worst_case};
use phasegate_journal::Journal;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::charges::{ChargedCost, charges};
use phasegate_process::limits::Limits;
use phasegate_process::model::{Request, Usage};
use phasegate_process::sync::lock;
use phasegate_process::{Recorded, RequestBound, RequestCost};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::charged_cost::charged_cost;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::shared_budget::{SharedBudget, SharedError, SharedReservation};

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

/// Why a request was not reserved.
pub(crate) enum ReserveError {
    /// A budget has too little left.
    Exceeded(Exceeded),
    /// The journal, which holds the shared budget, failed.
    Failed(Error),
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
    pub(crate) async fn reserve(&self, broker: &Broker, request: &Request) -> Result<RequestReservation, ReserveError> {
        let bound = self.bound(broker, request);
        let run = self.run.reserve(bound.most).await.map_err(of_run)?;
        let shared = match &self.shared {
            Some(shared) => Some(shared.reserve(bound.most).await.map_err(|error| of_all(shared, error))?),
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

fn of_run(budget: BudgetExceeded) -> ReserveError {
    ReserveError::Exceeded(Exceeded { owner: BudgetOwner::Run, budget })
}

fn of_all(shared: &SharedBudget, error: SharedError) -> ReserveError {
    match error {
        SharedError::Failed(error) => ReserveError::Failed(error),
        SharedError::Exceeded { exceeded, hint } => {
            let owner = BudgetOwner::Shared { name: shared.owner(), hint };
            ReserveError::Exceeded(Exceeded { owner, budget: exceeded })
        }
    }
}

/// What is set aside for one request in the budgets of its run; given back when it is dropped.
#[must_use = "a reservation that is dropped is given back"]
pub(crate) struct RequestReservation {
    pub(crate) bound: RequestBound,
    run: Reservation,
    shared: Option<SharedReservation>,
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
