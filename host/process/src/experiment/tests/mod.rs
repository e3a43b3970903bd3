//! Cells of runs, figures of variants, and simulated experiments.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod cells;
mod differences;
mod simulated;

use super::*;
use crate::acceptance::Acceptance;
use crate::result::GateStatus;

/// Returns a cell without judgements and costs.
fn cell(variant: &str, task: &str, repetition: u32, standing: CellStatus) -> Cell {
    let run = format!("{variant}-{repetition}").parse().unwrap();
    let id = CellId { variant: variant.to_owned(), task: task.parse().unwrap(), repetition, run };
    Cell { standing, reason: String::new(), pipeline: Some("tsp".to_owned()), ..Cell::not_started(id) }
}

fn costing(tokens: u64, usd: Option<f64>, cell: Cell) -> Cell {
    Cell { cost: RunCost { tokens, usd, calls: 1, ..cell.cost }, ..cell }
}

fn tested(acceptance: Acceptance, cell: Cell) -> Cell {
    Cell { acceptance, ..cell }
}

#[test]
fn figures_count_ended_runs_only() {
    use CellStatus::{Failed, NotStarted, Overridden, Passed, Waiting};
    let cells = vec![
        costing(100, Some(0.1), cell("a", "TASK-1", 1, Passed)),
        costing(100, Some(0.1), cell("a", "TASK-1", 2, Overridden)),
        costing(300, Some(0.3), cell("a", "TASK-2", 1, Failed)),
        costing(100, Some(0.1), cell("a", "TASK-2", 2, Waiting)),
        cell("a", "TASK-3", 1, NotStarted),
    ];
    let results = Results::new("x", None, cells);
    let a = &results.variants[0];
    assert_eq!((a.runs, a.ended, a.passed, a.overridden, a.failed), (5, 3, 1, 1, 1));
    assert_eq!((a.waiting, a.not_started, a.started), (1, 1, 4));
    let rate = a.pass_rate.unwrap();
    assert_eq!((rate.n, rate.value), (3, 1.0 / 3.0));
    assert_eq!(a.possible_pass_rates(), Some((0.2, 0.6)));
    assert_eq!(a.usd_per_passed.unwrap().value, 0.6, "all that was spent, for the one that passed");
    assert_eq!(a.tokens_per_passed, Some(600.0));
    assert_eq!(a.usd_per_run.unwrap().n, 3);
    assert_eq!(results.tasks[1].variants, [PassCounts { passed: 0, accepted: 0, not_run: 0, ended: 1, runs: 2 }]);
    assert!(!results.is_complete() && results.answer.is_empty());
}

#[test]
fn unknown_prices_make_costs_unknown() {
    let cells = vec![
        costing(100, None, cell("a", "TASK-1", 1, CellStatus::Passed)),
        costing(100, Some(0.1), cell("a", "TASK-1", 2, CellStatus::Passed)),
        costing(100, Some(0.1), cell("b", "TASK-1", 1, CellStatus::Failed)),
    ];
    let unknown = Results::new("x", None, cells);
    let [a, b] = &unknown.variants[..] else { unreachable!() };
    assert_eq!((a.usd, a.usd_per_run, a.usd_per_passed, a.tokens_per_passed), (None, None, None, Some(100.0)));
    assert_eq!((b.usd, b.usd_per_passed), (Some(0.1), None));
    let measures: Vec<_> = unknown.differences[0].measures.iter().map(|difference| difference.measure).collect();
    assert_eq!(measures, [Measure::PassRate, Measure::FailedJudgements]);
    assert!(unknown.is_complete());
}

#[test]
fn passed_runs_may_not_be_accepted() {
    use CellStatus::{Failed, Passed};
    let wrong = || Acceptance::NotAccepted { reason: "1 of 3 acceptance tests failed".into() };
    let broken = || Acceptance::NotRun { reason: "no test was found in the acceptance tests".into() };
    let cells = vec![
        tested(Acceptance::Accepted, cell("a", "TASK-1", 1, Passed)),
        tested(wrong(), cell("a", "TASK-1", 2, Passed)),
        cell("a", "TASK-1", 3, Failed),
        tested(broken(), cell("a", "TASK-1", 4, Passed)),
        // This task has no acceptance tests.
        cell("a", "TASK-2", 1, Passed),
        cell("a", "TASK-2", 2, Failed),
    ];
    let results = Results::new("x", None, cells);
    let a = &results.variants[0];
    let rate = a.acceptance_rate.unwrap();
    assert_eq!((a.passed, a.accepted, a.passed_not_accepted), (4, 1, 1));
    assert_eq!((rate.n, rate.value), (3, 1.0 / 3.0));
}
