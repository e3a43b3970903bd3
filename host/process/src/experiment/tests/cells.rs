//! Cells that are made of runs.

use super::*;
use crate::Digest;
use crate::event::{Choice, Event, RunStatus, Verdict};
use crate::fixtures::{RunBuilder, at, sample_issue};
use crate::result::GateStatus;
use crate::work::{Issue, Severity};

fn made(run: &RunBuilder) -> Cell {
    let (task, id) = ("TASK-1".parse().unwrap(), "run-1".parse().unwrap());
    Cell::from_run(CellId { variant: "a".into(), task, repetition: 1, run: id }, &run.state, &run.events)
}

#[test]
fn cells_count_judgements_of_each_gate() {
    let mut run = RunBuilder::reviewed_twice();
    run.finish(RunStatus::Passed);
    let cell = made(&run);
    assert_eq!((cell.standing, cell.cost.gate_attempts, cell.cost.failed_judgements), (CellStatus::Passed, 2, 1));
    assert_eq!((cell.cost.calls, cell.strategy_asked, cell.pipeline.as_deref()), (5, 1, Some("planning-design")));
    let gate = &cell.gates[0];
    assert_eq!((gate.gate.as_str(), gate.judgements, gate.failed), ("design-review", 2, 1));
    assert_eq!((gate.standing, gate.first_passed), (GateStatus::Passed, Some(false)));
    let results = Results::new("x", None, vec![cell]);
    let yields = &results.variants[0].gates;
    assert_eq!((yields[0].first_pass.n, yields[0].first_pass.value), (1, 0.0));
    assert_eq!((results.variants[0].strategy_asked, results.variants[0].started), (1, 1));
}

#[test]
fn an_override_is_no_pass() {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Failed, &[Severity::High]);
    run.ask_person("design-review", 1).decide("design-review", 1, Choice::Override, "good enough");
    run.finish(RunStatus::Passed);
    let results = Results::new("x", None, vec![made(&run)]);
    let variant = &results.variants[0];
    assert_eq!((variant.passed, variant.overridden, variant.ended), (0, 1, 1));
    assert_eq!(serde_json::to_value(&results.cells[0]).unwrap()["standing"], "overridden");
}

fn judge(run: &mut RunBuilder, gate: &str, attempt: u32, issues: Vec<Issue>) {
    run.add(Event::GateJudged {
        at: at(gate, attempt),
        verdict: Verdict::Failed,
        reason: "looked".into(),
        permanent: false,
        issues,
        dropped: vec![],
        about: vec![Digest::from_content(b"code")],
        report: None,
    });
}

/// A run whose code review found these issues at its first and second judgement.
fn reviewed_with(first: Vec<Issue>, second: Vec<Issue>) -> usize {
    let mut run = RunBuilder::with_pipeline("tsp");
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Passed, &[]);
    run.work("code", 1, Some("generated_code")).work("code-review", 1, None);
    judge(&mut run, "code-review", 1, first);
    run.revise("code-review", 1, "code").work("code", 2, Some("generated_code")).work("code-review", 2, None);
    judge(&mut run, "code-review", 2, second);
    made(&run).cost.escaped_defects
}

#[test]
fn a_defect_of_several_judgements_counts_once() {
    let issue = |id: &str, words: &str, phase: &str| Issue {
        description: words.to_owned(),
        ..sample_issue(id, Severity::High, phase)
    };
    let first = issue("I-1", "Minutes are taken for hours.", "design");
    assert_eq!(reviewed_with(vec![first.clone()], vec![issue("I-7", "minutes are  taken for hours", "design")]), 1);
    assert_eq!(reviewed_with(vec![first.clone()], vec![issue("I-1", "seconds are taken for hours", "design")]), 2);
    assert_eq!(
        reviewed_with(vec![first.clone(), first.clone()], vec![first.clone()]),
        2,
        "two of one judgement stay two"
    );
    assert_eq!(reviewed_with(vec![issue("I-1", "a name is missing in the code", "code")], vec![]), 0, "no gate before");
}
