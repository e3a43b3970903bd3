//! The simplest feedback strategy: sends all issues to the phase just before the gate, whatever phase injected them.
//!
//! The target is the last phase that the gate may revise, except the gate itself; if there is no other, the gate. A person's
//! remark is passed on verbatim. Gives up and lists the open issues if no attempt is left or no phase may be revised. Has no
//! settings. Pure: the same failure gives the same decision.

use phasegate_plugin::Strategy;
use phasegate_plugin::types::{Decision, GateFailure, Revision};

struct NearestPhase;

impl Strategy for NearestPhase {
    fn decide(failure: GateFailure) -> Decision {
        decide(&failure)
    }
}

phasegate_plugin::strategy!(NearestPhase);
phasegate_plugin::manifest!();

fn decide(failure: &GateFailure) -> Decision {
    let ids: Vec<String> = failure.issues.iter().map(|issue| issue.id.clone()).collect();
    if failure.attempts_left == 0 {
        let open =
            if ids.is_empty() { "no issue was reported".to_owned() } else { format!("open: {}", ids.join(", ")) };
        let (gate, attempt) = (&failure.gate, failure.attempt);
        return Decision::GiveUp(format!("gate `{gate}` failed at attempt {attempt} and no attempt is left; {open}"));
    }
    let allowed = &failure.may_revise;
    match allowed.iter().rev().find(|phase| **phase != failure.gate).or(allowed.last()) {
        Some(phase) => Decision::Revise(vec![Revision {
            phase: phase.clone(),
            issue_ids: ids,
            instructions: render_instructions(failure, phase),
        }]),
        None => Decision::GiveUp(format!("gate `{}` failed and may not revise any phase", failure.gate)),
    }
}

fn render_instructions(failure: &GateFailure, phase: &str) -> String {
    let mut out = format!("Gate `{}` failed at attempt {}.\n", failure.gate, failure.attempt);
    if let Some(remark) = failure.person_words.as_deref().filter(|remark| !remark.trim().is_empty()) {
        out.push_str(&format!("A person rejected the work. Their remark takes precedence:\n{remark}\n"));
    }
    if failure.issues.is_empty() && failure.person_words.is_none() {
        out.push_str(&format!("The gate reported no issue: check the work of `{phase}` against its report.\n"));
    }
    if !failure.issues.is_empty() {
        out.push_str(&format!("Revise the work of `{phase}` until these issues are fixed:\n"));
    }
    for issue in &failure.issues {
        let advice = issue.recommendation.as_deref().unwrap_or(&issue.description);
        out.push_str(&format!("- {}: {}\n", issue.id, advice.trim_end()));
    }
    out
}

#[cfg(test)]
mod tests;
