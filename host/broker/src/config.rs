//! The broker's tables of `phasegate.toml` and their errors.
//!
//! Guarantees: unknown keys are rejected; a table never holds a provider's key, only the place to read it from. A
//! [`ConfigError`] names table and key; the reader of the file adds file and line.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use phasegate_process::model::{Request, Tier};
use phasegate_process::source::did_you_mean;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::ProviderAccess;
use crate::model_id::ModelId;
use crate::sampling::{Sampling, Temperature};

/// `[models]`: the model of each tier, and how calls are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsConfig {
    /// The model of tier `fast`. Default: the one of `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fast: Option<ModelId>,
    /// The model of tier `default`. Default: the one of `deep`, else of `fast`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<ModelId>,
    /// The model of tier `deep`. Default: the one of `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deep: Option<ModelId>,
    /// Concurrent requests over all runs of the process. Default: 8.
    pub concurrency: NonZeroU32,
    /// How often a call that failed temporarily is repeated. Default: 4.
    pub retries: u32,
    /// The longest duration of one request, and the longest time that a server may load its model. Default: 600.
    pub timeout_seconds: NonZeroU32,
    /// The longest pause within a streamed answer. Default: 180.
    pub idle_seconds: NonZeroU32,
    /// Whether answers are streamed, which shows progress and finds broken connections early. Default: true.
    pub stream: bool,
    /// Whether overlapping calls of an attempt whose prompts begin alike wait for the beginning of the first streamed answer:
    /// the provider then has the common part in its cache. Default: true.
    #[serde(skip_serializing_if = "is_true")]
    pub wait_for_cache: bool,
    /// What a resumed run does with a recorded call that has no answer. Default: ask again.
    pub on_unknown: OnUnknown,
    /// The temperature of requests whose plugin sets none. Default: that of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Temperature>,
    /// The seed of all requests, for providers that take one. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
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
            wait_for_cache: true,
            on_unknown: OnUnknown::AskAgain,
            temperature: None,
            seed: None,
        }
    }
}

/// For keys that older runs lack.
fn is_true(value: &bool) -> bool {
    *value
}

impl ModelsConfig {
    /// Returns a request with the temperature and the seed of this table. They are recorded with the request, and are part of
    /// what makes two requests the same.
    pub fn with_sampling(&self, request: Request) -> Request {
        let temperature = self.temperature.map(|temperature| f64::from(temperature) as f32);
        Request { temperature: request.temperature.or(temperature), seed: self.seed, ..request }
    }

    /// Replaces temperature and seed where `sampling` has them.
    pub fn set_sampling(&mut self, sampling: Sampling) {
        self.temperature = sampling.temperature.or(self.temperature);
        self.seed = sampling.seed.or(self.seed);
    }

    /// Returns temperature and seed.
    pub fn sampling(&self) -> Sampling {
        Sampling { temperature: self.temperature, seed: self.seed }
    }

    /// Returns the part of the table that connections depend on: everything but what is written into requests.
    pub fn without_sampling(&self) -> Self {
        Self { temperature: None, seed: None, ..self.clone() }
    }

    /// Returns the model configured for a tier, with the key that names it: the tier's own or a neighboring one.
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

/// What a resumed run does with a call that may have been billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Repeat the call, and report that the first one may have been billed.
    AskAgain,
    /// Stop the run, for a person to decide.
    Stop,
}

/// The wire format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// The Messages format of Anthropic.
    Anthropic,
    /// Chat completions, as OpenAI and compatible servers implement them.
    Openai,
}

/// `[providers.NAME]`. `anthropic`, `openai` and `ollama` are built in; a table of that name overrides single values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// The wire format. Required unless the provider is built in.
    pub kind: Option<ProviderKind>,
    /// The address, such as `https://host/v1`. With an address of its own, a provider gets a key only if this table names
    /// one.
    pub base_url: Option<String>,
    /// The environment variable that holds the key.
    pub key_env: Option<String>,
    /// The file that holds the key, relative to the configuration's folder.
    pub key_file: Option<PathBuf>,
    /// Whether answers with a schema use the provider's own mechanism rather than a prompt. Default: true.
    pub structured: Option<bool>,
    /// Whether answers are streamed. Default: `[models] stream`.
    pub stream: Option<bool>,
    /// Whether a temperature may be sent; `false` for models that reject it. Default: true.
    pub temperature: Option<bool>,
    /// Whether a seed may be sent; kind `openai` only. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<bool>,
    /// Whether the limit is sent as `max_completion_tokens` rather than `max_tokens`; kind `openai` only. Default: true
    /// for OpenAI itself.
    pub max_completion_tokens: Option<bool>,
    /// Whether an `http://` address may be on another machine. Key, requests and answers are then readable on the way.
    /// Default: false.
    pub allow_http: bool,
    /// The header that carries the key. Default: `x-api-key` for kind `anthropic`, else `authorization`, which carries it as
    /// `Bearer KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_header: Option<String>,
    /// Further headers of each request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, SentValue>,
    /// The query of each request, such as `api-version` of Azure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, SentValue>,
    /// The most tokens of an answer. A plugin that asks for more gets as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<NonZeroU32>,
    /// The most tokens of a prompt and its answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<NonZeroU32>,
    /// Whether the provider is asked for its models before a run. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_models: Option<bool>,
    /// The limits of single models, by the provider's own name. They take precedence.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelLimits>,
}

