//! A plugin's manifest: name, version, purpose, the grants that it asks for, and the schema of its settings.
//!
//! The manifest is TOML inside the component. The plugin's author wrote it, so it is untrusted: the plugin gets only
//! what the operator grants ([`Manifest::granted`]), and a manifest can only narrow what the component's imports allow.
//! Settings in a pipeline are validated against its JSON Schema. Failures are [`InvalidManifest`]s with a line.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toml::Spanned;

use crate::file_schema::file_schema;
use crate::names::Kind;
use crate::pipeline::Grants;
use crate::schema::{self, schema_fault};
use crate::source::{self, Reference, Source, SourceError, did_you_mean};

/// The largest manifest, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 256 << 10;

/// In `test-bench`: every language that has a runner.
pub const ANY_LANGUAGE: &str = "*";
/// The most faults of settings that are reported at once.
const MAX_FAULTS: usize = 20;
/// The most tiers, and the most languages, that a manifest may ask for.
const MAX_ASKED: usize = 32;

/// The hint of errors that are not a misspelt word.
const AUTHOR_HINT: &str = "its author has to correct plugin.toml";

/// A parsed manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin's name. The pipeline may use another one.
    pub name: String,
    /// The plugin's version; free text of its author.
    pub version: String,
    /// The purpose of the plugin, in one sentence.
    pub purpose: String,
    /// The version of the contract that it was written for.
    pub contract: Option<String>,
    /// The grants that it asks for.
    pub asks: Grants,
    /// The kinds of artifacts that it adds, with their JSON Schemas.
    pub kinds: BTreeMap<Kind, Value>,
    /// The JSON Schema of its settings. Without one, any settings are passed on.
    pub settings: Option<Value>,
}

/// An error: the manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidManifest {
    /// The problem, with the line of the manifest where one causes it.
    pub message: String,
    /// What the author of the plugin can do.
    pub hint: String,
    /// The line of the manifest, as [`SourceError::excerpt`].
    pub excerpt: Option<Box<str>>,
}

impl InvalidManifest {
    /// An error with its hint.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), excerpt: None }
    }
}

/// A plugin of Phasegate: its manifest, and under `[build]` how its component is made.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Plugin")]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The name. In Rust, the macro `manifest!` can take name, version and purpose from `Cargo.toml` instead.
    #[schemars(with = "Option<String>", extend("pattern" = WORD))]
    name: Spanned<String>,
    /// The version; free text without spaces.
    #[schemars(with = "Option<String>", extend("pattern" = WORD))]
    version: Spanned<String>,
    /// The purpose, in one sentence.
    #[serde(default)]
    purpose: String,
    /// The version of the contract that the plugin was written for.
    contract: Option<String>,
    /// What the plugin asks for. The host grants nothing else.
    #[schemars(with = "Option<Grants>")]
    asks: Option<Spanned<Grants>>,
    /// Kinds of artifacts that the plugin adds.
    #[serde(default)]
    kind: Vec<RawKind>,
    /// The JSON Schema of the settings.
    #[schemars(with = "Option<Schema>")]
    settings: Option<Spanned<Schema>>,
    /// Not part of the manifest: see [`PluginFile`](crate::plugin_file::PluginFile).
    #[schemars(skip)]
    #[serde(rename = "build")]
    _build: Option<IgnoredAny>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawKind {
    /// The name of the kind.
    #[schemars(with = "Kind")]
    name: Spanned<String>,
    /// Its JSON Schema.
    #[schemars(with = "Schema")]
    schema: Spanned<Schema>,
}

/// A JSON Schema, as a table or as JSON text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Schema {
    /// A JSON Schema as a table.
    Table(Map<String, Value>),
    /// A JSON Schema as JSON text.
    Text(String),
}

/// What [`is_word`] accepts.
const WORD: &str = "^[A-Za-z0-9._+-]{1,64}$";

/// Returns the JSON Schema of `plugin.toml` without `[build]`.
pub(crate) fn manifest_schema() -> Value {
    file_schema::<Raw>()
}

impl Manifest {
    /// Parses a manifest from untrusted text.
    pub fn parse(text: &str) -> Result<Self, InvalidManifest> {
        if text.len() > MAX_MANIFEST_BYTES {
            let message = format!("it has {} bytes, at most {MAX_MANIFEST_BYTES} are allowed", text.len());
            return Err(InvalidManifest::new(message, "its author has to shorten it"));
        }
        let source = Source { file: "manifest", text };
        Self::parse_source(source).map_err(|error| InvalidManifest {
            message: error.to_string(),
            hint: match error.hint.starts_with("see ") {
                true => format!("{AUTHOR_HINT}; {}", error.hint),
                false => error.hint,
            },
            excerpt: error.excerpt,
        })
    }

