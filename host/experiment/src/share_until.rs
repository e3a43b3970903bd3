//! How far runs are shared, and how a planned run starts.

use phasegate_process::RunId;
use phasegate_process::source::{Source, SourceError};
use toml::Spanned;

/// The name of a common beginning where a cell has that of its variant. It cannot be the name of a variant.
pub const SHARED_BEGINNING: &str = "(shared)";

/// How far the runs of all variants are one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareUntil {
    /// Up to the first decision of the strategy.
    FirstDecision,
}

impl ShareUntil {
    /// The word in files.
    pub(crate) const FIRST_DECISION: &str = "first-decision";

    pub(crate) fn parse(source: Source<'_>, given: &Spanned<String>) -> Result<Self, SourceError> {
        match given.get_ref().as_str() {
            Self::FIRST_DECISION => Ok(Self::FirstDecision),
            other => {
                let message = format!("`share_until` cannot be `{}`", other.escape_debug());
                let hint = format!("runs can share their beginning up to `{}`", Self::FIRST_DECISION);
                Err(source.error(given.span(), message, hint))
            }
        }
    }
}

/// How a planned run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// From its task.
    Task,
    /// From its task, and it is the common beginning of several cells: it ends before the first decision of the strategy.
    SharedBeginning,
    /// From the end of this common beginning.
    Continue(RunId),
}

impl Start {
    /// Returns the common beginning that the run continues.
    pub fn beginning(&self) -> Option<&RunId> {
        match self {
            Self::Continue(beginning) => Some(beginning),
            Self::Task | Self::SharedBeginning => None,
        }
    }
}
