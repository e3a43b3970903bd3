//! The dry call of a feedback strategy: a decision about a failed design review.

use phasegate_process::feedback::GateFailure;
use phasegate_process::{FeedbackOutcome, PhaseName, feedback};
use phasegate_sandbox::Plugin;
use serde_json::json;

use super::dry_call::{DryCall, MAX_TEXT, finish_call, new_call};
use super::dry_host::CallLog;
use super::samples::Samples;
use crate::exit::Failure;
use crate::terminal::format::truncate;

/// Asks for a decision. One that a run would reject is a fault.
pub async fn call_strategy(plugin: &Plugin, samples: &Samples) -> Result<DryCall, Failure> {
    let may_revise: Vec<&PhaseName> = samples.phases().take(2).collect();
    let failure = json!({
        "gate": "design-review", "attempt": 1, "attempts_left": 2, "person_words": null, "history": [], "settings": {},
        "may_revise": may_revise,
        "issues": [{
            "id": "I-1", "severity": "high", "category": "quality", "defect_type": "conventional_code_bug",
            "phase_injected": "design", "description": "A sample: the design does not say what an empty text means.",
            "evidence": "nothing in the overview", "impact": "two readers build two things"
        }],
    });
    let failure: GateFailure =
        serde_json::from_value(failure).map_err(|why| Failure::infrastructure(why.to_string()))?;
    let log = CallLog::default();
    let ended = plugin.decide(&failure, &new_call("dry run", plugin.usual_limits(), &log)).await;
    let mut step = finish_call("feedback.decide on a failed design review".to_owned(), &log, ended.as_ref().err());
    if let Ok(decision) = ended {
        match feedback::check_decision(&failure, &[], decision) {
            FeedbackOutcome::Revise { rework } => step.happened.extend(rework.iter().map(|it| {
                format!("sends work back to `{}`: {}", it.phase, truncate(&it.feedback.instructions, MAX_TEXT))
            })),
            FeedbackOutcome::AskAPerson { reason } => {
                step.happened.push(format!("asks for a decision: {}", truncate(&reason, MAX_TEXT)))
            }
            FeedbackOutcome::GiveUp { reason } => {
                step.happened.push(format!("gives up: {}", truncate(&reason, MAX_TEXT)))
            }
            FeedbackOutcome::Refused { reason } => {
                step.fault = Some(format!("its decision would be rejected: {reason}"))
            }
        }
    }
    Ok(step)
}
