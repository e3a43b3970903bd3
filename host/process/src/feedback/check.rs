//! Validates a strategy's decision against the pipeline. A decision is accepted as it is or refused with a reason; it
//! is never adjusted. The reasons are stored in `feedback_decided`.

use super::decision::{Decision, GateFailure, Revision};
use crate::digest::Digest;
use crate::event::{FeedbackOutcome, Rework};
use crate::names::PhaseName;
use crate::work::FeedbackItem;

/// Validates a strategy's decision on `failure`. `about` are the digests of the judged artifacts; they go into the
/// feedback. A person's reason for a rejection is appended to the instructions where they do not contain it.
pub fn check_decision(failure: &GateFailure, about: &[Digest], decision: Decision) -> FeedbackOutcome {
    match decision {
        Decision::AskAPerson(reason) => FeedbackOutcome::AskAPerson { reason },
        Decision::GiveUp(reason) => FeedbackOutcome::GiveUp { reason },
        Decision::Revise(revisions) if revisions.is_empty() => {
            FeedbackOutcome::Refused { reason: "the strategy's decision names no phase to revise".to_owned() }
        }
        Decision::Revise(revisions) => {
            let rework = revisions
                .iter()
                .map(|revision| check_revision(failure, about, revision))
                .collect::<Result<Vec<_>, _>>();
            match rework.and_then(check_unique_phases) {
                Ok(rework) => FeedbackOutcome::Revise { rework },
                Err(reason) => FeedbackOutcome::Refused { reason },
            }
        }
    }
}

fn check_revision(failure: &GateFailure, about: &[Digest], revision: &Revision) -> Result<Rework, String> {
    let phase = find_revisable(failure, &revision.phase)?;
    // Each id is replaced by its whole issue, so a list of repeated ids would take memory without bound.
    let (named, found) = (revision.issue_ids.len(), failure.issues.len());
    if named > found {
        return Err(format!("the strategy names {named} issues, but gate `{}` found {found}", failure.gate));
    }
    let find = |id: &String| {
        let found = failure.issues.iter().find(|issue| issue.id == *id).cloned();
        found.ok_or_else(|| format!("the strategy names issue `{id}`, which gate `{}` did not find", failure.gate))
    };
    let issues = revision.issue_ids.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if issues.is_empty() && revision.instructions.trim().is_empty() {
        return Err(format!("the strategy sends work back to `{phase}` without an issue or a word"));
    }
    let reason = failure.person_words.as_ref().filter(|reason| !revision.instructions.contains(reason.as_str()));
    let instructions = match reason {
        Some(reason) => format!("{}\n\nA person rejected the work and said: {reason}", revision.instructions),
        None => revision.instructions.clone(),
    };
    let feedback = FeedbackItem { source: failure.gate.to_string(), about: about.to_vec(), issues, instructions };
    Ok(Rework { phase, feedback })
}

fn find_revisable(failure: &GateFailure, name: &str) -> Result<PhaseName, String> {
    let phase = failure.may_revise.iter().find(|phase| phase.as_str() == name).cloned();
    phase.ok_or_else(|| {
        let known: Vec<_> = failure.may_revise.iter().map(PhaseName::as_str).collect();
        format!(
            "the strategy wants to revise `{name}`, but gate `{}` may send work back only to {}",
            failure.gate,
            known.join(", ")
        )
    })
}

fn check_unique_phases(rework: Vec<Rework>) -> Result<Vec<Rework>, String> {
    for (index, one) in rework.iter().enumerate() {
        if rework.iter().skip(index + 1).any(|other| other.phase == one.phase) {
            return Err(format!("the strategy names phase `{}` twice", one.phase));
        }
    }
    Ok(rework)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::fixtures::sample_issue;
    use crate::work::Severity;

    fn failure() -> GateFailure {
        GateFailure {
            gate: "code-review".parse().unwrap(),
            attempt: 1,
            attempts_left: 2,
            issues: vec![sample_issue("a", Severity::High, "design"), sample_issue("b", Severity::High, "code")],
            person_words: None,
            may_revise: vec!["design".parse().unwrap(), "code".parse().unwrap()],
            history: vec![],
            settings: serde_json::json!({}),
        }
    }

    fn revise(phase: &str, ids: &[&str], instructions: &str) -> Revision {
        Revision {
            phase: phase.into(),
            issue_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            instructions: instructions.into(),
        }
    }

    fn refused(revisions: Vec<Revision>) -> String {
        match check_decision(&failure(), &[], Decision::Revise(revisions)) {
            FeedbackOutcome::Refused { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn accepts_several_revisions() {
        let decision = Decision::Revise(vec![revise("design", &["a"], "mend a"), revise("code", &["b"], "mend b")]);
        let FeedbackOutcome::Revise { rework } = check_decision(&failure(), &[Digest::from_content(b"x")], decision)
        else {
            panic!("refused")
        };
        let got: Vec<_> = rework.iter().map(|rework| (rework.phase.as_str(), rework.feedback.issues.len())).collect();
        assert_eq!(got, [("design", 1), ("code", 1)]);
        assert!(rework.iter().all(|rework| rework.feedback.about == [Digest::from_content(b"x")]));
    }

    #[test]
    fn refuses_decisions_outside_the_pipeline() {
        assert_eq!(
            refused(vec![revise("planning", &["a"], "x")]),
            "the strategy wants to revise `planning`, but gate `code-review` may send work back only to design, code"
        );
        assert_eq!(
            refused(vec![revise("code", &["zzz"], "x")]),
            "the strategy names issue `zzz`, which gate `code-review` did not find"
        );
        assert_eq!(
            refused(vec![revise("code", &["a"; 3], "x")]),
            "the strategy names 3 issues, but gate `code-review` found 2"
        );
        assert_eq!(refused(vec![]), "the strategy's decision names no phase to revise");
        assert_eq!(
            refused(vec![revise("code", &["b"], "x"), revise("code", &["a"], "y")]),
            "the strategy names phase `code` twice"
        );
        assert_eq!(
            refused(vec![revise("code", &[], " ")]),
            "the strategy sends work back to `code` without an issue or a word"
        );
    }

    #[test]
    fn instructions_include_the_persons_reason() {
        let failure = GateFailure { person_words: Some("use a table".into()), ..failure() };
        let FeedbackOutcome::Revise { rework } =
            check_decision(&failure, &[], Decision::Revise(vec![revise("code", &["b"], "mend")]))
        else {
            panic!("refused")
        };
        assert!(rework.iter().all(|rework| rework.feedback.instructions.contains("use a table")));
    }
}
