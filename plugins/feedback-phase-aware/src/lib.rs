//! The standard feedback strategy: each issue goes back to the phase that injected it.
//!
//! - If the gate may not revise that phase, the issue goes to the nearest allowed phase before it; if there is none, to the
//!   last allowed phase before the gate.
//! - A failure without an issue goes to the gate's own work if it may be revised (for example, a suite without tests),
//!   otherwise to the last allowed phase before the gate.
//! - A person's remark is passed on verbatim to every phase that revises; without issues, to the last allowed phase before the
//!   gate.
//! - An issue that came back unchanged `raise_after` times is raised: the allowed phase before its owner gets it. If there is
//!   none, the owner is told that its approach did not work.
//! - If no attempt is left or no phase may be revised, the strategy gives up and lists the open issues.
//!
//! Settings, all optional: `raise_after` (default 2; 0 turns raising off) and `phases` (all phases of the pipeline in order;
//! default: the standard process). Invalid settings make the strategy give up with the reason. Pure: the same failure gives
//! the same decision.

mod instructions;
mod route;
mod settings;

use phasegate_plugin::Strategy;
use phasegate_plugin::types::{Decision, GateFailure, Revision};

use route::RoutedIssue;
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
        return Decision::GiveUp(format!("gate `{}` failed and may not revise any phase", failure.gate));
    };
    let routed: Vec<RoutedIssue> =
        failure.issues.iter().map(|issue| route::route_issue(failure, issue, fallback, &settings)).collect();
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

#[cfg(test)]
mod tests;
