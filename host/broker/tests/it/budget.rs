//! Budgets: reservations, charges and limits.

use std::sync::{Arc, Mutex};

use phasegate_broker::{Budget, BudgetConfig, PromptMeasure, Spent};
use phasegate_process::RequestCost;
use phasegate_process::budget::Cost;
use phasegate_process::model::{Tier, Usage};

fn limits(tokens: u64, usd: f64, calls: u64) -> BudgetConfig {
    BudgetConfig { tokens: Some(tokens), usd: Some(usd), calls: Some(calls) }
}

fn cost(tokens: u64, usd: f64) -> Cost {
    Cost { tokens, usd: Some(usd) }
}

fn usage(input_tokens: u64, usd: Option<f64>) -> Usage {
    Usage { input_tokens, usd, ..Usage::default() }
}

fn refused(ledger: &Budget, cost: Cost) -> String {
    ledger.try_reserve(cost).unwrap_err().to_string()
}

#[test]
fn default_budget_limits_tokens_money_and_calls() {
    let default: BudgetConfig = toml::from_str("").unwrap();
    assert_eq!(default, limits(2_000_000, 20.0, 400));
    assert_eq!(default.to_string(), "at most 400 calls, 2000000 tokens, 20.00 USD");
    assert_eq!(BudgetConfig { tokens: None, usd: None, calls: None }.to_string(), "no limit");
}

#[test]
fn limits_round_trip_through_toml() {
    let config: BudgetConfig = toml::from_str("tokens = \"unlimited\"\nusd = 5\ncalls = 3").unwrap();
    assert_eq!(config, BudgetConfig { tokens: None, usd: Some(5.0), calls: Some(3) });
    assert_eq!(toml::from_str::<BudgetConfig>(&toml::to_string(&config).unwrap()).unwrap(), config);
    for (bad, expected) in [
        ("tokens = -1", "`-1` is not a limit: write a number, 0 or more, or \"unlimited\""),
        ("calls = 1.5", "`1.5` is not a limit"),
        ("usd = \"lots\"", "`lots` is not a limit"),
        ("usd = nan", "`NaN` is not a limit"),
        ("usd = true", "a limit is a number, or \"unlimited\""),
        ("token = 1", "unknown field `token`"),
    ] {
        let text = toml::from_str::<BudgetConfig>(bad).unwrap_err().to_string();
        assert!(text.contains(expected), "{bad}: {text}");
    }
}

#[test]
fn reserves_the_worst_case_and_returns_the_rest() {
    let ledger = Budget::new(&limits(1000, 1.0, 10));
    let first = ledger.try_reserve(cost(800, 0.5)).unwrap();
    assert_eq!(refused(&ledger, cost(300, 0.1)), "token budget exhausted: needs 300, 200 of 1000 left");
    first.commit(usage(100, Some(0.25)));
    drop(ledger.try_reserve(cost(300, 0.1)).unwrap());
    assert_eq!(ledger.spent(), Spent { tokens: 100, usd: Some(0.25), calls: 1, unknown_cost_calls: 0 });
    assert!(ledger.try_reserve(cost(900, 0.75)).is_ok());
}

#[test]
fn every_limit_is_enforced_and_named() {
    assert_eq!(
        refused(&Budget::new(&limits(1000, 1.0, 10)), cost(1, 1.5)),
        "USD budget exhausted: needs 1.5000, 1.0000 of 1.0000 left"
    );
    assert_eq!(
        refused(&Budget::new(&limits(1000, 1.0, 0)), cost(1, 0.0)),
        "call budget exhausted: needs 1, 0 of 0 left"
    );
}

#[test]
fn answers_of_unknown_cost_count_tokens() {
    let ledger = Budget::new(&limits(1000, 0.0, 2));
    let unknown = Cost { tokens: 100, usd: None };
    ledger.try_reserve(unknown).unwrap().commit(usage(100, None));
    assert_eq!(ledger.spent(), Spent { tokens: 100, usd: None, calls: 1, unknown_cost_calls: 1 });
    ledger.try_reserve(unknown).unwrap().commit(usage(100, Some(0.5)));
    assert_eq!(ledger.spent(), Spent { tokens: 200, usd: Some(0.5), calls: 2, unknown_cost_calls: 1 });
    assert!(refused(&ledger, unknown).starts_with("call budget exhausted: "));
}

