//! The outcome of an attempt at a phase.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::names::{AttemptId, PluginName};
use crate::work::ArtifactRef;

/// The outcome of an attempt at a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseOutcome {
    /// The submission is valid.
    Submitted {
        /// The artifacts, in the order of submission.
        artifacts: Vec<ArtifactRef>,
        /// The findings of a gate's agent, a blob of JSON.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        findings: Option<Digest>,
    },
    /// The submission is invalid.
    Invalid {
        /// Every fault, as the agent's next attempt reads it.
        faults: Vec<String>,
    },
    /// The agent returned an error.
    Failed {
        /// The agent's reason.
        reason: String,
    },
    /// The sandbox ended the call: trap, panic or exceeded limit.
    Crashed {
        /// Every fault, as the agent's next attempt reads it.
        reason: String,
    },
}

impl PhaseOutcome {
    /// Why no work was accepted; `None` for a valid submission. The text is part of the feedback of the next attempt,
    /// so it is stored text.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Submitted { .. } => None,
            Self::Invalid { faults } => Some(format!("what was submitted could not be taken: {}", faults.join("; "))),
            Self::Failed { reason } | Self::Crashed { reason } => Some(reason.clone()),
        }
    }

    /// Describes a failure for a person, with plugin and attempt; `None` for a valid submission. The sandbox's own
    /// reasons name both already.
    pub fn describe(&self, at: &AttemptId, plugin: &PluginName) -> Option<String> {
        match self {
            Self::Invalid { faults } => {
                let (AttemptId { phase, attempt }, faults) = (at, faults.join("; "));
                let who = format!("plugin `{plugin}` (phase {phase}, attempt {attempt})");
                Some(format!("{who} submitted invalid work: {faults}"))
            }
            _ => self.fault(),
        }
    }

    /// What a person can do about an invalid submission; `None` for other outcomes. Agents do not see it.
    pub fn hint(&self, at: &AttemptId) -> Option<String> {
        let Self::Invalid { .. } = self else { return None };
        Some(format!(
            "each retry gets these faults as feedback; if that does not help, give phase `{}` another model or more \
             `max_retries`, or report this to the author of its plugin",
            at.phase
        ))
    }
}
