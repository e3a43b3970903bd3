//! The name of a model as the operator writes it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The provider name of models whose answers come from a script.
pub const SCRIPTED: &str = "scripted";

/// `PROVIDER:MODEL`, or `scripted:FILE`. Both halves are present and free of surrounding spaces and control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[^:]+:.+$"))]
pub struct ModelId {
    provider: String,
    model: String,
}

impl ModelId {
    pub(crate) fn new(provider: &str, model: &str) -> Self {
        Self { provider: provider.to_owned(), model: model.to_owned() }
    }

    /// Returns the part before the first colon: the name of the provider's table.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns the part after the first colon: the provider's own name of the model, or the path of the script.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether the answers come from a script.
    pub fn is_scripted(&self) -> bool {
        self.provider == SCRIPTED
    }
}

/// A text that is not a [`ModelId`]. The message ends with its hint, because a TOML parser passes on nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a model\n\
     hint: write PROVIDER:MODEL, as in \"anthropic:claude-sonnet-4-6\" or \"ollama:llama3.1:8b\", or \"scripted:FILE\""
)]
pub struct BadModelId(String);

impl FromStr for ModelId {
    type Err = BadModelId;

    fn from_str(text: &str) -> Result<Self, BadModelId> {
        let (provider, model) = text.split_once(':').ok_or_else(|| BadModelId(text.to_owned()))?;
        let is_valid = |name: &str| !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
        match is_valid(provider) && is_valid(model) {
            true => Ok(Self { provider: provider.to_owned(), model: model.to_owned() }),
            false => Err(BadModelId(text.to_owned())),
        }
    }
}

impl TryFrom<String> for ModelId {
    type Error = BadModelId;

    fn try_from(text: String) -> Result<Self, BadModelId> {
        text.parse()
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn model_names_may_contain_colons() {
        let id: ModelId = "ollama:llama3.1:8b".parse().unwrap();
        assert_eq!((id.provider(), id.model()), ("ollama", "llama3.1:8b"));
        assert_eq!(id.to_string(), "ollama:llama3.1:8b");
    }

    #[test]
    fn rejects_names_without_a_provider() {
        for bad in ["claude", ":x", "x:", "", " a:b", "a:b\n"] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad:?}");
        }
        assert_eq!(
            "claude".parse::<ModelId>().unwrap_err().to_string(),
            "`claude` is not a model\nhint: write PROVIDER:MODEL, as in \"anthropic:claude-sonnet-4-6\" or \
             \"ollama:llama3.1:8b\", or \"scripted:FILE\""
        );
    }
}
