//! The worlds of the contract.

use serde::{Deserialize, Serialize};

/// The kind of a plugin, by the world that its component implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// `agent-plugin`.
    Agent,
    /// `agent-plugin-blocking`.
    AgentBlocking,
    /// `feedback-plugin`.
    Feedback,
    /// `runner-plugin`.
    Runner,
}

impl World {
    pub(crate) const ALL: [Self; 4] = [Self::Agent, Self::AgentBlocking, Self::Feedback, Self::Runner];

    /// Returns the name of the world in `wit/plugin.wit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent-plugin",
            Self::AgentBlocking => "agent-plugin-blocking",
            Self::Feedback => "feedback-plugin",
            Self::Runner => "runner-plugin",
        }
    }

    /// Returns the kind of plugin with its article: `an agent`. Stored in events.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Agent | Self::AgentBlocking => "an agent",
            Self::Feedback => "a feedback strategy",
            Self::Runner => "a test runner",
        }
    }

    pub(crate) fn exported_interface(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::AgentBlocking => "agent-blocking",
            Self::Feedback => "feedback",
            Self::Runner => "runner",
        }
    }

    /// Returns an interface that plugins of this kind may export as well.
    pub(crate) fn optional_export(self) -> Option<&'static str> {
        match self {
            Self::Agent | Self::AgentBlocking | Self::Feedback => None,
            Self::Runner => Some("runner-probe"),
        }
    }

    /// Returns the interfaces of the contract that the world may import. Interfaces that only define types are always
    /// allowed.
    pub(crate) fn allowed_imports(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &["models", "artifacts", "test-bench", "log"],
            Self::AgentBlocking => &["models-blocking", "artifacts", "test-bench-blocking", "log"],
            Self::Feedback => &["log"],
            Self::Runner => &[],
        }
    }
}
