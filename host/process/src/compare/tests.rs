//! Compares built runs: gates, costs and pinned dependencies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::{Value, json};

use super::*;
use crate::digest::Digest;
use crate::event::{Event, RunCreated, RunForked, RunStatus};
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

/// Returns this run with another strategy in its pipeline.
fn with_strategy(mut run: RunBuilder, strategy: &str) -> RunBuilder {
    let mut pipeline = (*run.state.pipeline).clone();
    pipeline.feedback.plugin = strategy.parse().unwrap();
    let mut created = (*run.state.created).clone();
    created.pipeline = Digest::from_content(strategy.as_bytes());
    created.components.insert(strategy.parse().unwrap(), Digest::from_content(strategy.as_bytes()));
    (run.state.pipeline, run.state.created) = (pipeline.into(), created.into());
    run
}

#[test]
fn a_strategy_is_no_other_pipeline() {
    let (first, other) =
        (with_strategy(passed_at_once(), "phase-aware"), with_strategy(passed_at_once(), "nearest-phase"));
    let swapped =
        |first: &RunBuilder, other: &RunBuilder| compared(&[first, other])["against_first"][0]["swapped"].clone();
    let strategy = json!({
        "pinned": "strategy", "name": "nearest-phase",
        "before": Digest::from_content(b"phase-aware"), "after": Digest::from_content(b"nearest-phase"),
    });
    assert_eq!(swapped(&first, &other), json!([strategy]));
    let mut pipeline = (*other.state.pipeline).clone();
    pipeline.phases[1].settings = json!({ "style": "bold" });
    pipeline.phases.pop();
    let mut more = other;
    more.state.pipeline = pipeline.into();
    let swapped = swapped(&first, &more);
    assert_eq!(swapped[0], strategy);
    assert_eq!(swapped[1]["parts"], json!(["settings of design", "phase design-review (removed)"]));
}

#[test]
fn every_phase_has_a_row() {
    let compared = compared(&[&passed_at_once(), &reviewed_twice()]);
    let row = |place: usize| &compared["phases"][place];
    let names: Vec<_> = (0..3).map(|place| (&row(place)["phase"], &row(place)["gate"])).collect();
    let (planning, design, review) = (json!("planning"), json!("design"), json!("design-review"));
    assert_eq!(names, [(&planning, &json!(false)), (&design, &json!(false)), (&review, &json!(true))]);
    let attempts: Vec<_> = (0..3).map(|place| row(place)["runs"][1]["attempts"].clone()).collect();
    assert_eq!(attempts, [1, 2, 2]);
    assert_eq!((&row(1)["runs"][1]["took"]["usd"], &row(1)["runs"][1]["own"]), (&json!(1.0), &Value::Null));
}

#[test]
fn answers_until_where_runs_are_the_same() {
    let failed = |revised: &str| {
        let mut run = new_tsp_run();
        run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
        run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]);
        run.work("code", 1, Some("generated_code")).work("code-review", 1, None);
        run.judge("code-review", 1, Verdict::Failed, &[Severity::High]).revise("code-review", 1, revised);
        run
    };
    let mut coded = failed("code");
    coded.work("code", 2, Some("generated_code")).work("code-review", 2, None);
    coded.judge("code-review", 2, Verdict::Failed, &[Severity::High]).revise("code-review", 2, "code");
    let mut designed = failed("design");
    designed.work("design", 2, Some("design_specification"));
    let compared = compared(&[&coded, &designed]);
    let answer = &compared["against_first"][0]["answer"];
    assert_eq!(
        (&answer["same_until"], &answer["shared_steps"]),
        (&json!({ "phase": "code-review", "attempt": 1 }), &json!(5))
    );
    assert_eq!(
        answer["reactions"],
        json!([[{ "revise": ["code"] }, { "revise": ["code"] }], [{ "revise": ["design"] }]])
    );
    assert_eq!((&answer["after"][0]["own"]["usd"], &answer["after"][1]["own"]["usd"]), (&json!(1.0), &json!(0.5)));
    assert_eq!(answer["outcomes"][0], json!({ "status": "running", "failed_judgements": 2 }));
    let steps = &compared["steps"];
    assert_eq!((steps["shared"].as_array().unwrap().len(), steps["runs"][0].as_array().unwrap().len()), (5, 2));
    assert_eq!((&steps["shared"][4]["status"], &steps["runs"][1][0]["attempt"]), (&json!("failed"), &json!(2)));
}

