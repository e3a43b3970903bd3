//! The kinds of plugins that templates exist for.

/// The kinds of plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Agent,
    Gate,
    Strategy,
    Runner,
}

impl Kind {
    /// The name of its templates, and of the module with its source.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Gate => "gate",
            Self::Strategy => "strategy",
            Self::Runner => "runner",
        }
    }

    /// Its name in prose, with the article.
    pub fn title(self) -> &'static str {
        match self {
            Self::Agent => "an agent",
            Self::Gate => "a gate",
            Self::Strategy => "a feedback strategy",
            Self::Runner => "a test runner",
        }
    }
}
