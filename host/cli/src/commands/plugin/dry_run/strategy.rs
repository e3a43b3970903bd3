//! The dry call of a feedback strategy: a decision about a failed gate.

use phasegate_process::feedback::GateFailure;
use phasegate_process::{FeedbackOutcome, PhaseName, feedback};
use phasegate_sandbox::{CallError, Plugin};
use serde_json::{Map, Value, json};

use super::call::{DryCall, MAX_TEXT, finish_call, new_call};
use super::log::CallLog;
use super::samples::Samples;
use crate::exit::Failure;
use crate::terminal::format::truncate;

/// What a strategy did and decided, after the rules of a run.
pub struct StrategyRun {
    /// Its log, for people.
    pub happened: Vec<String>,
    pub ended: Result<FeedbackOutcome, CallError>,
}

/// Returns a failed design review, with some of its fields replaced. Members that an issue leaves out, also one
/// of the history, come from the sample. Fails if the fields are not those of the contract.
pub fn sample_failure(samples: &Samples, replaced: &Map<String, Value>) -> Result<GateFailure, Failure> {
    let may_revise: Vec<&PhaseName> = samples.phases().take(2).collect();
    let mut failure = json!({
        "gate": "design-review", "attempt": 1, "attempts_left": 2, "person_words": null, "history": [], "settings": {},
        "may_revise": may_revise,
        "issues": [{
            "id": "I-1", "severity": "high", "category": "quality", "defect_type": "conventional_code_bug",
            "phase_injected": "design", "description": "A sample: the design does not say what an empty text means.",
            "evidence": "nothing in the overview", "impact": "two readers build two things"
        }],
    });
    let sample_issue = failure.pointer("/issues/0").cloned().unwrap_or_default();
    if let Value::Object(fields) = &mut failure {
        fields.extend(replaced.clone());
        complete_issues(&sample_issue, fields.get_mut("issues"));
        for attempt in fields.get_mut("history").and_then(Value::as_array_mut).into_iter().flatten() {
            complete_issues(&sample_issue, attempt.get_mut("issues"));
        }
    }
    serde_json::from_value(failure).map_err(|why| Failure::usage(format!("the gate's failure: {why}")))
}

/// Adds what issues leave out.
fn complete_issues(sample: &Value, issues: Option<&mut Value>) {
    for issue in issues.and_then(Value::as_array_mut).into_iter().flatten() {
        *issue = completed(sample, issue);
    }
}

/// Returns the sample with the members that are given.
fn completed(sample: &Value, given: &Value) -> Value {
    match (sample, given) {
        (Value::Object(sample), Value::Object(given)) => {
            Value::Object(sample.clone().into_iter().chain(given.clone()).collect())
        }
        _ => given.clone(),
    }
}

/// Asks for a decision.
pub async fn run_strategy(plugin: &Plugin, failure: &GateFailure) -> StrategyRun {
    let log = CallLog::default();
    let decided = plugin.decide(failure, &new_call("dry run", plugin.usual_limits(), &log)).await;
    StrategyRun {
        happened: log.take(),
        ended: decided.map(|decision| feedback::check_decision(failure, &[], decision)),
    }
}

/// Judges a decision: one that a run would reject is a fault.
pub fn judge_decision(run: StrategyRun) -> DryCall {
    let name = "feedback.decide on a failed design review".to_owned();
    let mut step = finish_call(name, run.happened, run.ended.as_ref().err());
    match run.ended {
        Err(_) => {}
        Ok(FeedbackOutcome::Refused { reason }) => {
            step.fault = Some(format!("its decision would be rejected: {reason}"))
        }
        Ok(decided) => step.happened.extend(render_decision(&decided)),
    }
    step
}

fn render_decision(decided: &FeedbackOutcome) -> Vec<String> {
    match decided {
        FeedbackOutcome::Revise { rework } => {
            let lines = rework.iter().map(|it| {
                format!("sends work back to `{}`: {}", it.phase, truncate(&it.feedback.instructions, MAX_TEXT))
            });
            lines.collect()
        }
        FeedbackOutcome::AskAPerson { reason } => {
            vec![format!("asks for a decision: {}", truncate(reason, MAX_TEXT))]
        }
        FeedbackOutcome::GiveUp { reason } => vec![format!("gives up: {}", truncate(reason, MAX_TEXT))],
        FeedbackOutcome::Refused { reason } => vec![format!("rejected: {}", truncate(reason, MAX_TEXT))],
    }
}