#[test]
fn usage_of_an_answer_is_no_difference() {
    let answered = |tokens: u64, text: &str| {
        let answer: crate::model::Answer = Ok(crate::model::Response {
            content: vec![crate::model::Content::Text { text: text.into() }],
            stop: "end".into(),
            model: "a:b".into(),
            usage: crate::model::Usage { output_tokens: tokens, ..Default::default() },
        });
        serde_json::to_vec(&answer).unwrap()
    };
    let blobs = [answered(5, "yes"), answered(6, "yes"), answered(5, "no")];
    let run = |blob: &[u8]| {
        let mut run = RunBuilder::new();
        run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] }).ask("planning", 1, 1);
        let (answer, usage) = (Digest::from_content(blob), crate::model::Usage::default());
        let (at, stop) = (at("planning", 1), "end".into());
        run.add(Event::ModelAnswered { at, call: 1, answer, usage, stop, elapsed_ms: 1, recorded: false });
        run
    };
    let find = |digest: &Digest| blobs.iter().find(|blob| Digest::from_content(blob) == *digest).cloned();
    let runs = blobs.each_ref().map(|blob| run(blob));
    let pairs: Vec<_> = runs.iter().map(|run| (&run.state, run.events.as_slice())).collect();
    let compared = Comparison::with_blobs(&pairs, &find);
    assert_eq!(compared.against_first[0].first_difference, None);
    assert_eq!(compared.against_first[1].first_difference.as_ref().unwrap().differs, DifferenceKind::Answer);
    let by_digest = Comparison::new(&pairs);
    assert_eq!(by_digest.against_first[0].first_difference.as_ref().unwrap().differs, DifferenceKind::Answer);
}

#[test]
fn forks_pay_only_their_own_calls() {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan"));
    let created = (*run.state.created).clone();
    let created = RunCreated { run_id: "run-2".parse().unwrap(), ..created };
    let origin = run.state.created.run_id.clone();
    let forked = RunForked { origin, at: at("design", 1), at_decision: false, created, changes: vec![] };
    let recorded = Recorded { number: run.state.events + 1, at_ms: 1, event: Event::RunForked(Box::new(forked)) };
    let pipeline = run.state.pipeline.clone();
    run.state.apply_fork(&recorded, pipeline).unwrap();
    run.events.push(recorded);
    run.add(Event::PhaseStarted { at: at("design", 1), inputs: vec![] });
    run.ask("design", 1, 1);
    let usage = crate::model::Usage { input_tokens: 100, output_tokens: 10, cached_input_tokens: 0, usd: Some(0.5) };
    let (answer, stop) = (Digest::from_content(b"a"), "end".into());
    run.add(Event::ModelAnswered { at: at("design", 1), call: 1, answer, usage, stop, elapsed_ms: 1, recorded: true });
    run.ask("design", 1, 2).answer("design", 1, 2, Some(0.25));
    let compared = compared(&[&passed_at_once(), &run]);
    let fork = &compared["runs"][1];
    assert_eq!((&fork["totals"]["usd"], &fork["totals"]["calls"]), (&json!(1.25), &json!(3)));
    assert_eq!((&fork["own"]["usd"], &fork["own"]["calls"]), (&json!(0.25), &json!(1)));
    assert_eq!((&fork["shared"]["usd"], &fork["shared"]["recorded"]), (&json!(1.0), &json!(2)));
    assert_eq!((&fork["fork_of"], &compared["runs"][0]["own"]), (&json!("run-1"), &Value::Null));
    let design = &compared["phases"][1]["runs"][1];
    assert_eq!((&design["own"]["usd"], &design["shared"]["usd"]), (&json!(0.25), &json!(0.5)));
    let after = &compared["against_first"][0]["answer"]["after"][1];
    assert_eq!((&after["own"]["usd"], &after["recorded"]["usd"]), (&json!(0.25), &json!(0.5)));
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
