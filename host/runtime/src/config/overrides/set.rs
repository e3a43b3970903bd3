//! Overrides of single values by dotted key.
//!
//! The value is written into the JSON that a run pins, which is then parsed again, so that the same rules apply as in a file.
//! Keys have the syntax of TOML, with quotes around a model's name: `prices."openai:gpt-5".input`.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_broker::{BudgetConfig, ModelsConfig, PriceTable, ProviderConfig};
use phasegate_process::pipeline::{Pipeline, PluginUse};
use phasegate_process::source::{ShapeError, did_you_mean, to_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::config::overlay::check_limits;
use crate::config::run_settings::RunSettings;
use crate::error::overrides::Complaint;

const ROOTS: [&str; 8] =
    ["phases", "feedback", "plugins", "max_total_attempts", "models", "providers", "prices", "budget"];
const EXAMPLE: &str = "a key is like phases.code-review.max_retries, feedback.settings.NAME or models.default";

/// What values are written into: parts of a run that exists, or of a configuration.
pub(crate) struct SetTarget<'a> {
    pub(crate) pipeline: &'a mut Pipeline,
    pub(crate) models: &'a mut ModelsConfig,
    pub(crate) providers: &'a mut BTreeMap<String, ProviderConfig>,
    pub(crate) prices: &'a mut PriceTable,
    pub(crate) budget: &'a mut BudgetConfig,
}

impl<'a> SetTarget<'a> {
    pub(super) fn of_run(pipeline: &'a mut Pipeline, settings: &'a mut RunSettings) -> Self {
        let RunSettings { models, providers, prices, budget, .. } = settings;
        Self { pipeline, models, providers, prices, budget }
    }
}

/// Parses `KEY=VALUE`. A value that is not TOML is a string.
pub(super) fn parse_assignment(text: &str) -> Result<(String, Value), Complaint> {
    // A quoted key may contain `=`, so the first `=` with a valid key on its left is the separator.
    let places = text.match_indices('=').map(|(at, _)| (text.get(..at), text.get(at + 1..)));
    let found =
        places.filter_map(|(key, value)| Some((key?.trim(), value?.trim()))).find(|(key, _)| parse_key(key).is_ok());
    let Some((key, value)) = found else {
        return Err(("it is not KEY=VALUE".to_owned(), EXAMPLE.to_owned()));
    };
    let as_toml = toml::from_str::<toml::Table>(&format!("value = {value}")).ok();
    let as_toml = as_toml.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value").map(to_json));
    Ok((key.to_owned(), as_toml.unwrap_or_else(|| json!(value))))
}

/// Parses a dotted key into its parts.
pub(in crate::config) fn parse_key(key: &str) -> Result<Vec<String>, Complaint> {
    let bad = || ("it is not a key".to_owned(), EXAMPLE.to_owned());
    let mut table: toml::Table = toml::from_str(&format!("{key} = 0")).map_err(|_| bad())?;
    let mut parts = Vec::new();
    loop {
        let mut entries = table.into_iter();
        let (Some((part, value)), None) = (entries.next(), entries.next()) else { return Err(bad()) };
        parts.push(part);
        match value {
            toml::Value::Table(inner) => table = inner,
            toml::Value::Integer(0) => return Ok(parts),
            _ => return Err(bad()),
        }
    }
}

/// Writes a value and returns the dotted keys of all leaves that were set.
pub(super) fn apply(key: &str, value: &Value, target: &mut SetTarget<'_>) -> Result<BTreeSet<String>, Complaint> {
    let path = parse_key(key)?;
    let mut leaves = Vec::new();
    collect_leaves(path.clone(), value, &mut leaves);
    leaves.iter().try_for_each(|leaf| check_key(leaf, target.pipeline))?;
    write_value(&path, value, target)?;
    Ok(leaves.iter().map(|leaf| leaf.join(".")).collect())
}

/// Collects the path of each leaf of `value`: values that are not tables, and empty tables.
fn collect_leaves(path: Vec<String>, value: &Value, leaves: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (key, value) in inner {
                collect_leaves(path.iter().cloned().chain([key.clone()]).collect(), value, leaves);
            }
        }
        _ => leaves.push(path),
    }
}

