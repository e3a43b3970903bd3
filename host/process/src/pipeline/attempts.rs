//! The rule that connects the verdicts of one gate with those of all gates.

use std::num::NonZeroU32;

use super::Pipeline;
use crate::names::PhaseName;

/// `max_retries` of a phase that names none. It says nothing about what a person wants.
pub(super) const DEFAULT_RETRIES: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

/// A gate whose own limit can never take effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "gate `{gate}`: max_retries is {max_retries}, but all gates together get {total} verdicts (max_total_attempts)"
)]
pub struct AttemptsFault {
    /// The gate.
    pub gate: PhaseName,
    /// The most verdicts of this gate.
    pub max_retries: NonZeroU32,
    /// The most verdicts of all gates.
    pub total: NonZeroU32,
}

impl AttemptsFault {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        format!("raise max_total_attempts to at least {}, or lower max_retries", self.max_retries)
    }
}

/// Checks that no gate may have more verdicts than all gates together. Pinned pipelines of earlier versions may break the
/// rule, so that only new ones are checked.
pub fn check_attempts(pipeline: &Pipeline) -> Result<(), AttemptsFault> {
    let total = pipeline.max_total_attempts;
    let gates = pipeline.phases.iter().filter(|phase| phase.gate.is_some());
    match gates.into_iter().find(|phase| phase.max_retries > total && phase.max_retries > DEFAULT_RETRIES) {
        None => Ok(()),
        Some(phase) => Err(AttemptsFault { gate: phase.name.clone(), max_retries: phase.max_retries, total }),
    }
}
