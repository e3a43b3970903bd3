//! Conversion of failed gates and decisions about them.

use phasegate_process::PhaseName;
use phasegate_process::feedback::{Decision, GateFailure, Revision};

use super::work::to_issues;
use crate::bindings::exports::phasegate::plugin::feedback as wit;

pub(crate) fn failure(from: &GateFailure) -> wit::GateFailure {
    let history = from
        .history
        .iter()
        .map(|past| wit::PastAttempt { issues: to_issues(&past.issues), revised: names(&past.revised) });
    wit::GateFailure {
        gate: from.gate.to_string(),
        attempt: from.attempt,
        attempts_left: from.attempts_left,
        issues: to_issues(&from.issues),
        person_words: from.person_words.clone(),
        may_revise: names(&from.may_revise),
        history: history.collect(),
        settings: from.settings.to_string(),
    }
}

fn names(phases: &[PhaseName]) -> Vec<String> {
    phases.iter().map(PhaseName::to_string).collect()
}

/// Converts a decision. Fails if this host does not know its case.
pub(crate) fn decision(from: wit::Decision) -> Result<Decision, String> {
    Ok(match from {
        wit::Decision::Revise(revisions) => {
            let revisions = revisions.into_iter();
            let revision =
                |wit::Revision { phase, issue_ids, instructions }| Revision { phase, issue_ids, instructions };
            Decision::Revise(revisions.map(revision).collect())
        }
        wit::Decision::AskAPerson(text) => Decision::AskAPerson(text),
        wit::Decision::GiveUp(text) => Decision::GiveUp(text),
        wit::Decision::Other(what) => return Err(format!("this host does not know the decision `{what}`")),
    })
}

/// Returns the size of a decision in bytes, for the limit on output.
pub(crate) fn size(decision: &wit::Decision) -> usize {
    let revision_size = |one: &wit::Revision| {
        one.phase.len() + one.instructions.len() + one.issue_ids.iter().map(String::len).sum::<usize>()
    };
    match decision {
        wit::Decision::Revise(revisions) => revisions.iter().map(revision_size).sum(),
        wit::Decision::AskAPerson(text) | wit::Decision::GiveUp(text) | wit::Decision::Other(text) => text.len(),
    }
}
