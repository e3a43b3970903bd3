//! A third-party strategy, "cheapest first": fixing code is cheap and redesigning is expensive. All issues go to the cheap phase
//! until half of the attempts are used, and to the expensive one after that.
//!
//! Settings: `cheap` (default `code`) and `dear` (default `design`). If the gate may not revise that phase, the last phase
//! that it may revise is used. Gives up with a reason if no attempt is left or no phase may be revised.

use phasegate_plugin::Strategy;
use phasegate_plugin::types::{Decision, GateFailure, Revision};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    cheap: String,
    dear: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cheap: "code".to_owned(), dear: "design".to_owned() }
    }
}

struct CheapestFirst;

phasegate_plugin::strategy!(CheapestFirst);
phasegate_plugin::manifest!();

impl Strategy for CheapestFirst {
    fn decide(failure: GateFailure) -> Decision {
        let settings: Settings = match serde_json::from_str(&failure.settings) {
            Ok(settings) => settings,
            Err(error) => return Decision::GiveUp(format!("invalid settings of cheapest-first: {error}")),
        };
        if failure.attempts_left == 0 {
            return Decision::GiveUp(format!("gate `{}` failed and no attempt is left", failure.gate));
        }
        let half = (failure.attempt + failure.attempts_left) / 2;
        let cheap = failure.attempt <= half;
        let wanted = if cheap { &settings.cheap } else { &settings.dear };
        let allowed = &failure.may_revise;
        match allowed.iter().find(|phase| *phase == wanted).or(allowed.last()) {
            Some(phase) => Decision::Revise(vec![revision(&failure, phase, cheap)]),
            None => Decision::GiveUp(format!("gate `{}` failed and may not revise any phase", failure.gate)),
        }
    }
}

fn revision(failure: &GateFailure, phase: &str, cheap: bool) -> Revision {
    let how = if cheap {
        "Fix these issues with the smallest change"
    } else {
        "Small changes did not help: choose another approach"
    };
    let mut instructions = format!("Gate `{}` failed at attempt {}. {how}.\n", failure.gate, failure.attempt);
    for issue in &failure.issues {
        instructions.push_str(&format!("- {}: {}\n", issue.id, issue.description));
    }
    if let Some(remark) = &failure.person_words {
        instructions.push_str(&format!("Remark of a person:\n{remark}\n"));
    }
    Revision {
        phase: phase.to_owned(),
        issue_ids: failure.issues.iter().map(|issue| issue.id.clone()).collect(),
        instructions,
    }
}

#[cfg(test)]
mod tests;
