//! The decisions that a person may make at a gate, and the events that record them.
//!
//! The rules: only a gate that waits can be decided about; `approve` confirms a pass; `override` needs a gate that did not
//! pass, and a reason; `reject` needs a reason, and may name only a phase that the gate may send work back to; `abort` is
//! always allowed. Folding an older journal does not apply these rules again.

use super::phase_state::RecordedJudgement;
use super::run_state::State;
use crate::event::{Choice, Event, RunStatus, Verdict};
use crate::names::{AttemptId, PhaseName, RunId};
use crate::pipeline::Phase;

/// An error: the decision is not allowed in this state. [`DecisionError::hint`] names what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The run has ended.
    #[error("run {run} does not wait for a person")]
    RunEnded {
        /// The run.
        run: RunId,
        /// The reason of its end.
        reason: String,
    },
    /// The run has not ended, but no gate of it waits for a person.
    #[error("run {run} does not wait for a person")]
    NotWaiting {
        /// The run.
        run: RunId,
    },
    /// `approve` of a gate that failed or was not judged.
    #[error("gate {gate} {}; a failing gate cannot be approved", if *.judged { "failed" } else { "could not be judged" })]
    NotPassed {
        /// The gate.
        gate: PhaseName,
        /// Whether the gate was judged.
        judged: bool,
    },
    /// `override` of a gate that passed.
    #[error("gate {gate} passed; there is nothing to override")]
    Passed {
        /// The gate.
        gate: PhaseName,
    },
    /// `reject` or `override` without a reason.
    #[error("a reason is needed")]
    ReasonMissing,
    /// `reject` with a phase that the gate may not send work back to.
    #[error("gate {gate} may not send work back to `{phase}`")]
    NotRevisable {
        /// The gate.
        gate: PhaseName,
        /// The phase that was named.
        phase: PhaseName,
        /// The phases that the gate may send work back to.
        allowed: Vec<PhaseName>,
    },
}

impl DecisionError {
    /// Returns what to do instead.
    pub fn hint(&self) -> String {
        match self {
            Self::RunEnded { reason, .. } => format!("it is over: {reason}"),
            Self::NotWaiting { run } => format!("continue with `phasegate resume {run}`"),
            Self::NotPassed { .. } => "override it or reject it, with a reason, or abort the run".to_owned(),
            Self::Passed { .. } => "approve it".to_owned(),
            Self::ReasonMissing => "add --reason TEXT; it goes into the result and the next prompt".to_owned(),
            Self::NotRevisable { allowed, .. } => {
                let names: Vec<_> = allowed.iter().map(PhaseName::as_str).collect();
                format!("it may send work back to {}", names.join(", "))
            }
        }
    }
}

impl State {
    /// Checks that a person may make this decision now. Returns the gate and the judgement that the decision is about.
    pub fn check_choice(&self, choice: &Choice, reason: &str) -> Result<(&Phase, &RecordedJudgement), DecisionError> {
        let Some((phase, judged, _)) = self.waiting() else {
            let run = self.created.run_id.clone();
            return Err(match self.ended() {
                Some((_, reason)) => DecisionError::RunEnded { run, reason: reason.to_owned() },
                None => DecisionError::NotWaiting { run },
            });
        };
        let gate = || phase.name.clone();
        match choice {
            Choice::Approve if !judged.verdict.passes() => {
                return Err(DecisionError::NotPassed { gate: gate(), judged: judged.verdict != Verdict::NotJudged });
            }
            Choice::Override if judged.verdict.passes() => return Err(DecisionError::Passed { gate: gate() }),
            _ if choice.needs_reason() && reason.trim().is_empty() => return Err(DecisionError::ReasonMissing),
            Choice::Reject { revise: Some(target) } => {
                let allowed = phase.gate.as_ref().map(|gate| gate.may_revise.clone()).unwrap_or_default();
                if !allowed.contains(target) {
                    return Err(DecisionError::NotRevisable { gate: gate(), phase: target.clone(), allowed });
                }
            }
            _ => {}
        }
        Ok((phase, judged))
    }

    /// Returns the events that record a person's decision: `approval_given`, bound to the digests that were judged, and
    /// for `abort` also `run_finished`, because nothing is left to resume.
    pub fn decide(&self, choice: Choice, by: String, reason: String) -> Result<Vec<Event>, DecisionError> {
        let (phase, judged) = self.check_choice(&choice, &reason)?;
        let at = AttemptId { phase: phase.name.clone(), attempt: judged.attempt };
        let about = judged.about.clone();
        let end = (choice == Choice::Abort)
            .then(|| Event::RunFinished { status: RunStatus::Aborted, reason: format!("aborted by {by}: {reason}") });
        Ok([Event::ApprovalGiven { at, choice, by, reason, about }].into_iter().chain(end).collect())
    }
}
