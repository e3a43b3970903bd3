#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use serde_json::json;

use super::*;
use crate::digest::Digest;
use crate::event::{Choice, DroppedTest, Event, RunStatus, Verdict};
use crate::fixtures::*;
use crate::work::Severity;

fn task_result(run: &RunBuilder) -> TaskResult {
    TaskResult::from_events(&run.state, &run.events)
}

#[test]
fn results_show_every_attempt() {
    let mut run = RunBuilder::reviewed_twice();
    run.finish(RunStatus::Passed);
    let result = task_result(&run);
    assert_eq!((result.status, result.reason.as_str()), (TaskStatus::Passed, "every gate passed"));
    let name = "design_specification".parse().unwrap();
    assert_eq!(result.artifacts[&name], Digest::from_content(b"design#2"));
    assert_eq!(
        serde_json::to_value(&result.gates).unwrap(),
        json!([{
            "gate": "design-review",
            "standing": "passed",
            "attempts": [
                {
                    "attempt": 1, "verdict": "failed", "reason": "2 issues", "decided": { "revise": ["design"] },
                    "issues": { "critical": 0, "high": 1, "medium": 0, "low": 1 },
                },
                {
                    "attempt": 2, "verdict": "passed", "reason": "0 issues",
                    "issues": { "critical": 0, "high": 0, "medium": 0, "low": 0 },
                },
            ],
        }])
    );
    assert_eq!((result.totals.calls, result.totals.elapsed_ms), (5, 250));
}

// Fault 11 of the reference process: an override still ends as a failure.
#[test]
fn results_name_author_and_reason_of_overrides() {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None).judge("design-review", 1, Verdict::Failed, &[Severity::High]);
    run.ask_person("design-review", 1);
    assert_eq!((task_result(&run).status, task_result(&run).reason.as_str()), (TaskStatus::Waiting, "what now?"));
    run.decide("design-review", 1, Choice::Override, "known and accepted");
    let result = task_result(&run);
    assert_eq!(
        (result.gates[0].standing, result.gates[0].attempts[0].verdict),
        (GateStatus::Overridden, Verdict::Failed)
    );
    let approval = serde_json::to_value(&result.approvals[0]).unwrap();
    assert_eq!(
        approval,
        json!({
            "gate": "design-review", "attempt": 1, "choice": "override", "by": "ada",
            "reason": "known and accepted", "at_ms": 16000, "about": [Digest::from_content(b"design")],
        })
    );
}

#[test]
fn lists_repeated_calls_as_maybe_billed() {
    let mut run = RunBuilder::new();
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    run.ask("planning", 1, 1).ask("planning", 1, 1).answer("planning", 1, 1, None).ask("planning", 1, 2);
    let open = task_result(&run).maybe_billed;
    let calls: Vec<_> = open.iter().map(|open| (open.call, open.asked_at_ms)).collect();
    assert_eq!(calls, [(1, 3000), (2, 6000)]);
    assert_eq!(run.state.spent.unanswered, 2);
}

#[test]
fn results_list_dropped_tests_and_proposals() {
    let mut run = RunBuilder::new();
    run.work("planning", 1, Some("project_plan")).work("design", 1, Some("design_specification"));
    run.work("design-review", 1, None);
    run.add(Event::GateJudged {
        at: at("design-review", 1),
        verdict: Verdict::Passed,
        reason: "no issue".into(),
        permanent: false,
        issues: vec![],
        dropped: vec![DroppedTest { test: "t.py::a".into(), reason: "asked for the wrong thing".into() }],
        about: vec![],
        report: None,
    });
    let proposal = ("PIP-1".to_owned(), "ada".to_owned(), "good".to_owned());
    run.add(Event::ProposalDecided { id: proposal.0, approved: true, by: proposal.1, reason: proposal.2 });
    let result = task_result(&run);
    assert_eq!(result.dropped_tests[0].reason, "asked for the wrong thing");
    assert_eq!((result.proposals[0].id.as_str(), result.proposals[0].approved), ("PIP-1", true));
}

#[test]
fn unfinished_runs_name_their_phase() {
    let mut run = RunBuilder::new();
    assert_eq!(task_result(&run).reason, "phase planning, attempt 1");
    assert_eq!(task_result(&run).gates[0].standing, GateStatus::NotReached);
    run.add(Event::RunStopped { reason: "cancelled by ada".into() });
    assert_eq!(
        (task_result(&run).status, task_result(&run).reason.as_str()),
        (TaskStatus::Stopped, "cancelled by ada")
    );
}
