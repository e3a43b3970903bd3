//! The budgets beside that of a run: of one plugin's call, and of several runs together.
//!
//! A plugin's call: what the models may take for one assignment, tokens and money, as its limits say.
//!
//! Promises: calls are judged in the order in which the guest asked, each at its worst case and by what the answers before
//! it took, which is in their record. So a run that is gone on with, replayed or forked lets through what the first one did,
//! and a call that the record holds is never refused. A refused call leaves nothing behind: it is refused again whenever
//! it is asked again. Fails with [`BudgetExceeded`], which ends the plugin's call.

use phasegate_broker::{Budget, BudgetConfig, Cost, PriceTable, Reservation, Spent, worst_case};
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{Request, Usage};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::run_settings::RunSettings;

pub(crate) struct AttemptBudget {
    ledger: Budget,
    /// Calls that their agent gave up are still under way: they count here, where nothing of it can be seen by a guest.
    places: Semaphore,
}

/// A call that was let through.
pub(crate) struct Allowed<'a> {
    /// What may be used for it.
    pub(crate) reservation: Reservation,
    _place: Option<SemaphorePermit<'a>>,
}

impl AttemptBudget {
    pub(crate) fn new(limits: &Limits) -> Self {
        let budget = BudgetConfig { calls: None, tokens: Some(limits.tokens), usd: Some(limits.usd.into()) };
        Self { ledger: Budget::new(&budget), places: Semaphore::new(limits.calls_at_once as usize) }
    }

    /// Waits for a place, and for calls under way whose outcome decides. To be asked in the order of the calls; `known` are
    /// those that the record holds.
    pub(crate) async fn let_through(
        &self,
        request: &Request,
        settings: &RunSettings,
        known: bool,
    ) -> Result<Allowed<'_>, BudgetExceeded> {
        let model = settings.models.configured(request.tier);
        let worst = worst_case(request, model.and_then(|(_, model)| PriceTable::get(&settings.prices, model)));
        // A closed semaphore would mean that the attempt is over, and with it this call.
        let place = self.places.acquire().await.ok();
        let reservation = match known {
            true => self.ledger.reserve_unchecked(worst),
            false => self.ledger.reserve(worst).await?,
        };
        Ok(Allowed { reservation, _place: place })
    }
}

/// What several runs may use together. Clones share it.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    ledger: Budget,
    whose: String,
    remedy: String,
}

impl SharedBudget {
    /// A full one. `whose` and `remedy` are for the words when it is used up.
    pub fn new(limits: &BudgetConfig, whose: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ledger: Budget::new(limits), whose: whose.into(), remedy: remedy.into() }
    }

    /// Counts an answer that was paid from it before.
    pub fn restore(&self, usage: Usage) {
        self.ledger.restore(usage);
    }

    /// What is used so far.
    pub fn spent(&self) -> Spent {
        self.ledger.spent()
    }

    /// Puts a call's worst case aside, or says that there is too little left.
    pub(crate) async fn reserve(&self, cost: Cost) -> Result<Reservation, String> {
        self.ledger.reserve(cost).await.map_err(|exceeded| self.words(&exceeded))
    }

    fn words(&self, shortage: &BudgetExceeded) -> String {
        format!("the budget of {} has too little left: {shortage}\nhint: {}", self.whose, self.remedy)
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
    async fn what_was_spent_before_counts_and_the_words_say_whose_budget_it_is() {
        let shared_budget = shared_budget(2);
        shared_budget.restore(ANSWER);
        shared_budget.reserve(CALL).await.unwrap().commit(ANSWER);
        assert_eq!(
            shared_budget.reserve(CALL).await.unwrap_err(),
            "the budget of experiment `x` has too little left: call budget exhausted: needs 1, 0 of 2 left\n\
             hint: raise [budget] calls in x.toml"
        );
        assert_eq!(shared_budget.spent().calls, 2);
    }

    #[tokio::test]
    async fn a_call_waits_for_those_under_way_and_takes_what_they_give_back() {
        let shared_budget = shared_budget(1);
        let first = shared_budget.reserve(CALL).await.unwrap();
        let waiting = shared_budget.reserve(CALL);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(first);
        assert!(waiting.await.is_ok());
    }
}
