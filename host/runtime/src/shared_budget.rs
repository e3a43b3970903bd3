//! A budget that several runs share, beside the budget that each of them has.
//!
//! Every call is reserved in both. When the purse has too little left for a call, the run that asks stops and can be gone on
//! with; no guest ever hears of it, so what a run comes to does not depend on its neighbours. Calls under way are waited for
//! before one is refused.

use phasegate_broker::{BudgetConfig, Cost, Ledger, Reservation, Shortage, Spent};
use phasegate_process::model::Usage;

/// What several runs may use together. Clones share it.
#[derive(Debug, Clone)]
pub struct Purse {
    ledger: Ledger,
    whose: String,
    remedy: String,
}

impl Purse {
    /// A full one. `whose` and `remedy` are for the words when it is used up.
    pub fn new(limits: &BudgetConfig, whose: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ledger: Ledger::new(limits), whose: whose.into(), remedy: remedy.into() }
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
        self.ledger.reserve_in_turn(cost).await.map_err(|shortage| self.words(&shortage))
    }

    fn words(&self, shortage: &Shortage) -> String {
        format!("the budget of {} has too little left: {shortage}\nhint: {}", self.whose, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn purse(calls: u64) -> Purse {
        let limits = BudgetConfig { calls: Some(calls), tokens: None, usd: None };
        Purse::new(&limits, "experiment `x`", "raise [budget] calls in x.toml")
    }

    const CALL: Cost = Cost { tokens: 10, usd: None };
    const ANSWER: Usage = Usage { input_tokens: 5, output_tokens: 5, cached_input_tokens: 0, usd: None };

    #[tokio::test]
    async fn what_was_spent_before_counts_and_the_words_say_whose_budget_it_is() {
        let purse = purse(2);
        purse.restore(ANSWER);
        purse.reserve(CALL).await.unwrap().commit(ANSWER);
        assert_eq!(
            purse.reserve(CALL).await.unwrap_err(),
            "the budget of experiment `x` has too little left: this call may take 1 calls and 0 of 2 are left\n\
             hint: raise [budget] calls in x.toml"
        );
        assert_eq!(purse.spent().calls, 2);
    }

    #[tokio::test]
    async fn a_call_waits_for_those_under_way_and_takes_what_they_give_back() {
        let purse = purse(1);
        let first = purse.reserve(CALL).await.unwrap();
        let waiting = purse.reserve(CALL);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(first);
        assert!(waiting.await.is_ok());
    }
}
