//! What can be wrong with an override.

use phasegate_process::PhaseName;

/// The part of a run that an override replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverrideTarget {
    /// The agent of a phase.
    Agent(PhaseName),
    /// The strategy.
    Feedback,
    /// The value of this key.
    Set(String),
    /// A provider, taken from the configuration.
    Provider(String),
    /// All of them together.
    All,
}

impl std::fmt::Display for OverrideTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent(phase) => write!(f, "agent of `{phase}`"),
            Self::Feedback => f.write_str("feedback"),
            Self::Set(key) => write!(f, "set `{key}`"),
            Self::Provider(name) => write!(f, "provider `{name}`"),
            Self::All => f.write_str("what is replaced"),
        }
    }
}

/// Why an override does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct OverrideError {
    /// The part that the override replaces.
    pub at: OverrideTarget,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What is wrong, and what to do.
pub(crate) type Complaint = (String, String);

impl OverrideTarget {
    pub(crate) fn fault(self, (message, hint): Complaint) -> OverrideError {
        OverrideError { at: self, message, hint }
    }
}
