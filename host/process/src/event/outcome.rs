//! How an attempt at a phase ended.

use serde::{Deserialize, Serialize};

use crate::{ArtifactRef, AttemptId, Digest, PluginName};

/// How an attempt at a phase ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseOutcome {
    /// What was handed in was taken.
    Submitted {
        /// The artifacts.
        artifacts: Vec<ArtifactRef>,
        /// A gate's findings, a blob of JSON.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        findings: Option<Digest>,
    },
    /// What was handed in is not acceptable: every fault.
    Invalid {
        /// In words.
        faults: Vec<String>,
    },
    /// The agent said it could not do it.
    Failed {
        /// In its words.
        reason: String,
    },
    /// The sandbox ended it: trap, panic or limit.
    Crashed {
        /// In words.
        reason: String,
    },
}

impl PhaseOutcome {
    /// Why nothing was taken, where nothing was.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Submitted { .. } => None,
            Self::Invalid { faults } => Some(format!("what was submitted could not be taken: {}", faults.join("; "))),
            Self::Failed { reason } | Self::Crashed { reason } => Some(reason.clone()),
        }
    }

    /// The same for people who were not there. What the sandbox says of an attempt that it ended names plugin and moment
    /// already.
    pub fn describe(&self, at: &AttemptId, plugin: &PluginName) -> Option<String> {
        match self {
            Self::Invalid { faults } => {
                let (AttemptId { phase, attempt }, faults) = (at, faults.join("; "));
                let who = format!("plugin `{plugin}` (phase {phase}, attempt {attempt})");
                Some(format!("{who} submitted what could not be taken: {faults}"))
            }
            _ => self.fault(),
        }
    }

    /// What a person can do where what was handed in is not acceptable. Agents hear of the faults, not of this.
    pub fn hint(&self, at: &AttemptId) -> Option<String> {
        let Self::Invalid { .. } = self else { return None };
        Some(format!(
            "each attempt is told what was wrong with the one before; where that does not help, give phase `{}` another \
             model or more `max_retries`, or show this to the author of its plugin",
            at.phase
        ))
    }
}