#[test]
fn requests_of_unknown_usage_count_their_reservation() {
    let ledger = Budget::new(&limits(1000, 1.0, 3));
    let most = cost(300, 0.5);
    ledger.try_reserve(most).unwrap().commit(RequestCost::Unknown(most));
    ledger.try_reserve(most).unwrap().commit(RequestCost::Nothing);
    assert_eq!(ledger.spent(), Spent { tokens: 300, usd: Some(0.5), calls: 1, unknown_cost_calls: 0 });
    assert_eq!(refused(&ledger, cost(800, 0.1)), "token budget exhausted: needs 800, 700 of 1000 left");
}

#[test]
fn restores_recorded_usage_beyond_the_limit() {
    let ledger = Budget::new(&limits(100, 1.0, 10));
    ledger.restore(usage(250, Some(0.1)));
    assert_eq!(ledger.spent().tokens, 250);
    assert!(refused(&ledger, cost(1, 0.0)).contains("needs 1, 0 of 100 left"));
}

#[test]
fn dropped_reservations_leave_nothing_behind() {
    let ledger = Budget::new(&limits(1000, 0.3, 10));
    for _ in 0..1000 {
        drop((ledger.try_reserve(cost(10, 0.1)).unwrap(), ledger.try_reserve(cost(10, 0.2)).unwrap()));
    }
    assert!(ledger.try_reserve(cost(1000, 0.3)).is_ok());
    assert_eq!(ledger.spent(), Spent { usd: Some(0.0), ..Spent::default() });
}

/// Six calls with a worst case of 400 tokens that use 150 each, of 1000: sequentially, the fifth exceeds the budget.
#[tokio::test]
async fn overlap_does_not_change_which_calls_fit() {
    let budget = limits(1000, 1.0, 100);
    let mut alone = Vec::new();
    let ledger = Budget::new(&budget);
    for _ in 0..6 {
        let reserved = ledger.reserve(cost(400, 0.0)).await;
        alone.push(reserved.map(|reserved| reserved.commit(usage(150, Some(0.0)))).map_err(|error| error.to_string()));
    }

    let ledger = Budget::new(&budget);
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls = (0..6).map(|number| {
        let (ledger, order) = (ledger.clone(), Arc::clone(&order));
        async move {
            let reserved = ledger.reserve(cost(400, 0.0)).await.map_err(|error| error.to_string())?;
            order.lock().unwrap().push(number);
            tokio::time::sleep(std::time::Duration::from_millis(5 * (7 - number))).await;
            reserved.commit(usage(150, Some(0.0)));
            Ok(())
        }
    });
    let together: Vec<Result<(), String>> = futures::future::join_all(calls).await;
    assert_eq!(together, alone);
    assert_eq!(together.iter().filter(|call| call.is_ok()).count(), 5);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!(ledger.spent().tokens, 750);
}

#[tokio::test]
async fn worst_case_counts_bytes_and_longest_answer() {
    let folder = tempfile::tempdir().unwrap();
    let prices = "[\"openai:m\"]\ninput = 2\noutput = 10";
    let models = crate::common::models("openai:m");
    let priced = crate::common::broker_with(&models, "", prices, folder.path(), &[("OPENAI_API_KEY", "sk-something")])
        .await
        .unwrap();
    let request = crate::common::request(&"ü".repeat(1000));
    let cost = priced.bound(&request, &PromptMeasure::default()).most;
    assert_eq!(cost.tokens, 2000 + 16 + 1000);
    assert!((cost.usd.unwrap() - (2016.0 * 2.0 + 1000.0 * 10.0) / 1e6).abs() < 1e-12);
    let free = crate::common::broker_with(&models, "", "", folder.path(), &[("OPENAI_API_KEY", "sk-something")])
        .await
        .unwrap();
    assert_eq!(free.bound(&request, &PromptMeasure::default()).most.usd, None);
    assert_eq!(free.model_for(Tier::Deep).to_string(), "openai:m");
}
