//! Behavior of every journal: budgets that several runs share.

use std::sync::Arc;

use phasegate_journal::{BudgetLimits, Journal, JournalError, Ownership, Payer};
use phasegate_process::RunId;
use phasegate_process::budget::{Amount, AmountLimits};
use tokio::sync::oneshot;

use crate::places::{Place, append, note, run};

const BUDGET: &str = "two";

fn calls(calls: u64) -> Amount {
    Amount { calls, ..Amount::default() }
}

fn limits(calls: u64, source: &str) -> BudgetLimits {
    let limits = AmountLimits { calls: Some(calls), ..AmountLimits::default() };
    BudgetLimits { limits, source: source.to_owned() }
}

/// A run with one event, and its owner.
async fn payer(journal: &Arc<dyn Journal>, id: &RunId) -> (Ownership, Payer) {
    let owned = journal.acquire(id).await.unwrap();
    let payer = Payer { budget: BUDGET.to_owned(), run: id.clone(), fence: owned.fence() };
    if journal.last_number(id).unwrap().is_none() {
        append(&**journal, &owned, id, 1, vec![note("begun")]).await.unwrap();
    }
    (owned, payer)
}

async fn settle(journal: &Arc<dyn Journal>, payer: &Payer, reserved: Amount, used: Amount) -> Result<(), JournalError> {
    let (done, settled) = oneshot::channel();
    journal.settle_reservation(payer, reserved, used, Box::new(move |result| drop(done.send(result))));
    settled.await.unwrap()
}

pub async fn reservations_of_all_runs_stay_within_the_limits(place: &impl Place) {
    let (one, other) = (place.open(), place.open());
    one.set_budget(BUDGET, limits(3, "x.toml")).await.unwrap();
    let (_first, first) = payer(&one, &run("run-a")).await;
    let (_second, second) = payer(&other, &run("run-b")).await;
    assert_eq!(one.reserve(&first, calls(2)).await, Ok(true));
    assert_eq!(other.reserve(&second, calls(2)).await, Ok(false), "of another handle as well");
    assert_eq!(other.reserve(&second, calls(1)).await, Ok(true));
    let state = one.budget(BUDGET).unwrap();
    let exceeded = state.check(calls(1)).unwrap_err().to_string();
    assert_eq!(exceeded, "call budget exhausted: needs 1, 0 of 3 left");
    let reserved: Vec<_> = state.runs.iter().map(|run| (run.run.as_str(), run.reserved.calls)).collect();
    assert_eq!(reserved, [("run-a", 2), ("run-b", 1)]);
    assert_eq!(one.budget("another").unwrap().runs, []);
}

pub async fn settled_reservations_give_back_the_rest(place: &impl Place) {
    let journal = place.open();
    let (_owned, payer) = payer(&journal, &run("run-a")).await;
    let most = Amount { calls: 1, tokens: 900, nanos: 50, unpriced: 0 };
    let used = Amount { tokens: 100, nanos: 0, unpriced: 1, ..most };
    for _ in 0..2 {
        assert_eq!(journal.reserve(&payer, most).await, Ok(true), "without limits everything fits");
    }
    settle(&journal, &payer, most, used).await.unwrap();
    settle(&journal, &payer, most, Amount::default()).await.unwrap();
    let state = journal.budget(BUDGET).unwrap();
    assert_eq!((state.charged(), state.reserved(), state.limits), (used, Amount::default(), None));
}

pub async fn only_the_owner_of_a_run_reserves(place: &impl Place) {
    let journal = place.open();
    let (owned, stale) = payer(&journal, &run("run-a")).await;
    drop(owned);
    let (_owned, owner) = payer(&journal, &run("run-a")).await;
    let fenced = |result: Result<(), JournalError>| matches!(result, Err(JournalError::Fenced { .. }));
    assert!(fenced(journal.reserve(&stale, calls(1)).await.map(drop)));
    assert!(fenced(journal.set_charge(&stale, calls(1)).await));
    assert_eq!(journal.reserve(&owner, calls(1)).await, Ok(true));
    assert!(fenced(settle(&journal, &stale, calls(1), calls(1)).await));
    assert_eq!(journal.budget(BUDGET).unwrap().reserved(), calls(1));
}

pub async fn a_new_owner_replaces_abandoned_reservations(place: &impl Place) {
    let journal = place.open();
    let (owned, payer_before) = payer(&journal, &run("run-a")).await;
    assert_eq!(journal.reserve(&payer_before, calls(2)).await, Ok(true));
    drop(owned);
    let (_owned, owner) = payer(&journal, &run("run-a")).await;
    journal.set_charge(&owner, calls(1)).await.unwrap();
    let state = journal.budget(BUDGET).unwrap();
    assert_eq!((state.charged(), state.reserved()), (calls(1), Amount::default()));
}

pub async fn limits_that_were_set_last_hold(place: &impl Place) {
    let journal = place.open();
    let (_owned, payer) = payer(&journal, &run("run-a")).await;
    journal.set_budget(BUDGET, limits(1, "x.toml")).await.unwrap();
    assert_eq!(journal.reserve(&payer, calls(2)).await, Ok(false));
    place.open().set_budget(BUDGET, limits(u64::MAX, "y.toml")).await.unwrap();
    assert_eq!(journal.reserve(&payer, calls(2)).await, Ok(true));
    assert_eq!(journal.budget(BUDGET).unwrap().limits.unwrap().source, "y.toml");
    place.open().set_budget(BUDGET, limits(2, "y.toml")).await.unwrap();
    assert_eq!(journal.reserve(&payer, calls(1)).await, Ok(false));
}

pub async fn removed_runs_use_nothing(place: &impl Place) {
    {
        let journal = place.open();
        let (_owned, payer) = payer(&journal, &run("run-a")).await;
        journal.set_charge(&payer, calls(5)).await.unwrap();
    }
    let journal = place.open();
    assert_eq!(journal.budget(BUDGET).unwrap().charged(), calls(5));
    journal.remove(vec![run("run-a")], Vec::new()).await.unwrap();
    assert_eq!(journal.budget(BUDGET).unwrap().runs, []);
}