/// Checks that a key exists, level by level.
fn check_key(path: &[String], pipeline: &Pipeline) -> Result<(), Complaint> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    for (depth, part) in parts.iter().enumerate() {
        let above = parts.get(..depth).unwrap_or_default();
        let Some(names) = known_keys(above, pipeline) else { return Ok(()) };
        if !names.iter().any(|name| name == part) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let place = if above.is_empty() {
                "there is no such key".to_owned()
            } else {
                format!("`{}` has no such key", above.join("."))
            };
            return Err((format!("{place}: `{part}`"), did_you_mean(part, &names)));
        }
    }
    match parts.as_slice() {
        [root] if *root != "max_total_attempts" => {
            let names = known_keys(&[root], pipeline).unwrap_or_default();
            Err((format!("`{root}` is a table"), format!("name one of its keys: {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}

/// The keys of a provider that a default one does not show.
const PROVIDER_KEYS: [&str; 8] =
    ["context_window", "headers", "key_header", "list_models", "max_output_tokens", "models", "query", "seed"];

/// Returns the keys of the table at `above`; `None` if it takes any key or is checked when it is parsed.
fn known_keys(above: &[&str], pipeline: &Pipeline) -> Option<Vec<String>> {
    let plain = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    match above {
        [] => plain(&ROOTS),
        ["phases"] => Some(pipeline.phases.iter().map(|phase| phase.name.to_string()).collect()),
        ["phases", name] => {
            let gate = pipeline.phases.iter().any(|phase| phase.name.as_str() == *name && phase.gate.is_some());
            if gate { plain(&["max_retries", "settings", "gate"]) } else { plain(&["max_retries", "settings"]) }
        }
        ["phases", _, "gate"] => plain(&["allow", "ask", "fails_at", "may_revise"]),
        ["feedback"] => plain(&["settings"]),
        ["plugins"] => Some(pipeline.plugin_names().iter().map(|name| name.to_string()).collect()),
        ["plugins", _] => plain(&["grants", "limits"]),
        ["models"] => {
            Some(keys(&ModelsConfig::default(), &["fast", "default", "deep", "wait_for_cache", "temperature", "seed"]))
        }
        ["providers", _] => Some(keys(&ProviderConfig::default(), &PROVIDER_KEYS)),
        ["prices", _] => plain(&["input", "output", "cached_input", "cache_write"]),
        ["budget"] => plain(&["calls", "tokens", "usd"]),
        _ => None,
    }
}

fn keys<T: Serialize>(value: &T, more: &[&str]) -> Vec<String> {
    let json = serde_json::to_value(value).unwrap_or_default();
    let own = json.as_object().into_iter().flat_map(Map::keys).cloned();
    more.iter().map(|key| (*key).to_owned()).chain(own).collect()
}

fn write_value(path: &[String], value: &Value, target: &mut SetTarget<'_>) -> Result<(), Complaint> {
    let (root, rest) = path.split_first().ok_or_else(|| ("it is not a key".to_owned(), EXAMPLE.to_owned()))?;
    match (root.as_str(), value) {
        // A table of phases or plugins is applied to each of its entries.
        ("phases" | "plugins", Value::Object(inner)) if rest.is_empty() => {
            let each = inner.iter().map(|(name, value)| (vec![root.clone(), name.clone()], value));
            return each.into_iter().try_for_each(|(path, value)| write_value(&path, value, target));
        }
        ("phases", _) => {
            let (name, rest) = rest.split_first().map_or(("", rest), |(name, rest)| (name.as_str(), rest));
            match target.pipeline.phases.iter_mut().find(|phase| phase.name.as_str() == name) {
                Some(phase) => edit(phase, rest, value),
                None => Ok(()),
            }
        }
        ("plugins", _) => {
            let (name, rest) = rest.split_first().map_or(("", rest), |(name, rest)| (name.as_str(), rest));
            let Ok(name) = name.parse() else { return Ok(()) };
            let empty = || PluginUse { limits: json!({}), ..PluginUse::default() };
            edit(target.pipeline.plugins.entry(name).or_insert_with(empty), rest, value)
        }
        ("feedback", _) => edit(&mut target.pipeline.feedback, rest, value),
        ("max_total_attempts", _) => edit(&mut target.pipeline.max_total_attempts, rest, value),
        ("models", _) => edit(target.models, rest, value),
        ("providers", _) => edit(target.providers, rest, value),
        ("prices", _) => edit(target.prices, rest, value),
        _ => edit(target.budget, rest, value),
    }?;
    let source = phasegate_process::source::Source { file: "", text: "" };
    check_limits(source, target.pipeline).map_err(|fault| (fault.message, fault.hint))
}

/// Writes a value at `path` into the JSON form of `target`, and parses the result into `target`.
pub(in crate::config) fn edit<T: Serialize + DeserializeOwned>(
    target: &mut T,
    path: &[String],
    value: &Value,
) -> Result<(), Complaint> {
    let mut json = serde_json::to_value(&*target).unwrap_or_default();
    merge(entry_at(&mut json, path), value);
    *target = serde_json::from_value(json).map_err(|error| describe_serde_error(&error.to_string()))?;
    Ok(())
}

/// Returns the value at a path; missing tables are created.
pub(in crate::config) fn entry_at<'a>(json: &'a mut Value, path: &[String]) -> &'a mut Value {
    let Some((first, rest)) = path.split_first() else { return json };
    if !json.is_object() {
        *json = json!({});
    }
    match json {
        Value::Object(object) => entry_at(object.entry(first.clone()).or_insert(Value::Null), rest),
        other => other,
    }
}

/// Merges `over` into `under`: tables entry by entry; any other value, and an empty table, replaces the old value.
pub(in crate::config) fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) if !over.is_empty() => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => over.clone_into(under),
    }
}

/// Converts a message of serde to message and hint.
pub(in crate::config) fn describe_serde_error(message: &str) -> Complaint {
    let ShapeError { message, hint, .. } = ShapeError::from_message(message);
    (message, hint.unwrap_or_else(|| "write the value as in the pipeline or in phasegate.toml".to_owned()))
}
