#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::event::{RunStatus, Verdict};
use crate::fixtures::RunBuilder;
use crate::work::Severity;

fn cell(variant: &str, task: &str, repetition: u32, standing: CellStatus, cost: RunCost) -> Cell {
    let run = format!("{variant}-{repetition}").parse().unwrap();
    let id = CellId { variant: variant.to_owned(), task: task.parse().unwrap(), repetition, run };
    Cell { standing, reason: String::new(), cost, ..Cell::not_started(id) }
}

fn cost(gate_attempts: usize, tokens: u64, usd: Option<f64>) -> RunCost {
    RunCost { gate_attempts, tokens, usd, calls: 1, ..RunCost::default() }
}

#[test]
fn figures_count_ended_runs_only() {
    let results = Results::new(
        "x",
        vec![
            cell("a", "TASK-1", 1, CellStatus::Passed, cost(3, 100, Some(0.1))),
            cell("a", "TASK-1", 2, CellStatus::Passed, cost(5, 100, Some(0.1))),
            cell("a", "TASK-2", 1, CellStatus::Failed, cost(9, 300, Some(0.3))),
            cell("a", "TASK-2", 2, CellStatus::Waiting, cost(1, 100, Some(0.1))),
            cell("a", "TASK-3", 1, CellStatus::NotStarted, RunCost::default()),
        ],
    );
    let a = &results.variants[0];
    assert_eq!((a.runs, a.passed, a.failed, a.waiting, a.not_started), (5, 2, 1, 1, 1));
    let rate = a.pass_rate.unwrap();
    assert_eq!((rate.n, rate.value), (3, 2.0 / 3.0));
    let attempts = a.attempts_to_pass.unwrap();
    assert_eq!((attempts.n, attempts.value), (2, 4.0));
    assert!((a.usd_per_passed.unwrap() - 0.3).abs() < 1e-12, "all that was spent, for two that passed");
    assert_eq!(a.tokens_per_passed, Some(300.0));
    assert_eq!(results.tasks[1].variants, [PassCounts { passed: 0, ended: 1, runs: 2 }]);
    assert!(!results.is_complete());
}

#[test]
fn unknown_prices_make_costs_unknown() {
    let unknown = Results::new(
        "x",
        vec![
            cell("a", "TASK-1", 1, CellStatus::Passed, cost(3, 100, None)),
            cell("a", "TASK-1", 2, CellStatus::Passed, cost(3, 100, Some(0.1))),
            cell("b", "TASK-1", 1, CellStatus::Failed, cost(3, 100, Some(0.1))),
        ],
    );
    let [a, b] = &unknown.variants[..] else { unreachable!() };
    assert_eq!((a.usd, a.usd_per_passed, a.tokens_per_passed), (None, None, Some(100.0)));
    assert_eq!((b.usd, b.usd_per_passed, b.attempts_to_pass), (Some(0.1), None, None));
    assert!(unknown.is_complete());
}

fn cell_id() -> CellId {
    let (task, run) = ("TASK-1".parse().unwrap(), "run-1".parse().unwrap());
    CellId { variant: "a".into(), task, repetition: 1, run }
}

#[test]
fn cells_count_judgements_and_escaped_issues() {
    let mut run = RunBuilder::reviewed_twice();
    run.finish(RunStatus::Passed);
    let cell = Cell::from_run(cell_id(), &run.state, &run.events);
    assert_eq!(
        (cell.standing, cell.cost.gate_attempts, cell.cost.calls, cell.cost.escaped),
        (CellStatus::Passed, 2, 5, 0)
    );
}

#[test]
fn counts_an_escaped_design_fault_once() {
    let mut run = RunBuilder::with_pipeline("tsp");
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]);
    run.work("code", 1, Some("generated_code"));
    run.work("code-review", 1, None).judge("code-review", 1, Verdict::Failed, &[Severity::Critical]);
    assert_eq!(Cell::from_run(cell_id(), &run.state, &run.events).cost.escaped, 1);
}