    fn parse_source(source: Source<'_>) -> Result<Self, SourceError> {
        let raw: Raw = source::parse(source, &Reference::MANIFEST)?;
        let mut kinds = BTreeMap::new();
        for kind in raw.kind {
            let name: Kind = kind
                .name
                .get_ref()
                .parse()
                .map_err(|_| source.error(kind.name.span(), "invalid name of a kind", "use a-z, 0-9 and _"))?;
            kinds.insert(name, parse_schema(source, kind.schema)?);
        }
        Ok(Self {
            name: parse_word(source, raw.name)?,
            version: parse_word(source, raw.version)?,
            purpose: raw.purpose,
            contract: raw.contract,
            asks: parse_asks(source, raw.asks)?,
            kinds,
            settings: raw.settings.map(|settings| parse_schema(source, settings)).transpose()?,
        })
    }

    /// Returns the grants that the plugin gets: those that it asks for and the operator grants.
    pub fn granted(&self, grants: &Grants) -> Grants {
        let Grants { models, test_bench } = grants;
        let asked =
            |language: &String| self.asks.test_bench.iter().any(|asked| asked == ANY_LANGUAGE || asked == language);
        Grants {
            models: models.iter().copied().filter(|tier| self.asks.models.contains(tier)).collect(),
            test_bench: test_bench.iter().filter(|language| asked(language)).cloned().collect(),
        }
    }

    /// Validates settings against the schema. Returns every fault up to a maximum of 20.
    pub fn check_settings(&self, settings: &Value) -> Vec<SettingFault> {
        let Some(schema) = &self.settings else { return Vec::new() };
        let Ok(compiled) = schema::compile(schema) else { return Vec::new() };
        let known: Vec<&str> = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        compiled
            .validator
            .iter_errors(settings)
            .take(MAX_FAULTS)
            .flat_map(|error| setting_faults(&error, &known))
            .collect()
    }
}

/// A setting that does not satisfy the plugin's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting; `None` where the fault is about the settings as a whole.
    pub key: Option<String>,
    /// The problem.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

fn setting_faults(error: &jsonschema::ValidationError<'_>, known: &[&str]) -> Vec<SettingFault> {
    let place = error.instance_path().to_string();
    let key = place.split('/').nth(1).map(str::to_owned);
    if let (jsonschema::error::ValidationErrorKind::AdditionalProperties { unexpected }, None) = (error.kind(), &key) {
        let unknown = |name: &String| SettingFault {
            key: Some(name.clone()),
            message: format!("there is no setting `{name}`"),
            hint: did_you_mean(name, known),
        };
        return unexpected.iter().map(unknown).collect();
    }
    let message = match &key {
        Some(key) => format!("setting `{key}`: {}", schema_fault(error)),
        None => schema_fault(error),
    };
    let hint = "`phasegate plugin inspect FILE` shows the settings of a plugin".to_owned();
    vec![SettingFault { key, message, hint }]
}

/// Whether a text is a short word without special characters, safe to print on a terminal.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

fn parse_word(source: Source<'_>, text: Spanned<String>) -> Result<String, SourceError> {
    match is_word(text.get_ref()) {
        true => Ok(text.into_inner()),
        false => Err(source.error(
            text.span(),
            "invalid name or version",
            "use 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `+`, `-`",
        )),
    }
}

/// The result is written to `phasegate.lock` and shown to a person, so only plain words are accepted.
fn parse_asks(source: Source<'_>, raw: Option<Spanned<Grants>>) -> Result<Grants, SourceError> {
    let Some(raw) = raw else { return Ok(Grants::default()) };
    let is_language = |text: &String| text == ANY_LANGUAGE || is_word(text);
    let Grants { models, test_bench } = raw.get_ref();
    match models.len() <= MAX_ASKED && test_bench.len() <= MAX_ASKED && test_bench.iter().all(is_language) {
        true => Ok(raw.into_inner()),
        false => Err(source.error(
            raw.span(),
            "it asks for invalid grants",
            format!("models and test-bench take at most {MAX_ASKED} words each: tiers, and languages or `*`"),
        )),
    }
}

fn parse_schema(source: Source<'_>, raw: Spanned<Schema>) -> Result<Value, SourceError> {
    let span = raw.span();
    let bad = |why: String| {
        let hint = "write it as a TOML table or as JSON text; it may refer only to itself";
        source.error(span.clone(), format!("invalid JSON Schema: {why}"), hint)
    };
    let schema = match raw.into_inner() {
        Schema::Table(table) => Value::Object(table),
        Schema::Text(text) => serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?,
    };
    schema::compile(&schema).map_err(bad)?;
    Ok(schema)
}

#[cfg(test)]
mod tests;
