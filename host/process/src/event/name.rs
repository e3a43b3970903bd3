//! The name of an event in its JSON, without serializing it.

use super::Event;

impl Event {
    /// Returns the value of `event` in the event's JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunCreated(_) => "run_created",
            Self::RunForked(_) => "run_forked",
            Self::PhaseStarted { .. } => "phase_started",
            Self::ModelAsked { .. } => "model_asked",
            Self::ModelTried { .. } => "model_tried",
            Self::ModelAnswered { .. } => "model_answered",
            Self::ArtifactStored { .. } => "artifact_stored",
            Self::RepositoryRead { .. } => "repository_read",
            Self::TestsRan { .. } => "tests_ran",
            Self::BaselineRan { .. } => "baseline_ran",
            Self::PhaseFinished { .. } => "phase_finished",
            Self::GateJudged { .. } => "gate_judged",
            Self::FeedbackDecided { .. } => "feedback_decided",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::ApprovalGiven { .. } => "approval_given",
            Self::RunStopped { .. } => "run_stopped",
            Self::BudgetChanged { .. } => "budget_changed",
            Self::AcceptanceTested { .. } => "acceptance_tested",
            Self::BranchWritten { .. } => "branch_written",
            Self::RunFinished { .. } => "run_finished",
            Self::ProposalDecided { .. } => "proposal_decided",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::digest::Digest;
    use crate::event::Recorded;

    /// Every event with as little in it as it takes.
    fn bodies() -> Vec<Value> {
        let digest = Digest::from_content(b"");
        let created = json!({
            "event": "run_created", "format": 2, "run_id": "run-a", "task_id": "TASK", "pipeline": digest, "inputs": [],
            "base": [], "components": {}, "settings": digest, "history": digest, "scripted": true,
        });
        let usage = json!({"input_tokens": 1, "output_tokens": 1, "cached_input_tokens": 0, "usd": null});
        let artifact = json!({"name": "plan", "kind": "note", "digest": digest, "size": 0});
        let of_attempt = [
            json!({"event": "run_forked", "origin": "run-b", "changes": [], "created": created}),
            json!({"event": "phase_started", "inputs": []}),
            json!({"event": "model_asked", "call": 1, "label": "", "request": digest, "model": "m"}),
            json!({"event": "model_tried", "call": 1, "request_number": 1, "error": {"type": "other", "message": ""}, "cost": "nothing",
                "elapsed_ms": 0}),
            json!({"event": "model_answered", "call": 1, "answer": digest, "usage": usage, "stop": "end", "elapsed_ms": 0}),
            json!({"event": "artifact_stored", "artifact": artifact}),
            json!({"event": "repository_read", "request": {"read": {"path": "a.py"}}, "answer": digest}),
            json!({"event": "tests_ran", "result": digest, "elapsed_ms": 0}),
            json!({"event": "baseline_ran", "result": digest, "tests": 1, "passed": 1, "elapsed_ms": 0}),
            json!({"event": "phase_finished", "outcome": {"failed": {"reason": ""}}, "elapsed_ms": 0}),
            json!({"event": "gate_judged", "verdict": "passed", "reason": "", "issues": [], "about": []}),
            json!({"event": "feedback_decided", "decided": {"give_up": {"reason": ""}}}),
            json!({"event": "approval_asked", "question": "", "about": []}),
            json!({"event": "approval_given", "choice": "approve", "by": "", "reason": "", "about": []}),
        ];
        let mut bodies = of_attempt.to_vec();
        for body in bodies.iter_mut().filter_map(Value::as_object_mut) {
            body.insert("phase".to_owned(), json!("design"));
            body.insert("attempt".to_owned(), json!(1));
        }
        bodies.extend([
            created,
            json!({"event": "run_stopped", "reason": ""}),
            json!({"event": "budget_changed", "calls": 4, "tokens": 9, "usd": 1.5, "by": ""}),
            json!({"event": "acceptance_tested", "result": digest, "acceptance": "not_accepted", "acceptance_reason": "", "tests": 1,
                "passed": 0, "elapsed_ms": 0}),
            json!({"event": "branch_written", "branch": {"name": "b", "commits": [], "work": digest}}),
            json!({"event": "run_finished", "status": "passed", "reason": ""}),
            json!({"event": "proposal_decided", "id": "", "approved": true, "by": "", "reason": ""}),
        ]);
        bodies
    }

    /// An event as `--json` prints it.
    fn line(body: Value) -> String {
        #[derive(serde::Serialize)]
        struct Line {
            run: &'static str,
            #[serde(flatten)]
            recorded: Recorded,
        }
        let event: Event = serde_json::from_value(body).unwrap();
        serde_json::to_string(&Line { run: "run-a", recorded: Recorded { number: 1, at_ms: 1, event } }).unwrap()
    }

    #[test]
    fn each_event_follows_the_documented_schema() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schemas/event.json");
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut names = BTreeSet::new();
        for body in bodies() {
            let line: Value = serde_json::from_str(&line(body)).unwrap();
            let faults: Vec<String> = validator.iter_errors(&line).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{line}: {faults:?}");
            for key in line.as_object().unwrap().keys() {
                let mut changed = line.clone();
                *changed.get_mut(key).unwrap() = json!([[]]);
                assert!(!validator.is_valid(&changed), "{key}: {changed}");
            }
            names.insert(line.get("event").unwrap().clone().to_string());
        }
        let listed = schema.pointer("/properties/event/enum").unwrap().as_array().unwrap();
        assert_eq!(names, listed.iter().map(Value::to_string).collect());
    }

    #[test]
    fn lines_have_each_key_once() {
        for body in bodies() {
            let text = line(body);
            // A reader keeps one value of a key that is there twice.
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read.to_string().len(), text.len(), "{text}");
        }
    }

    #[test]
    fn names_match_the_json() {
        let mut names = BTreeSet::new();
        for body in bodies() {
            let event: Event = serde_json::from_value(body).unwrap();
            assert_eq!(serde_json::to_value(&event).unwrap().get("event").unwrap(), event.name());
            names.insert(event.name());
        }
        let unknown = serde_json::from_value::<Event>(json!({"event": "?"})).unwrap_err().to_string();
        let known: BTreeSet<&str> = unknown.split('`').skip(3).step_by(2).collect();
        assert_eq!(names, known, "one of each is tried");
    }
}
