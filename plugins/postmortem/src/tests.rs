//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

use super::*;

const TASK_JSON: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 50}"#;
const MEASURES: &str = r#"{"phases": [{"phase": "test", "gate": true, "attempts": 2, "calls": 3, "input_tokens": 900, "output_tokens": 100,
    "usd": null, "elapsed_ms": 77777, "verdicts": ["failed", "passed"]}],
    "totals": {"calls": 3, "input_tokens": 900, "output_tokens": 100, "usd": null, "elapsed_ms": 88888},
    "defects": [{"id": "test#1/T-001", "gate": "test", "attempt": 1, "severity": "high", "defect_type": "conventional_code_bug",
    "phase_injected": "code", "description": "Minutes are lost."}],
    "finished_runs": [{"run_id": "run-secret", "est_complexity": 1, "tokens": 1, "usd": null, "latency_ms": 66666}]}"#;
const ANSWER: &str = r#"{"summary": "Delivered after one failed test.", "proposals": [{"id": "PIP-001", "analysis": "test#1/T-001 came late",
    "proposed_changes": [{"target": "code-review", "change": "add", "proposed": "Work out an example.", "rationale": "finds it"}],
    "expected_impact": "Fewer defects in the test phase."}]}"#;

fn host() -> MockHost {
    MockHost::new()
        .input("task_requirements", "task_requirements", TASK_JSON)
        .input("project_plan", "project_plan", PLAN)
        .input("run_measures", "run_measures", MEASURES)
}

#[test]
fn combines_measured_figures_with_the_models_summary() {
    let (result, activity) = host().answer("postmortem", ANSWER).run::<Postmortem>();
    let submission = result.unwrap();
    let report: PostmortemReport = serde_json::from_slice(&submission.artifacts[0].content).unwrap();
    assert_eq!(report.summary, "Delivered after one failed test.");
    assert_eq!((report.defect_density, report.attempts_per_gate["test"]), (Some(0.02), 2.0));
    assert_eq!(report.estimation_accuracy.tokens.actual, Some(1_000.0));
    let pips: Pips = serde_json::from_slice(&submission.artifacts[1].content).unwrap();
    assert_eq!((pips.proposals[0].status.as_str(), pips.proposals[0].decided_by.as_ref()), ("pending", None));
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("test#1/T-001") && prompt.contains("Minutes are lost."), "{prompt}");
    for secret in ["77777", "88888", "66666", "run-secret"] {
        assert!(!prompt.contains(secret), "the prompt contains {secret}");
    }
}

#[test]
fn proposals_cannot_approve_themselves() {
    let approved = ANSWER.replace(r#""id": "PIP-001""#, r#""id": "PIP-001", "status": "approved", "decided_by": "me""#);
    let (result, _) = host().answer("postmortem", &approved).run::<Postmortem>();
    let pips: Pips = serde_json::from_slice(&result.unwrap().artifacts[1].content).unwrap();
    assert_eq!((pips.proposals[0].status.as_str(), pips.proposals[0].decided_by.as_ref()), ("pending", None));
}

#[test]
fn requests_without_repository_never_change() {
    let host = with_common_inputs(host()).previous("pips", "pips", r#"{"proposals": []}"#);
    let (_, activity) = host.answer("postmortem", "{}").answer("postmortem/repair", ANSWER).run::<Postmortem>();
    assert_eq!(requests_fingerprint(&activity.requests), "46f7195b810f8d1a");
}

#[test]
fn repositories_are_mapped_and_readable() {
    let host = with_repository(host()).calls("postmortem", &[("search_text", r#"{"text": "sum("}"#)]);
    let (result, activity) = host.answer("postmortem/tools", ANSWER).run::<Postmortem>();
    assert!(result.is_ok(), "{result:?}");
    assert!(request_text(&activity.requests[0]).contains("src/prices.py (40 bytes)\n"));
    assert!(format!("{:?}", activity.requests[1].messages).contains("src/prices.py:2:     return sum(items)"));
}
