//! A feedback strategy: sends all issues to the last phase that the gate may send back, and after `patience` attempts to the
//! phase before it, and so on. Pure: the same failure gives the same decision.

use phasegate_plugin::types::{Decision, GateFailure, Revision};
use phasegate_plugin::{Strategy, strategy};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Attempts for each phase.
    patience: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { patience: 2 }
    }
}

struct LastPhaseFirst;

strategy!(LastPhaseFirst);

impl Strategy for LastPhaseFirst {
    fn decide(failure: GateFailure) -> Decision {
        let settings: Settings = match serde_json::from_str(&failure.settings) {
            Ok(settings) => settings,
            Err(why) => return Decision::GiveUp(format!("invalid settings: {why}")),
        };
        if failure.attempts_left == 0 {
            return Decision::GiveUp(format!("gate `{}` failed and no attempt is left", failure.gate));
        }
        let back = failure.history.len() / settings.patience.max(1);
        match failure.may_revise.iter().rev().nth(back).or(failure.may_revise.first()) {
            Some(phase) => Decision::Revise(vec![revision(&failure, phase)]),
            None => Decision::AskAPerson(format!("gate `{}` may send no phase back", failure.gate)),
        }
    }
}

fn revision(failure: &GateFailure, phase: &str) -> Revision {
    let issues = failure.issues.iter().map(|issue| format!("- {}: {}\n", issue.id, issue.description));
    let remark = failure.person_words.iter().map(|words| format!("Remark of a person: {words}\n"));
    Revision {
        phase: phase.to_owned(),
        issue_ids: failure.issues.iter().map(|issue| issue.id.clone()).collect(),
        instructions: format!("Gate `{}` failed:\n{}", failure.gate, issues.chain(remark).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use phasegate_plugin::types::PastAttempt;

    use super::*;

    fn phase_after(failed_before: usize) -> String {
        let past = PastAttempt { issues: Vec::new(), revised: Vec::new() };
        let decision = LastPhaseFirst::decide(GateFailure {
            gate: "code-review".to_owned(),
            attempt: failed_before as u32 + 1,
            attempts_left: 3,
            issues: Vec::new(),
            person_words: None,
            may_revise: vec!["design".to_owned(), "code".to_owned()],
            history: vec![past; failed_before],
            settings: "{}".to_owned(),
        });
        match decision {
            Decision::Revise(revisions) => revisions[0].phase.clone(),
            other => panic!("no revision: {other:?}"),
        }
    }

    #[test]
    fn earlier_phases_revise_after_some_attempts() {
        assert_eq!([0, 1, 2, 9].map(phase_after), ["code", "code", "design", "design"]);
    }
}
