//! The decisions that are not allowed, with what to do instead.

use crate::calendar::format_utc;
use crate::event::Choice;
use crate::names::{AttemptId, PersonName, PhaseName, RunId};

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
    /// The decision names an attempt that does not wait, while another one does.
    #[error(
        "{at} {}: {waiting} {}, which was judged at {}",
        if *.asked { "is no longer waiting" } else { "does not wait for a decision" },
        if *.asked { "is" } else { "does" },
        format_utc(*.judged_ms)
    )]
    OtherAttempt {
        /// The attempt that the decision names.
        at: AttemptId,
        /// Whether a person was asked about that attempt.
        asked: bool,
        /// The attempt that waits.
        waiting: AttemptId,
        /// When it was judged, in Unix milliseconds.
        judged_ms: u64,
        /// How to read it and to decide.
        hint: String,
    },
    /// The attempt waits, but other artifacts were judged than those that the decision is about.
    #[error("{at} is not what was read: the decision is about {read}, and {waiting} waits")]
    OtherDigest {
        /// The attempt.
        at: AttemptId,
        /// The short digest that the decision is about.
        read: String,
        /// The short digest of the judgement that waits.
        waiting: String,
        /// How to read it and to decide.
        hint: String,
    },
    /// The decision names no attempt, and several judgements of the run can be meant.
    #[error("the decision does not name its attempt, and run {run} has several that could be meant: {waiting} waits")]
    AttemptMissing {
        /// The run.
        run: RunId,
        /// The attempt that waits.
        waiting: AttemptId,
        /// How to read it and to decide.
        hint: String,
    },
    /// The gate has approvers, and the author of the decision is none of them.
    #[error("`{by}` may not {choice} gate {gate}: its approvers are {}", join(.approvers))]
    NotApprover {
        /// The gate.
        gate: PhaseName,
        /// The author of the decision.
        by: PersonName,
        /// The word of the choice.
        choice: &'static str,
        /// The people who may.
        approvers: Vec<PersonName>,
    },
    /// The gate forbids self-approval, and the author of the decision started the run.
    #[error("`{by}` started run {run} and may not {choice} gate {gate}, which forbids self-approval")]
    SelfApproval {
        /// The run.
        run: RunId,
        /// The gate.
        gate: PhaseName,
        /// The author of the decision.
        by: PersonName,
        /// The word of the choice.
        choice: &'static str,
    },
    /// The gate forbids self-approval, and the run does not record the person who started it.
    #[error("gate {gate} forbids self-approval, and run {run} does not record the person who started it")]
    StarterUnknown {
        /// The run.
        run: RunId,
        /// The gate.
        gate: PhaseName,
    },
    /// The question is older than the gate allows.
    #[error("the question about {at} expired at {}; it was asked at {}", format_utc(*.expired_ms), format_utc(*.asked_ms))]
    Expired {
        /// The run.
        run: RunId,
        /// The attempt.
        at: AttemptId,
        /// When the person was asked, in Unix milliseconds.
        asked_ms: u64,
        /// When the question expired, in Unix milliseconds.
        expired_ms: u64,
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
    /// `reject`, `override` or `abort` without a reason.
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
            Self::OtherAttempt { hint, .. } | Self::OtherDigest { hint, .. } | Self::AttemptMissing { hint, .. } => {
                hint.clone()
            }
            Self::NotApprover { .. } => "ask one of them to decide; anybody may abort the run".to_owned(),
            Self::SelfApproval { .. } => "ask another person to decide, reject it, or abort the run".to_owned(),
            Self::StarterUnknown { .. } => "reject it or abort the run; start the task again with USER set".to_owned(),
            Self::Expired { run, .. } => {
                format!("ask again with `phasegate resume {run}`, reject it, or abort the run")
            }
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

fn join(names: &[PersonName]) -> String {
    names.iter().map(PersonName::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns how to read the attempt that waits and to decide about it. A choice that its verdict does not allow is replaced.
pub(super) fn read_and_decide(run: &RunId, choice: &Choice, at: &AttemptId, passes: bool) -> String {
    format!("read it with `phasegate show {run}`, then decide with `{}`", decision_command(run, choice, at, passes))
}

/// Returns the command that makes this choice, or the one that opens the gate where its verdict does not allow the choice.
pub(super) fn decision_command(run: &RunId, choice: &Choice, at: &AttemptId, passes: bool) -> String {
    let (verb, reason) = match (choice, passes) {
        (Choice::Approve | Choice::Override, true) => ("approve", ""),
        (Choice::Approve | Choice::Override, false) => ("override", " --reason TEXT"),
        (Choice::Reject { .. }, _) => ("reject", " --reason TEXT"),
        (Choice::Abort, _) => ("abort", " --reason TEXT"),
    };
    format!("phasegate {verb} {run} --at {at}{reason}")
}