impl ProviderConfig {
    /// Returns the limits of a model, by the provider's own name for it.
    pub(crate) fn limits_of(&self, model: &str) -> ModelLimits {
        let own = self.models.get(model).copied().unwrap_or_default();
        ModelLimits {
            max_output_tokens: own.max_output_tokens.or(self.max_output_tokens),
            context_window: own.context_window.or(self.context_window),
        }
    }

    /// Whether the table decides where requests go or what they carry besides the prompt.
    pub fn has_access(&self) -> bool {
        self.base_url.is_some()
            || self.key_env.is_some()
            || self.key_file.is_some()
            || self.allow_http
            || self.key_header.is_some()
            || !self.headers.is_empty()
            || !self.query.is_empty()
    }
}

/// What a model supports, where the operator knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelLimits {
    /// The most tokens of an answer. A plugin that asks for more gets as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<NonZeroU32>,
    /// The most tokens of a prompt and its answer together. Caps answers, and refuses prompts that fill it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<NonZeroU32>,
}

/// The value of a header or of a parameter of the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text, or { env = \"VARIABLE\" }")]
pub enum SentValue {
    /// The value itself, which is not secret.
    Plain(String),
    /// The value of an environment variable, which is secret.
    Secret(EnvValue),
}

/// The place of a secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvValue {
    /// The name of the environment variable.
    pub env: String,
}

/// A fault in the configuration of models.
///
/// `Display` gives the message alone, in one line; [`ConfigError::hint`] gives what to do about it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
    /// A provider refuses its key.
    #[error("{provider} refuses the key (status {status})")]
    KeyRefused {
        /// The provider.
        provider: String,
        /// The status of its answer.
        status: u16,
    },
    /// A provider does not list a model.
    #[error("[models] {tier}: {provider} does not list the model `{name}`", tier = .tier.as_str(), provider = .model.provider(), name = .model.model())]
    NotListed {
        /// The key of `[models]`.
        tier: Tier,
        /// The model that the key names.
        model: ModelId,
        /// The listed model of the most similar name.
        near: Option<String>,
        /// Some of the listed models, separated by commas.
        listed: String,
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
    /// A limit in US dollars is set, and some models have no price.
    #[error(
        "[budget] usd: the limit of {usd:.2} USD would not hold, because no price is known for {}",
        .models.iter().map(|model| format!("`{model}`")).collect::<Vec<_>>().join(", ")
    )]
    UnpricedLimit {
        /// The limit.
        usd: f64,
        /// The models.
        models: Vec<ModelId>,
    },
    /// Providers use an address or a key that the user has not agreed to.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NotTrusted(Vec<ProviderAccess>),
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
                 \"scripted:FILE\" for answers written by hand,\n\
                 or see a run that needs no model: `phasegate init --demo demo`, then `phasegate run demo/task.toml`"
                    .to_owned()
            }
            Self::NoOllamaModel { .. } => "pull one, as in `ollama pull llama3.1`".to_owned(),
            Self::UnknownProvider { model, known, .. } => format!(
                "{}\ndescribe another as [providers.{}] with kind and base_url",
                did_you_mean(model.provider(), &known.split(", ").collect::<Vec<_>>()),
                model.provider()
            ),
            Self::KeyRefused { provider, .. } => {
                format!("renew the key at the provider, or name another one in [providers.{provider}] key_env")
            }
            Self::NotListed { near: Some(near), model, .. } => format!("did you mean `{}:{near}`?", model.provider()),
            Self::NotListed { listed, model, .. } if listed.is_empty() => {
                format!("{} lists no model: load one there", model.provider())
            }
            Self::NotListed { listed, model, .. } => format!(
                "choose from {listed}\nif it serves the model nevertheless, set [providers.{}] list_models = false",
                model.provider()
            ),
            Self::Provider { hint, .. } | Self::Script { hint, .. } => hint.clone(),
            Self::UnpricedLimit { models, .. } => {
                let entry = |model: &ModelId| format!("\n[prices.\"{model}\"]\ninput = 0.0\noutput = 0.0");
                format!(
                    "write what it costs, in US dollars per million tokens, into the configuration:{}\n\
                     or leave out usd, or set it to \"unlimited\"",
                    models.iter().map(entry).collect::<String>()
                )
            }
            Self::NotTrusted(_) | Self::Client(_) => return None,
        })
    }
}
