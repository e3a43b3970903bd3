//! Turns the configuration's tables into endpoints, and detects models when no table names one.
//!
//! Guarantees: keys are read only for providers that serve a tier; plain HTTP to another machine needs `allow_http`; a
//! provider with an address of its own gets a key only if its table names one. Fails with [`ConfigError`].

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use phasegate_process::model::Tier;
use reqwest::Url;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::{ConfigError, ModelsConfig, ProviderKind};
use crate::key::{KeyFileError, Scrubber, Secret, looks_like_key};
use crate::model_id::{self, ModelId};
use crate::price::Price;
use crate::provider::endpoint::{self, Endpoint, is_loopback};
use crate::provider::format::ModelOptions;
use crate::provider::http;
use crate::provider::peer::Peer;
use crate::provider_entry::{BUILT_IN, ProviderEntry};
use crate::sent_values;
use crate::trusted_providers::TrustedProviders;

const OLLAMA: &str = "ollama";
/// The longest wait for the model list of a local server.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The models of `fast`, `default` and `deep` where only a provider's key is found.
pub(crate) const DEFAULT_MODELS: [(&str, [&str; 3]); 2] = [
    ("anthropic", ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8"]),
    ("openai", ["gpt-5-mini", "gpt-5", "gpt-5"]),
];

/// Reads an environment variable.
pub(crate) type Env<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The configuration that endpoints are made from.
pub(crate) struct Resolver<'a> {
    pub(crate) models: &'a ModelsConfig,
    pub(crate) providers: TrustedProviders<'a>,
    pub(crate) env: Env<'a>,
}

impl<'a> Resolver<'a> {
    /// Returns the models of `fast`, `default` and `deep`, configured or detected, each with the key that names it.
    pub(crate) async fn tiers(&self) -> Result<[(Tier, ModelId); 3], ConfigError> {
        let configured = |tier| self.models.configured(tier).map(|(key, model)| (key, model.clone()));
        match Tier::ALL.map(configured) {
            [Some(fast), Some(default), Some(deep)] => Ok([fast, default, deep]),
            _ => {
                let [fast, default, deep] = self.detect().await?;
                Ok([(Tier::Fast, fast), (Tier::Default, default), (Tier::Deep, deep)])
            }
        }
    }

    async fn detect(&self) -> Result<[ModelId; 3], ConfigError> {
        if let Some((name, usual)) = DEFAULT_MODELS.into_iter().find(|(name, _)| self.may_have_key(name)) {
            return Ok(usual.map(|model| ModelId::new(name, model)));
        }
        let Some(ollama) = ProviderEntry::find(OLLAMA, self.providers.tables())? else {
            return Err(ConfigError::NoModel { ollama: String::new() });
        };
        let address = ollama.base.to_string();
        match first_model(&ollama.base).await {
            Some(Some(model)) => Ok(Tier::ALL.map(|_| ModelId::new(OLLAMA, &model))),
            Some(None) => Err(ConfigError::NoOllamaModel { ollama: address }),
            None => Err(ConfigError::NoModel { ollama: address }),
        }
    }

