//! From the configuration's tables to providers that can be asked, and to what is found when no table names a model.
//!
//! Promises: keys are read only for providers that serve a tier; nothing is sent over plain HTTP beyond this machine unless
//! the operator said so, and no key to an own address unless the same table names it. Fails with [`ConfigError`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use phasegate_process::model::Tier;
use reqwest::Url;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::{ConfigError, ModelsConfig, ProviderConfig, ProviderKind};
use crate::key::{BadFile, Scrubber, Secret, may_be_key};
use crate::model_id::{self, ModelId};
use crate::provider::http;
use crate::provider::peer::Peer;

const OLLAMA: &str = "ollama";
/// How long a local server may take to say what it has.
const PROBE: Duration = Duration::from_secs(2);

/// What is known without a table: name, kind, address, the variable of its key.
const BUILT_IN: [(&str, ProviderKind, &str, Option<&str>); 3] = [
    ("anthropic", ProviderKind::Anthropic, "https://api.anthropic.com/v1", Some("ANTHROPIC_API_KEY")),
    ("openai", ProviderKind::Openai, "https://api.openai.com/v1", Some("OPENAI_API_KEY")),
    (OLLAMA, ProviderKind::Openai, "http://127.0.0.1:11434/v1", None),
];

/// What serves the tiers when only a key is found: cheapest first.
const USUAL: [(&str, [&str; 3]); 2] = [
    ("anthropic", ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-8"]),
    ("openai", ["gpt-5-mini", "gpt-5", "gpt-5"]),
];

/// Reads the environment.
pub(crate) type Env<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Everything that providers are made from.
pub(crate) struct Setting<'a> {
    pub(crate) models: &'a ModelsConfig,
    pub(crate) providers: &'a BTreeMap<String, ProviderConfig>,
    pub(crate) base_dir: &'a Path,
    pub(crate) env: Env<'a>,
}

/// A provider as its table, or its name, describes it.
struct Described<'a> {
    name: &'a str,
    kind: ProviderKind,
    base: Url,
    key_env: Option<&'a str>,
    table: ProviderConfig,
}

impl<'a> Setting<'a> {
    /// Which models serve `fast`, `default` and `deep`, each with the key that names it: as configured, else as found.
    pub(crate) async fn tiers(&self) -> Result<[(Tier, ModelId); 3], ConfigError> {
        let configured = |tier| self.models.configured(tier).map(|(key, model)| (key, model.clone()));
        match Tier::ALL.map(configured) {
            [Some(fast), Some(default), Some(deep)] => Ok([fast, default, deep]),
            _ => {
                let [fast, default, deep] = self.found().await?;
                Ok([(Tier::Fast, fast), (Tier::Default, default), (Tier::Deep, deep)])
            }
        }
    }

    async fn found(&self) -> Result<[ModelId; 3], ConfigError> {
        if let Some((name, usual)) = USUAL.into_iter().find(|(name, _)| self.may_have_key(name)) {
            return Ok(usual.map(|model| ModelId::of(name, model)));
        }
        let Some(ollama) = self.described(OLLAMA)? else { return Err(ConfigError::NoModel { ollama: String::new() }) };
        let address = ollama.base.to_string();
        match first_model(&ollama.base).await {
            Some(Some(model)) => Ok(Tier::ALL.map(|_| ModelId::of(OLLAMA, &model))),
            Some(None) => Err(ConfigError::NoOllamaModel { ollama: address }),
            None => Err(ConfigError::NoModel { ollama: address }),
        }
    }

