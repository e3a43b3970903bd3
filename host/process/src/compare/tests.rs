//! Compares built runs: gates, costs and pinned dependencies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::{Value, json};

use super::*;
use crate::event::{Event, RunStatus};
use crate::fixtures::sample_issue;
use crate::fixtures::*;
use crate::pipeline::{parse, standard};
use crate::source::Source;
use crate::work::Severity;

fn passed_at_once() -> RunBuilder {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]).finish(RunStatus::Passed);
    run
}

fn reviewed_twice() -> RunBuilder {
    let mut run = RunBuilder::reviewed_twice();
    run.finish(RunStatus::Passed);
    run
}

/// Returns a new run of all seven phases.
fn new_tsp_run() -> RunBuilder {
    let mut run = RunBuilder::new();
    let text = standard("tsp").unwrap();
    let pipeline = parse(Source { file: "tsp", text }, &|_| Err(String::new())).unwrap();
    run.state = State::new((*run.state.created).clone(), pipeline);
    run
}

fn compared(runs: &[&RunBuilder]) -> Value {
    let runs: Vec<_> = runs.iter().map(|run| (&run.state, run.events.as_slice())).collect();
    serde_json::to_value(Comparison::new(&runs)).unwrap()
}

/// Judges a gate, with one issue for each of these phases.
fn judge_with_issues(run: &mut RunBuilder, gate: &str, attempt: u32, verdict: Verdict, injected: &[&str]) {
    let issues = (0..)
        .zip(injected)
        .map(|(number, phase)| sample_issue(&format!("{gate}#{attempt}/I-{number}"), Severity::Medium, phase));
    run.add(Event::GateJudged {
        at: at(gate, attempt),
        verdict,
        reason: "looked".into(),
        permanent: false,
        issues: issues.collect(),
        dropped: vec![],
        about: vec![],
        report: None,
    });
}

#[test]
fn compares_runs_gate_by_gate() {
    let compared = compared(&[&passed_at_once(), &reviewed_twice()]);
    let none = json!({ "critical": 0, "high": 0, "medium": 0, "low": 0 });
    let took = |calls: u64| {
        json!({
            "calls": calls, "input_tokens": calls * 100, "output_tokens": calls * 10,
            "usd": calls as f64 * 0.5, "elapsed_ms": calls * 50,
        })
    };
    assert_eq!(
        compared["gates"],
        json!([{ "gate": "design-review", "runs": [
            { "standing": "passed", "verdicts": ["passed"], "issues": none, "escaped": 0, "took": took(1) },
            {
                "standing": "passed", "verdicts": ["failed", "passed"], "escaped": 0, "took": took(2),
                "issues": { "critical": 0, "high": 1, "medium": 0, "low": 1 },
            },
        ] }])
    );
    assert_eq!(
        compared["runs"][1],
        json!({
            "run_id": "run-1", "task_id": "TASK-1", "pipeline": "planning-design", "strategy": "phase-aware",
            "scripted": true, "status": "passed", "reason": "every gate passed", "totals": took(5), "maybe_billed": 0,
            "escaped": 0, "models": ["a:b"],
        })
    );
    let difference = &compared["against_first"][0]["first_difference"];
    assert_eq!((&difference["differs"], &difference["after"]["verdict"]), (&json!("verdict"), &json!("failed")));
}

#[test]
fn later_findings_escaped_earlier_gates() {
    let mut run = new_tsp_run();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None);
    judge_with_issues(&mut run, "design-review", 1, Verdict::PassedWithConditions, &["design", "planning"]);
    run.work("code", 1, Some("generated_code")).work("code-review", 1, None);
    // One that the design review could have found, one that it could not, one of an unknown phase.
    judge_with_issues(&mut run, "code-review", 1, Verdict::PassedWithConditions, &["design", "code", "elsewhere"]);
    let compared = compared(&[&run, &passed_at_once()]);
    let escaped = |gate: usize| &compared["gates"][gate]["runs"][0]["escaped"];
    assert_eq!((&compared["gates"][0]["gate"], escaped(0)), (&json!("design-review"), &json!(1)));
    assert_eq!((&compared["gates"][1]["gate"], escaped(1)), (&json!("code-review"), &json!(0)));
    assert_eq!(compared["runs"][0]["escaped"], 1);
}

#[test]
fn escaped_issues_count_once_per_run() {
    let mut run = new_tsp_run();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]);
    run.work("code", 1, Some("generated_code")).work("code-review", 1, None);
    run.judge("code-review", 1, Verdict::Passed, &[]).work("test", 1, Some("test_suite"));
    run.add(Event::TestsRan {
        at: at("test", 1),
        call: None,
        run: Digest::from_content(b"run"),
        code: None,
        request: None,
        elapsed_ms: 1,
        limit: None,
    });
    judge_with_issues(&mut run, "test", 1, Verdict::Failed, &["design", "test"]);
    let compared = compared(&[&run]);
    let escaped: Vec<_> = compared["gates"].as_array().unwrap().iter().map(|row| &row["runs"][0]["escaped"]).collect();
    assert_eq!(escaped, [&json!(1), &json!(1), &json!(0)]);
    assert_eq!(compared["runs"][0]["escaped"], 1);
}

#[test]
fn lists_gates_in_pipeline_order() {
    let compared = compared(&[&passed_at_once(), &new_tsp_run()]);
    let gates: Vec<_> = compared["gates"].as_array().unwrap().iter().map(|row| &row["gate"]).collect();
    assert_eq!(gates, ["design-review", "code-review", "test"]);
    assert_eq!(compared["gates"][1]["runs"][0], Value::Null);
    assert_eq!(compared["gates"][1]["runs"][1]["standing"], "not_reached");
}

#[test]
fn unknown_costs_stay_unknown() {
    let mut run = RunBuilder::new();
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    run.ask("planning", 1, 1).answer("planning", 1, 1, None).ask("planning", 1, 2);
    let compared = compared(&[&run, &passed_at_once()]);
    let figures = &compared["runs"][0];
    assert_eq!((&figures["totals"]["usd"], &figures["maybe_billed"]), (&Value::Null, &json!(1)));
    assert_eq!(figures["status"], "running");
}

#[test]
fn names_pinned_changes() {
    let (first, mut other) = (passed_at_once(), passed_at_once());
    let mut created = (*other.state.created).clone();
    created.pipeline = Digest::from_content(b"another pipeline");
    created.components.insert("design".parse().unwrap(), Digest::from_content(b"another designer"));
    created.inputs = vec![artifact("task_requirements", "{ }")];
    other.state.created = created.into();
    let swapped = &compared(&[&first, &other])["against_first"][0]["swapped"];
    assert_eq!(
        *swapped,
        json!([
            {
                "pinned": "input", "name": "task_requirements",
                "before": Digest::from_content(b"{}"), "after": Digest::from_content(b"{ }"),
            },
            { "pinned": "pipeline", "before": Digest::from_content(b"pipeline"), "after": Digest::from_content(b"another pipeline") },
            { "pinned": "component", "name": "design", "before": null, "after": Digest::from_content(b"another designer") },
        ])
    );
}
