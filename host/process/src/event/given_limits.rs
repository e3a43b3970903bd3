//! The limits that a person gave a run after its creation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The limits that a person gave a run after its creation. `None` keeps a limit as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GivenLimits {
    /// Model calls, earlier ones included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub calls: Option<u64>,
    /// Tokens read and written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tokens: Option<u64>,
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usd: Option<f64>,
}

impl GivenLimits {
    /// Returns these limits, and the other ones where these say nothing.
    pub fn or(self, other: Self) -> Self {
        Self { calls: self.calls.or(other.calls), tokens: self.tokens.or(other.tokens), usd: self.usd.or(other.usd) }
    }

    /// Whether no limit is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for GivenLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.calls.map(|calls| format!("{calls} call{}", if calls == 1 { "" } else { "s" }));
        let tokens = self.tokens.map(|tokens| format!("{tokens} token{}", if tokens == 1 { "" } else { "s" }));
        let usd = self.usd.map(|usd| format!("{usd:.2} USD"));
        f.write_str(&[calls, tokens, usd].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}