    fn may_have_key(&self, name: &str) -> bool {
        let table = self.providers.get(name);
        let named = table.is_some_and(|table| table.key_env.is_some() || table.key_file.is_some());
        let elsewhere = table.is_some_and(|table| table.base_url.is_some());
        let usual = BUILT_IN.iter().find(|known| known.0 == name).and_then(|known| known.3);
        named || (!elsewhere && usual.is_some_and(|variable| self.variable(variable).is_some()))
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.env)(name).map(Zeroizing::new).filter(|value| !value.trim().is_empty())
    }

    /// Looks over every table, used or not.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.providers.keys().try_for_each(|name| self.described(name).map(|_| ()))
    }

    /// The provider of a tier's model, with its key.
    pub(crate) fn endpoint(
        &self,
        tier: Tier,
        model: &ModelId,
    ) -> Result<(http::Endpoint, ProviderConfig), ConfigError> {
        let described = self.described(model.provider())?.ok_or_else(|| ConfigError::UnknownProvider {
            tier,
            model: model.clone(),
            known: self.known(),
        })?;
        let key = self.key(&described)?.map(Arc::new);
        check_plain_http(&described, key.is_some())?;
        let seconds = |seconds: std::num::NonZeroU32| Duration::from_secs(u64::from(seconds.get()));
        let endpoint = http::Endpoint {
            peer: Peer { name: described.name.to_owned(), scrubber: Scrubber::new(key.clone()) },
            kind: described.kind,
            url: call_url(&described)?,
            key,
            timeout: seconds(self.models.timeout_seconds),
            idle: seconds(self.models.idle_seconds),
            client: OnceLock::new(),
        };
        Ok((endpoint, described.table))
    }

    fn known(&self) -> String {
        let mut names: Vec<&str> = BUILT_IN.iter().map(|known| known.0).chain([model_id::SCRIPTED]).collect();
        names.extend(self.providers.keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }

    fn described<'n>(&'n self, name: &'n str) -> Result<Option<Described<'n>>, ConfigError> {
        let wrong = |key, problem: String, hint: String| ConfigError::provider(name, key, problem, hint);
        let built_in = BUILT_IN.iter().find(|known| known.0 == name);
        let table = match (self.providers.get(name), built_in) {
            (Some(table), _) => table.clone(),
            (None, Some(_)) => ProviderConfig::default(),
            (None, None) => return Ok(None),
        };
        if name == model_id::SCRIPTED {
            return Err(wrong(
                "kind",
                "`scripted` needs no table".into(),
                "remove it; the script is named in [models], as \"scripted:FILE\"".into(),
            ));
        }
        let kind = table.kind.or(built_in.map(|known| known.1)).ok_or_else(|| {
            wrong(
                "kind",
                "not given".into(),
                "set kind = \"openai\" for any compatible server, or \"anthropic\"".into(),
            )
        })?;
        let base = table.base_url.as_deref().or(built_in.map(|known| known.2)).ok_or_else(|| {
            wrong(
                "base_url",
                "not given".into(),
                "set it to the server's address, as in \"http://127.0.0.1:8000/v1\"".into(),
            )
        })?;
        let base = base_url(base).map_err(|(problem, hint)| wrong("base_url", problem, hint))?;
        if table.key_env.is_some() && table.key_file.is_some() {
            return Err(wrong("key_file", "given beside key_env".into(), "leave one of them out".into()));
        }
        if !table.key_env.as_deref().is_none_or(is_variable) {
            return Err(wrong(
                "key_env",
                "it is not the name of an environment variable".into(),
                "the key itself does not belong in this file: export it, as in MY_KEY=…, and write key_env = \"MY_KEY\"".into(),
            ));
        }
        let key_env = match (&table.base_url, built_in) {
            (None, Some(known)) if table.key_file.is_none() => known.3,
            _ => None,
        };
        Ok(Some(Described { name, kind, base, key_env, table }))
    }

    fn key(&self, described: &Described<'_>) -> Result<Option<Secret>, ConfigError> {
        let wrong = |key, problem: String, hint: &str| ConfigError::provider(described.name, key, problem, hint);
        let (key, secret) = if let Some(file) = &described.table.key_file {
            let read = Secret::read(&self.base_dir.join(file));
            ("key_file", read.map_err(|why| bad_file(described.name, file, &why))?)
        } else if let Some(variable) = described.table.key_env.as_deref().or(described.key_env) {
            let text = self.variable(variable).ok_or_else(|| {
                wrong(
                    "key_env",
                    match may_be_key(variable) {
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
            false => Err(no_key(described.name, key)),
        }
    }
}

fn no_key(name: &str, key: &'static str) -> ConfigError {
    let problem = "it holds no key: empty, or with characters that no key has";
    ConfigError::provider(name, key, problem, "give the key alone, on one line")
}

fn bad_file(name: &str, file: &Path, why: &BadFile) -> ConfigError {
    // Where a key stands in place of a name, the name is not for showing.
    let shown = match may_be_key(&file.to_string_lossy()) {
        true => "the file that it names".to_owned(),
        false => format!("`{}`", file.display()),
    };
    let wrong = |problem, hint| ConfigError::provider(name, "key_file", problem, hint);
    match why {
        BadFile::Unreadable(why) => {
            wrong(format!("{shown} cannot be read: {why}"), "the path is relative to the configuration's folder")
        }
        BadFile::Open => wrong(
            format!("everybody on this machine may read or change {shown}"),
            "keep it for its owner with `chmod 600`; a mounted secret takes a mode where it is declared",
        ),
        BadFile::NoKey => no_key(name, "key_file"),
    }
}

/// A key that was written where its variable's name belongs must neither be shown nor be recorded.
fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn base_url(text: &str) -> Result<Url, (String, String)> {
    let url = Url::parse(text).map_err(|why| {
        (format!("`{}` is no address: {why}", without_secrets(text)), "write it as in \"https://host/v1\"".to_owned())
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err((
            format!("`{}:` is not spoken here", url.scheme()),
            "use an https:// address, or http:// on this machine".to_owned(),
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err((
            "it holds more than an address".to_owned(),
            "leave out user, password, query and fragment; name the key with key_env or key_file".to_owned(),
        ));
    }
    Ok(url)
}

/// What stands before an `@` may be a password.
fn without_secrets(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

fn check_plain_http(described: &Described<'_>, has_key: bool) -> Result<(), ConfigError> {
    let in_the_open = described.base.scheme() == "http" && !http::is_loopback(&described.base);
    let what = if has_key { "the key" } else { "every question and answer" };
    match in_the_open && !described.table.allow_http {
        true => Err(ConfigError::provider(
            described.name,
            "base_url",
            format!("{what} would cross the network in the open, to {}", described.base),
            "use https://, or say allow_http = true",
        )),
        false => Ok(()),
    }
}

fn call_url(described: &Described<'_>) -> Result<Url, ConfigError> {
    let path = match (described.kind, described.base.path().trim_end_matches('/').ends_with("/v1")) {
        (ProviderKind::Anthropic, true) => "messages",
        (ProviderKind::Anthropic, false) => "v1/messages",
        (ProviderKind::Openai, _) => "chat/completions",
    };
    below(&described.base, path).ok_or_else(|| {
        ConfigError::provider(
            described.name,
            "base_url",
            "nothing can be below it",
            "write it as in \"https://host/v1\"",
        )
    })
}

fn below(base: &Url, path: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(path.split('/'));
    Some(url)
}

/// `None` where nobody answers, `Some(None)` where a server answers that has no model.
async fn first_model(base: &Url) -> Option<Option<String>> {
    let client = http::client(base).ok()?;
    let asked = client.get(below(base, "models")?).timeout(PROBE).send().await.ok()?;
    let list: Value = asked.error_for_status().ok()?.json().await.ok()?;
    // The list may be null where nothing was pulled.
    let models = list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let newest = models.into_iter().rev().max_by_key(|model| model.get("created").and_then(Value::as_i64));
    Some(newest.and_then(|model| model.get("id").and_then(Value::as_str).map(str::to_owned)))
}

/// Whether this address wants `max_completion_tokens`.
pub(crate) fn is_openai_itself(url: &Url) -> bool {
    url.host_str() == Some("api.openai.com")
}
