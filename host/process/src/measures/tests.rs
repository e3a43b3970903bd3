#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::artifact::compile_schema;
use crate::event::{Choice, Verdict};
use crate::fixtures::*;
use crate::work::Severity;

fn valid(run: &RunBuilder, measures: &Value) {
    let validator = compile_schema(&run.state.pipeline.kinds, &"run_measures".parse().unwrap()).unwrap();
    let faults: Vec<_> = validator.iter_errors(measures).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

fn history() -> Vec<FinishedRun> {
    let run_id = "run-0".parse().unwrap();
    vec![FinishedRun { run_id, est_complexity: 12, tokens: 900, usd: None, latency_ms: 7 }]
}

// Fault 10 of the reference process: its defect log contains only the latest reports.
#[test]
fn counts_defects_of_every_judgement() {
    let run = RunBuilder::reviewed_twice();
    let measures = run_measures(&run.state, &run.events, &history(), 99_000);
    valid(&run, &measures);
    let ids: Vec<_> = measures["defects"].as_array().unwrap().iter().map(|defect| &defect["id"]).collect();
    assert_eq!(ids, ["design-review#1/I-0", "design-review#1/I-1"]);
    assert_eq!(measures["finished_runs"][0]["run_id"], "run-0");
}

// Fault 9: its effort is always zero.
#[test]
fn measures_effort_per_phase() {
    let run = RunBuilder::reviewed_twice();
    let measures = run_measures(&run.state, &run.events, &[], 99_000);
    let review = &measures["phases"].as_array().unwrap()[2];
    assert_eq!(
        *review,
        json!({
            "phase": "design-review", "gate": true, "attempts": 2, "calls": 2, "input_tokens": 200,
            "output_tokens": 20, "usd": 1.0, "elapsed_ms": 100, "verdicts": ["failed", "passed"],
        })
    );
    assert_eq!(measures["totals"]["usd"], 2.5);
    assert_eq!(measures["totals"]["elapsed_ms"], 250);
}

#[test]
fn an_unknown_price_makes_the_sum_unknown() {
    let mut run = RunBuilder::new();
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    run.ask("planning", 1, 1).answer("planning", 1, 1, Some(0.5));
    run.ask("planning", 1, 2).answer("planning", 1, 2, None);
    let measures = run_measures(&run.state, &run.events, &[], 0);
    valid(&run, &measures);
    assert_eq!((&measures["phases"][0]["usd"], &measures["totals"]["usd"]), (&Value::Null, &Value::Null));
}

#[test]
fn running_attempts_count_up_to_now() {
    let mut run = RunBuilder::new();
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    let measures = run_measures(&run.state, &run.events, &[], 2500);
    assert_eq!(measures["phases"][0]["elapsed_ms"], 500);
}

#[test]
fn waiting_for_people_is_not_work() {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Failed, &[Severity::High]);
    let before = total(&run.state, &run.events);
    run.ask_person("design-review", 1).decide("design-review", 1, Choice::Override, "known and accepted");
    assert_eq!(total(&run.state, &run.events), before);
    assert_eq!(before.elapsed_ms, 150);
}

#[test]
fn only_passed_runs_with_plans_are_history() {
    let mut run = RunBuilder::reviewed_twice();
    let plan = json!({ "total_est_complexity": 31 });
    assert_eq!(finished_run(&run.state, &run.events, Some(&plan)), None);
    run.finish(RunStatus::Passed);
    assert_eq!(finished_run(&run.state, &run.events, None), None);
    let finished = finished_run(&run.state, &run.events, Some(&plan)).unwrap();
    assert_eq!((finished.est_complexity, finished.tokens, finished.latency_ms), (31, 550, 250));
    assert_eq!(finished.usd, Some(2.5));
}
