//! Finds the phase that must fix an issue, and counts how often the issue came back.

use phasegate_plugin::types::{GateFailure, Issue, PastAttempt};

/// Returns the phase that injected the issue, or the nearest allowed phase before it.
pub fn owner<'a>(failure: &'a GateFailure, issue: &Issue, order: &[String]) -> Option<&'a str> {
    let allowed = &failure.may_revise;
    if let Some(phase) = allowed.iter().find(|phase| **phase == issue.phase_injected) {
        return Some(phase);
    }
    let position = |phase: &str| order.iter().position(|known| known == phase);
    let injected = position(&issue.phase_injected)?;
    let gate = position(&failure.gate).unwrap_or(usize::MAX);
    let earlier = |phase: &&String| position(phase).is_some_and(|at| at < injected && at < gate);
    allowed.iter().rev().find(earlier).map(String::as_str)
}

/// Returns the phase for issues without an owner: the last allowed phase that is not the gate, otherwise the gate. A failure
/// without issues and without a remark goes to the gate itself if allowed.
pub fn fallback(failure: &GateFailure) -> Option<&str> {
    let allowed = &failure.may_revise;
    let is_unexplained = failure.issues.is_empty() && failure.person_words.is_none();
    if let Some(gate) = allowed.iter().find(|phase| is_unexplained && **phase == failure.gate) {
        return Some(gate);
    }
    allowed.iter().rev().find(|phase| **phase != failure.gate).or(allowed.last()).map(String::as_str)
}

/// Returns the allowed phase just before this one.
pub fn one_earlier<'a>(failure: &'a GateFailure, phase: &str) -> Option<&'a str> {
    let at = failure.may_revise.iter().position(|known| known == phase)?;
    failure.may_revise.get(at.checked_sub(1)?).map(String::as_str)
}

/// Returns the number of consecutive previous failures that contain the issue.
pub fn returns(failure: &GateFailure, issue: &Issue) -> usize {
    let holds = |past: &&PastAttempt| past.issues.iter().any(|other| is_same(other, issue));
    failure.history.iter().rev().take_while(holds).count()
}

/// Compares phase, path and description. Ids differ at every attempt, and line numbers move.
fn is_same(a: &Issue, b: &Issue) -> bool {
    let path = |issue: &Issue| issue.location.as_ref().map(|location| location.path.clone());
    a.phase_injected == b.phase_injected && path(a) == path(b) && normalize(&a.description) == normalize(&b.description)
}

fn normalize(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
