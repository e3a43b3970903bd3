//! The broker's tables of `phasegate.toml`, and what can be wrong with them.
//!
//! Promises: unknown keys are refused; no table holds a key, only where one is found. Fails with [`ConfigError`], which
//! names table and key; the reader of the file adds file and line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use phasegate_process::model::Tier;
use serde::{Deserialize, Serialize};

use crate::model_id::ModelId;

/// `[models]`: which model serves which tier, and how calls are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsConfig {
    /// Serves `fast`; where not given, what serves `default` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fast: Option<ModelId>,
    /// Serves `default`; where not given, `deep`'s does, else `fast`'s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<ModelId>,
    /// Serves `deep`; where not given, what serves `default` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deep: Option<ModelId>,
    /// Requests under way at once, over all runs of the process.
    pub concurrency: NonZeroU32,
    /// How often a call that failed in passing is made again.
    pub retries: u32,
    /// The longest that one try may take.
    pub timeout_seconds: NonZeroU32,
    /// The longest silence within a streamed answer.
    pub idle_seconds: NonZeroU32,
    /// Whether answers are streamed, for progress and to see early that one breaks off.
    pub stream: bool,
    /// What a resumed run does about a call that was asked and not answered.
    pub on_unknown: OnUnknown,
}

impl Default for ModelsConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            fast: None,
            default: None,
            deep: None,
            concurrency: number(8),
            retries: 4,
            timeout_seconds: number(600),
            idle_seconds: number(180),
            stream: true,
            on_unknown: OnUnknown::AskAgain,
        }
    }
}

impl ModelsConfig {
    /// The model configured for a tier, and the key that names it: the tier's own or a neighbour's.
    pub fn configured(&self, tier: Tier) -> Option<(Tier, &ModelId)> {
        let own = |tier| {
            let model = match tier {
                Tier::Fast => &self.fast,
                Tier::Default => &self.default,
                Tier::Deep => &self.deep,
            };
            model.as_ref().map(|model| (tier, model))
        };
        [tier, Tier::Default, Tier::Deep, Tier::Fast].into_iter().find_map(own)
    }
}

/// What a resumed run does about a call that may have been billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Ask again, and show that the first may have been billed.
    AskAgain,
    /// Stop for a person.
    Stop,
}

/// The wire format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Anthropic Messages.
    Anthropic,
    /// Chat completions of OpenAI and of every compatible server.
    Openai,
}

/// `[providers.NAME]`. `anthropic`, `openai` and `ollama` are known by name; the table then changes what is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// What it speaks; known for the built-in names.
    pub kind: Option<ProviderKind>,
    /// Where it is: `https://host/v1`, for instance. With an own address no key is sent unless one is named here.
    pub base_url: Option<String>,
    /// The environment variable that holds its key.
    pub key_env: Option<String>,
    /// The file that holds its key, beside the configuration.
    pub key_file: Option<PathBuf>,
    /// Whether answers of a given schema are asked for by the provider's own means (default), or in words.
    pub structured: Option<bool>,
    /// Whether this provider streams, where it differs from `[models] stream`.
    pub stream: Option<bool>,
    /// `false` for models that refuse a temperature: it is then never sent.
    pub temperature: Option<bool>,
    /// Whether the limit is sent as `max_completion_tokens` rather than `max_tokens` (`openai` kind only).
    pub max_completion_tokens: Option<bool>,
    /// Whether an `http://` address may be beyond this machine, where whoever carries it can read key, questions and answers.
    pub allow_http: bool,
}

/// A fault in the configuration of models.
///
/// `Display` gives the message alone, in one line; [`ConfigError::hint`] gives what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No model is configured, and none was found.
    #[error(
        "no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama \
         answers at {ollama}"
    )]
    NoModel {
        /// The address at which Ollama was looked for.
        ollama: String,
    },
    /// No model is configured, and an Ollama answers that has none.
    #[error("[models] names no model, and the Ollama at {ollama} has none")]
    NoOllamaModel {
        /// The address at which Ollama answered.
        ollama: String,
    },
    /// A tier names a provider that is not built in and has no table.
    #[error(
        "[models] {tier}: `{model}` names the provider `{provider}`, which is not known",
        tier = .tier.as_str(),
        provider = .model.provider()
    )]
    UnknownProvider {
        /// The key of `[models]`.
        tier: Tier,
        /// The model that the key names.
        model: ModelId,
        /// The names of all known providers, separated by commas.
        known: String,
    },
    /// A provider's table is wrong.
    #[error("[providers.{name}] {key}: {problem}")]
    Provider {
        /// The provider.
        name: String,
        /// The key of its table.
        key: &'static str,
        /// What is wrong with the key's value.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// A script cannot be used.
    #[error("[models] {tier}: {problem}", tier = .tier.as_str())]
    Script {
        /// The key of `[models]` that names the script.
        tier: Tier,
        /// File, line and what is wrong.
        problem: String,
        /// What to do about it.
        hint: String,
    },
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl ConfigError {
    pub(crate) fn provider(name: &str, key: &'static str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Provider { name: name.to_owned(), key, problem: problem.into(), hint: hint.into() }
    }

    /// Returns what the operator can do about it, in the imperative; may have several lines.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoModel { .. } => {
                "export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,\n\
                 or write into phasegate.toml under [models]: default = \"anthropic:claude-sonnet-4-6\", or \
                 \"scripted:FILE\" for answers written by hand"
                    .to_owned()
            }
            Self::NoOllamaModel { .. } => "pull one, as in `ollama pull llama3.1`".to_owned(),
            Self::UnknownProvider { model, known, .. } => format!(
                "known are {known}; describe another as [providers.{}] with kind and base_url",
                model.provider()
            ),
            Self::Provider { hint, .. } | Self::Script { hint, .. } => hint.clone(),
            Self::Client(_) => return None,
        })
    }
}
