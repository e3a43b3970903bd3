#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::fixtures::ByHand;
use crate::{RunStatus, Severity, Verdict};

fn cell(variant: &str, task: &str, repetition: u32, standing: Standing, took: Took) -> Cell {
    let run = format!("{variant}-{repetition}").parse().unwrap();
    let place = Place { variant: variant.to_owned(), task: task.parse().unwrap(), repetition, run };
    Cell { place, standing, reason: String::new(), took }
}

fn took(gate_attempts: usize, tokens: u64, usd: Option<f64>) -> Took {
    Took { gate_attempts, tokens, usd, calls: 1, ..Took::default() }
}

#[test]
fn figures_count_ended_runs_and_costs_count_all() {
    let results = Results::of(
        "x",
        vec![
            cell("a", "TASK-1", 1, Standing::Passed, took(3, 100, Some(0.1))),
            cell("a", "TASK-1", 2, Standing::Passed, took(5, 100, Some(0.1))),
            cell("a", "TASK-2", 1, Standing::Failed, took(9, 300, Some(0.3))),
            cell("a", "TASK-2", 2, Standing::Waiting, took(1, 100, Some(0.1))),
            cell("a", "TASK-3", 1, Standing::NotStarted, Took::default()),
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
    assert_eq!(results.tasks[1].variants, [Fared { passed: 0, ended: 1, runs: 2 }]);
    assert!(!results.complete());
}

#[test]
fn one_unknown_price_makes_the_cost_unknown_and_no_pass_makes_none() {
    let unknown = Results::of(
        "x",
        vec![
            cell("a", "TASK-1", 1, Standing::Passed, took(3, 100, None)),
            cell("a", "TASK-1", 2, Standing::Passed, took(3, 100, Some(0.1))),
            cell("b", "TASK-1", 1, Standing::Failed, took(3, 100, Some(0.1))),
        ],
    );
    let [a, b] = &unknown.variants[..] else { unreachable!() };
    assert_eq!((a.usd, a.usd_per_passed, a.tokens_per_passed), (None, None, Some(100.0)));
    assert_eq!((b.usd, b.usd_per_passed, b.attempts_to_pass), (Some(0.1), None, None));
    assert!(unknown.complete());
}

fn place() -> Place {
    let (task, run) = ("TASK-1".parse().unwrap(), "run-1".parse().unwrap());
    Place { variant: "a".into(), task, repetition: 1, run }
}

#[test]
fn a_run_gives_its_judgements_and_what_escaped_its_gates() {
    let mut run = ByHand::reviewed_twice();
    run.finish(RunStatus::Passed);
    let cell = Cell::of(place(), &run.state, &run.events);
    assert_eq!(
        (cell.standing, cell.took.gate_attempts, cell.took.calls, cell.took.escaped),
        (Standing::Passed, 2, 5, 0)
    );
}

#[test]
fn a_design_fault_that_only_the_test_gate_finds_escaped_once() {
    let mut run = ByHand::of("tsp");
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]);
    run.work("code", 1, Some("generated_code"));
    run.work("code-review", 1, None).judge("code-review", 1, Verdict::Failed, &[Severity::Critical]);
    assert_eq!(Cell::of(place(), &run.state, &run.events).took.escaped, 1);
}