    fn may_have_key(&self, name: &str) -> bool {
        let table = self.providers.tables().get(name);
        let named = table.is_some_and(|table| table.key_env.is_some() || table.key_file.is_some());
        let elsewhere = table.is_some_and(|table| table.base_url.is_some());
        let usual = BUILT_IN.iter().find(|known| known.0 == name).and_then(|known| known.3);
        named || (!elsewhere && usual.is_some_and(|variable| self.variable(variable).is_some()))
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.env)(name).map(Zeroizing::new).filter(|value| !value.trim().is_empty())
    }

    /// Returns a tier's model, with its key and the price of writes to its cache, and the secrets of its requests.
    pub(crate) fn model(
        &self,
        tier: Tier,
        id: &ModelId,
        price: Option<Price>,
    ) -> Result<(http::Model, Vec<Arc<Secret>>), ConfigError> {
        let entry = ProviderEntry::find(id.provider(), self.providers.tables())?
            .ok_or_else(|| ConfigError::UnknownProvider { tier, model: id.clone(), known: self.provider_names() })?;
        let table = &entry.table;
        let (endpoint, secrets) = self.endpoint(&entry)?;
        let options = ModelOptions {
            model: id.model().to_owned(),
            stream: table.stream.unwrap_or(self.models.stream),
            structured: table.structured.unwrap_or(true),
            temperature: table.temperature.unwrap_or(true),
            seed: entry.kind == ProviderKind::Openai && table.seed.unwrap_or(true),
            max_completion_tokens: table
                .max_completion_tokens
                .unwrap_or_else(|| endpoint.url.host_str() == Some("api.openai.com")),
            limits: table.limits_of(id.model()),
            price: match entry.kind {
                ProviderKind::Anthropic => price.map(Price::with_cache_writes),
                ProviderKind::Openai => price,
            },
        };
        Ok((http::Model::new(endpoint, options), secrets))
    }

    fn endpoint(&self, entry: &ProviderEntry<'_>) -> Result<(Endpoint, Vec<Arc<Secret>>), ConfigError> {
        let key = self.key(entry)?.map(Arc::new);
        let mut secrets: Vec<Arc<Secret>> = key.iter().cloned().collect();
        let variable = |name: &str| self.variable(name).map(|value| Secret::new(&value));
        let (headers, url) =
            sent_values::resolve(&entry.table, request_url(entry)?, variable, |secret| secrets.push(secret))
                .map_err(|(key, problem, hint)| ConfigError::provider(entry.name, key, problem, hint))?;
        check_plain_http(entry, !secrets.is_empty())?;
        let seconds = |seconds: std::num::NonZeroU32| Duration::from_secs(u64::from(seconds.get()));
        let endpoint = Endpoint {
            peer: Peer {
                name: entry.name.to_owned(),
                scrubber: Scrubber::new(secrets.iter().cloned()),
                has_key: !secrets.is_empty(),
            },
            kind: entry.kind,
            url,
            key,
            key_header: entry.table.key_header.as_deref().and_then(|name| name.parse().ok()),
            headers,
            lists_models: entry.table.list_models.unwrap_or(true),
            timeout: seconds(self.models.timeout_seconds),
            idle: seconds(self.models.idle_seconds),
            client: OnceLock::new(),
        };
        Ok((endpoint, secrets))
    }

    fn provider_names(&self) -> String {
        let mut names: Vec<&str> = BUILT_IN.iter().map(|known| known.0).chain([model_id::SCRIPTED]).collect();
        names.extend(self.providers.tables().keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }

    fn key(&self, entry: &ProviderEntry<'_>) -> Result<Option<Secret>, ConfigError> {
        let wrong = |key, problem: String, hint: &str| ConfigError::provider(entry.name, key, problem, hint);
        let (key, secret) = if let Some(file) = &entry.table.key_file {
            let read = Secret::read(&self.providers.base_dir().join(file));
            ("key_file", read.map_err(|why| key_file_fault(entry.name, file, &why))?)
        } else if let Some(variable) = entry.table.key_env.as_deref().or(entry.key_env) {
            let text = self.variable(variable).ok_or_else(|| {
                wrong(
                    "key_env",
                    match looks_like_key(variable) {
                        true => "the environment variable that it names is not set".to_owned(),
                        false => format!("the environment variable {variable} is not set"),
                    },
                    "export it, or name another variable or a key_file",
                )
            })?;
            ("key_env", Secret::new(&text))
        } else {
            return Ok(None);
        };
        match secret.is_usable() {
            true => Ok(Some(secret)),
            false => Err(unusable_key(entry.name, key)),
        }
    }
}

fn unusable_key(name: &str, key: &'static str) -> ConfigError {
    let problem = "it does not hold a key: it is empty or has characters that a key cannot have";
    ConfigError::provider(name, key, problem, "give the key alone, on one line")
}

fn key_file_fault(name: &str, file: &Path, why: &KeyFileError) -> ConfigError {
    // A key may stand in place of the file name and must not be shown.
    let shown = match looks_like_key(&file.to_string_lossy()) {
        true => "the file that it names".to_owned(),
        false => format!("`{}`", file.display()),
    };
    let wrong = |problem, hint| ConfigError::provider(name, "key_file", problem, hint);
    match why {
        KeyFileError::Unreadable(why) => {
            wrong(format!("{shown} cannot be read: {why}"), "the path is relative to the configuration's folder")
        }
        KeyFileError::Public => wrong(
            format!("every user of this machine may read or change {shown}"),
            "restrict it to its owner with `chmod 600`; a mounted secret takes its mode where it is declared",
        ),
        KeyFileError::NoKey => unusable_key(name, "key_file"),
    }
}

fn check_plain_http(entry: &ProviderEntry<'_>, has_key: bool) -> Result<(), ConfigError> {
    let is_exposed = entry.base.scheme() == "http" && !is_loopback(&entry.base);
    let what = if has_key { "the key" } else { "every request and answer" };
    match is_exposed && !entry.table.allow_http {
        true => Err(ConfigError::provider(
            entry.name,
            "base_url",
            format!("{what} would be sent unencrypted to {}", entry.base),
            "use https://, or set allow_http = true",
        )),
        false => Ok(()),
    }
}

fn request_url(entry: &ProviderEntry<'_>) -> Result<Url, ConfigError> {
    let path = match (entry.kind, entry.base.path().trim_end_matches('/').ends_with("/v1")) {
        (ProviderKind::Anthropic, true) => "messages",
        (ProviderKind::Anthropic, false) => "v1/messages",
        (ProviderKind::Openai, _) => "chat/completions",
    };
    below(&entry.base, path).ok_or_else(|| {
        ConfigError::provider(entry.name, "base_url", "it cannot have a path", "write it as in \"https://host/v1\"")
    })
}

fn below(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(path.split('/'));
    Some(url)
}

/// Returns the newest model of a local server: `None` where no server answers, `Some(None)` where it has no model.
async fn first_model(base: &Url) -> Option<Option<String>> {
    let client = endpoint::client(base).ok()?;
    let asked = client.get(below(base, "models")?).timeout(PROBE_TIMEOUT).send().await.ok()?;
    let list: Value = asked.error_for_status().ok()?.json().await.ok()?;
    // The list is null where no model was pulled.
    let models = list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let newest = models.into_iter().rev().max_by_key(|model| model.get("created").and_then(Value::as_i64));
    Some(newest.and_then(|model| model.get("id").and_then(Value::as_str).map(str::to_owned)))
}
