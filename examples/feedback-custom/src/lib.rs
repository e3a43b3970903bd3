//! A stranger's strategy, "cheapest first": mending code is cheap and redesigning is dear, so everything goes to the cheap
//! phase until half the attempts are used, and to the dear one after that.
//!
//! Settings: `cheap` (default `code`) and `dear` (default `design`). A phase that the gate may not revise is replaced by the
//! latest it may revise. No attempts left, or no phase at all: it gives up, in words.

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
            Err(error) => return Decision::GiveUp(format!("the settings of cheapest-first cannot be used: {error}")),
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
            None => Decision::GiveUp(format!("gate `{}` failed and may send work back to no phase", failure.gate)),
        }
    }
}

fn revision(failure: &GateFailure, phase: &str, cheap: bool) -> Revision {
    let how = if cheap {
        "Mend what is named here with the smallest change"
    } else {
        "Small changes did not help: take another way"
    };
    let mut instructions = format!("Gate `{}` failed at attempt {}. {how}.\n", failure.gate, failure.attempt);
    for issue in &failure.issues {
        instructions.push_str(&format!("- {}: {}\n", issue.id, issue.description));
    }
    if let Some(said) = &failure.person_words {
        instructions.push_str(&format!("A person said:\n{said}\n"));
    }
    Revision {
        phase: phase.to_owned(),
        issue_ids: failure.issues.iter().map(|issue| issue.id.clone()).collect(),
        instructions,
    }
}

#[cfg(test)]
mod tests;
