//! Finds the phase that must fix an issue, and counts how often the issue came back.

use phasegate_plugin::types::{GateFailure, Issue, PastAttempt};

use crate::settings::Settings;

/// An issue and the phase that must fix it.
pub struct RoutedIssue<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// The phase that must fix it.
    pub phase: &'a str,
    /// Set if the issue is raised: the phase that did not fix it, and how often it came back.
    pub raised: Option<(&'a str, usize)>,
}

/// Routes an issue to its owner, to `fallback` if it has none, or to an earlier phase if it came back too often.
pub fn route_issue<'a>(
    failure: &'a GateFailure,
    issue: &'a Issue,
    fallback: &'a str,
    settings: &Settings,
) -> RoutedIssue<'a> {
    let owner = owner(failure, issue, &settings.phases).unwrap_or(fallback);
    let returns = returns(failure, issue);
    if settings.raise_after == 0 || returns < settings.raise_after {
        return RoutedIssue { issue, phase: owner, raised: None };
    }
    let phase = one_earlier(failure, owner).unwrap_or(owner);
    RoutedIssue { issue, phase, raised: Some((owner, returns)) }
}

/// Returns the phase that injected the issue, or the nearest allowed phase before it.
fn owner<'a>(failure: &'a GateFailure, issue: &Issue, order: &[String]) -> Option<&'a str> {
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
fn one_earlier<'a>(failure: &'a GateFailure, phase: &str) -> Option<&'a str> {
    let at = failure.may_revise.iter().position(|known| known == phase)?;
    failure.may_revise.get(at.checked_sub(1)?).map(String::as_str)
}

/// Returns the number of consecutive previous failures that contain the issue.
fn returns(failure: &GateFailure, issue: &Issue) -> usize {
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
