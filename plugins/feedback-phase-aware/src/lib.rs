//! The standard feedback strategy: each issue goes back to the phase that injected it.
//!
//! - An issue of a phase that the gate may not revise goes to the nearest allowed phase before it; where there is none, to the
//!   latest allowed phase before the gate.
//! - A failure without any issue goes to the gate's own work where that may be revised (a suite without tests, say), else to
//!   the latest allowed phase before it.
//! - A person's words go, verbatim, to every phase that revises; alone, to the latest allowed phase before the gate.
//! - An issue that came back unchanged after two revisions in a row is raised: its phase hears that mending it there has not
//!   worked, or, where the gate may revise an earlier phase, that phase gets it instead.
//! - No attempts left, or nobody to send to: it gives up, and says what is open.
//!
//! Settings, all optional: `raise_after` (how often an issue must have come back unchanged; default 2, 0 for never) and
//! `phases` (all phases of the pipeline in order, where they are not the standard ones). Settings it cannot read make it
//! give up in words. Pure: the same failure gives the same decision.

mod instructions;
mod route;
mod settings;

use phasegate_plugin::Strategy;
use phasegate_plugin::types::{Decision, GateFailure, Issue, Revision};

use settings::Settings;

struct PhaseAware;

impl Strategy for PhaseAware {
    fn decide(failure: GateFailure) -> Decision {
        decide(&failure)
    }
}

phasegate_plugin::strategy!(PhaseAware);
phasegate_plugin::manifest!();

fn decide(failure: &GateFailure) -> Decision {
    let settings = match Settings::parse(&failure.settings) {
        Ok(settings) => settings,
        Err(fault) => return Decision::GiveUp(fault),
    };
    if failure.attempts_left == 0 {
        return Decision::GiveUp(instructions::render_give_up(failure));
    }
    let Some(fallback) = route::fallback(failure) else {
        return Decision::GiveUp(format!("gate `{}` failed and may send work back to no phase", failure.gate));
    };
    let routed: Vec<RoutedIssue> =
        failure.issues.iter().map(|issue| route_issue(failure, issue, fallback, &settings)).collect();
    let revision = |phase: &String| {
        let issues: Vec<&RoutedIssue> = routed.iter().filter(|routed| routed.phase == phase).collect();
        let is_fallback = routed.is_empty() && phase == fallback;
        (is_fallback || !issues.is_empty()).then(|| Revision {
            phase: phase.clone(),
            issue_ids: issues.iter().map(|routed| routed.issue.id.clone()).collect(),
            instructions: instructions::render(failure, phase, &issues),
        })
    };
    Decision::Revise(failure.may_revise.iter().filter_map(revision).collect())
}

/// An issue and the phase that is to mend it.
struct RoutedIssue<'a> {
    issue: &'a Issue,
    phase: &'a str,
    /// The phase that could not mend it, and how often it came back.
    raised: Option<(&'a str, usize)>,
}

fn route_issue<'a>(
    failure: &'a GateFailure,
    issue: &'a Issue,
    fallback: &'a str,
    settings: &Settings,
) -> RoutedIssue<'a> {
    let owner = route::owner(failure, issue, &settings.phases).unwrap_or(fallback);
    let returns = route::returns(failure, issue);
    if settings.raise_after == 0 || returns < settings.raise_after {
        return RoutedIssue { issue, phase: owner, raised: None };
    }
    let phase = route::one_earlier(failure, owner).unwrap_or(owner);
    RoutedIssue { issue, phase, raised: Some((owner, returns)) }
}

#[cfg(test)]
mod tests;
