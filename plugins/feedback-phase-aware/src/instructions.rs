//! Renders instructions for the phases that revise, and the reason for giving up.

use phasegate_plugin::artifacts::Severity;
use phasegate_plugin::types::{GateFailure, Issue};

use crate::route::RoutedIssue;

/// Renders the instructions for one phase: the failed gate, a person's remark, and each issue.
pub fn render(failure: &GateFailure, phase: &str, issues: &[&RoutedIssue]) -> String {
    let gate = &failure.gate;
    let left = match failure.attempts_left {
        1 => "one more attempt is left".to_owned(),
        some => format!("{some} more attempts are left"),
    };
    let mut out = format!("Gate `{gate}` failed at attempt {}; {left}.\n", failure.attempt);
    if let Some(remark) = failure.person_words.as_deref().filter(|remark| !remark.trim().is_empty()) {
        out.push_str(&format!("A person rejected the work. Their remark takes precedence:\n{remark}\n"));
    }
    if issues.is_empty() {
        if failure.issues.is_empty() && failure.person_words.is_none() {
            out.push_str(&format!("The gate reported no issue: check the work of `{phase}` against its report.\n"));
        }
        return out;
    }
    out.push_str(&format!("Revise the work of `{phase}`: fix the cause of each issue, and keep everything else.\n"));
    for routed in issues {
        out.push_str(&render_issue(routed));
    }
    out
}

/// Renders the reason for giving up when no attempt is left.
pub fn render_give_up(failure: &GateFailure) -> String {
    let open: Vec<String> = failure
        .issues
        .iter()
        .map(|issue| format!("{} [{}]", issue.id, Severity::from(issue.severity).as_str()))
        .collect();
    let open = if open.is_empty() { "no issue was reported".to_owned() } else { format!("open: {}", open.join(", ")) };
    format!("gate `{}` failed at attempt {} and no attempt is left; {open}", failure.gate, failure.attempt)
}

fn render_issue(routed: &RoutedIssue) -> String {
    let issue = routed.issue;
    let mut out = format!(
        "- {} [{}]{}: {}",
        issue.id,
        Severity::from(issue.severity).as_str(),
        render_location(issue),
        issue.description.trim_end()
    );
    if let Some(advice) = issue.recommendation.as_deref().filter(|advice| !advice.trim().is_empty()) {
        out.push_str(&format!(" Do: {}", advice.trim_end()));
    }
    if let Some((owner, returns)) = routed.raised {
        let times = if returns == 1 { "once".to_owned() } else { format!("{returns} times") };
        if owner == routed.phase {
            out.push_str(&format!(
                " This came back unchanged {times}: the previous approach does not work, choose another one."
            ));
        } else {
            out.push_str(&format!(
                " This came back unchanged {times} although `{owner}` revised it: change the work of `{}` so that it cannot \
                 occur.",
                routed.phase
            ));
        }
    }
    if issue.phase_injected != routed.phase && routed.raised.is_none() {
        out.push_str(&format!(" (It is attributed to `{}`, which this gate may not revise.)", issue.phase_injected));
    }
    out.push('\n');
    out
}

fn render_location(issue: &Issue) -> String {
    match &issue.location {
        Some(location) => match location.line {
            Some(line) => format!(" at {}:{line}", location.path),
            None => format!(" in {}", location.path),
        },
        None => String::new(),
    }
}
