//! A provider: the values of its table and, where it is built in, their defaults.
//!
//! Guarantees: an address has neither user nor query; a provider with an address of its own gets a key only if its table names
//! one. Fails with a [`ConfigError`] that names the key of the table.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::config::{ConfigError, ProviderConfig, ProviderKind};
use crate::model_id;
use crate::sent_values;

/// The built-in providers: name, wire format, address, environment variable of the key.
pub(crate) const BUILT_IN: [(&str, ProviderKind, &str, Option<&str>); 3] = [
    ("anthropic", ProviderKind::Anthropic, "https://api.anthropic.com/v1", Some("ANTHROPIC_API_KEY")),
    ("openai", ProviderKind::Openai, "https://api.openai.com/v1", Some("OPENAI_API_KEY")),
    ("ollama", ProviderKind::Openai, "http://127.0.0.1:11434/v1", None),
];

/// A provider with the values of its table and, where it is built in, their defaults.
pub(crate) struct ProviderEntry<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ProviderKind,
    pub(crate) base: Url,
    /// The usual variable of a built-in provider at its own address.
    pub(crate) key_env: Option<&'a str>,
    pub(crate) table: ProviderConfig,
}

impl<'a> ProviderEntry<'a> {
    /// Returns a provider as its table says, else as it is built in; `None` for an unknown one.
    pub(crate) fn find(name: &'a str, tables: &BTreeMap<String, ProviderConfig>) -> Result<Option<Self>, ConfigError> {
        let wrong = |key, problem: String, hint: String| ConfigError::provider(name, key, problem, hint);
        if !is_provider_name(name) {
            let shown: String = name.chars().take(40).flat_map(char::escape_debug).collect();
            let (problem, hint) =
                ("it is not the name of a provider", "use at most 40 letters, digits, `-`, `_` and `.`");
            return Err(ConfigError::provider(&shown, "name", problem, hint));
        }
        let built_in = BUILT_IN.iter().find(|known| known.0 == name);
        let table = match (tables.get(name), built_in) {
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
            return Err(wrong("key_file", "given together with key_env".into(), "remove one of them".into()));
        }
        if !table.key_env.as_deref().is_none_or(sent_values::is_variable_name) {
            return Err(wrong(
                "key_env",
                "it is not the name of an environment variable".into(),
                "the key itself does not belong in this file: export it, as in MY_KEY=…, and write key_env = \"MY_KEY\"".into(),
            ));
        }
        sent_values::check(&table).map_err(|(key, problem, hint)| wrong(key, problem, hint.to_owned()))?;
        let key_env = match (&table.base_url, built_in) {
            (None, Some(known)) if table.key_file.is_none() => known.3,
            _ => None,
        };
        Ok(Some(Self { name, kind, base, key_env, table }))
    }

    /// Returns what requests carry besides the key, as the user agrees to it.
    pub(crate) fn sent_words(&self) -> Vec<String> {
        sent_values::describe(&self.table)
    }
}

/// Whether a provider of this name is known without a table.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|known| known.0 == name)
}

/// Whether a text can name a provider. Other texts could pass for a part of the message that names them.
fn is_provider_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn base_url(text: &str) -> Result<Url, (String, String)> {
    let url = Url::parse(text).map_err(|why| {
        (
            format!("`{}` is not an address: {why}", without_secrets(text)),
            "write it as in \"https://host/v1\"".to_owned(),
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err((
            format!("the scheme `{}:` is not supported", url.scheme()),
            "use an https:// address, or http:// on this machine".to_owned(),
        ));
    }
    let more = "it holds more than an address".to_owned();
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err((
            more,
            "remove user, password, query and fragment; name the key with key_env or key_file".to_owned(),
        ));
    }
    if url.query().is_some() {
        return Err((more, "write its query as in query = { \"api-version\" = \"2024-10-21\" }".to_owned()));
    }
    Ok(url)
}

/// Returns an address without the part before `@`, which may hold a password.
fn without_secrets(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}
