//! What a configuration says otherwise than a run that was created with an earlier one.
//!
//! A run keeps what it pinned. A person who has edited the file since then should know. Compared are the values that a person
//! sets: models, budget, providers and prices of the models that the run asks, and the phases of the pipeline.

use std::collections::BTreeMap;

use phasegate_process::model::Tier;
use phasegate_process::pipeline::Pipeline;
use serde_json::{Map, Value, json};

use crate::config::file::Config;
use crate::config::run_settings::RunSettings;
use crate::plugins::bundled::BUNDLED;

/// The keys of a provider that are compared.
const PROVIDER_KEYS: [&str; 4] = ["kind", "base_url", "key_env", "key_file"];

/// A value that differs. A side without the key has `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key with dots, as in `budget.calls`.
    pub key: String,
    /// The value of the run.
    pub run: String,
    /// The value of the configuration.
    pub configured: String,
}

impl Config {
    /// Returns what this configuration says otherwise than a run of its project pinned; nothing if the run belongs to another
    /// project, or there is no file.
    pub fn differences_from(&self, settings: &RunSettings, pipeline: &Pipeline) -> Vec<Difference> {
        let canonical = |path: &std::path::Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.file.is_none() || canonical(&self.dir) != canonical(&settings.base_dir) {
            return Vec::new();
        }
        let mut run = values_of_settings(settings, settings);
        let mut configured = values_of_settings(
            &RunSettings {
                models: self.models.clone(),
                providers: self.providers.clone(),
                prices: self.prices.clone(),
                budget: self.budget,
                ..settings.clone()
            },
            settings,
        );
        // Without a model in the file, the run's may be one that was found.
        if self.models.configured(Tier::Default).is_none() {
            run.retain(|key, _| !key.starts_with("models."));
        }
        let loaded = self.load_pipeline(None, None, &self.dir, &BUNDLED).ok();
        match loaded.filter(|loaded| loaded.pipeline.name == pipeline.name) {
            Some(loaded) => {
                run.extend(values_of_pipeline(pipeline));
                configured.extend(values_of_pipeline(&loaded.pipeline));
            }
            None if self.pipeline.is_some() => {
                run.insert("pipeline".to_owned(), json!(pipeline.name));
                configured.insert("pipeline".to_owned(), json!(self.pipeline));
            }
            None => {}
        }
        compare(&run, &configured)
    }
}

type Values = BTreeMap<String, Value>;

/// Returns the values of settings. Providers and prices are those of the models that `asked` names.
fn values_of_settings(settings: &RunSettings, asked: &RunSettings) -> Values {
    let mut values = Values::new();
    let models = Tier::ALL.into_iter().filter_map(|tier| Some((tier, settings.models.configured(tier)?.1)));
    values.extend(models.map(|(tier, model)| (format!("models.{}", tier.as_str()), json!(model))));
    flatten("budget", &serde_json::to_value(settings.budget).unwrap_or_default(), &mut values);
    for (_, model) in Tier::ALL.into_iter().filter_map(|tier| asked.models.configured(tier)) {
        let table = settings.providers.get(model.provider()).and_then(|table| serde_json::to_value(table).ok());
        for key in PROVIDER_KEYS {
            let value = table.as_ref().and_then(|table| table.get(key)).filter(|value| !value.is_null());
            values.extend(value.map(|value| (format!("providers.{}.{key}", model.provider()), value.clone())));
        }
        if let Some(price) = settings.prices.get(model) {
            flatten(&format!("prices.\"{model}\""), &serde_json::to_value(price).unwrap_or_default(), &mut values);
        }
    }
    values
}

fn values_of_pipeline(pipeline: &Pipeline) -> Values {
    let mut values = Values::new();
    values.insert("max_total_attempts".to_owned(), json!(pipeline.max_total_attempts));
    flatten("feedback", &serde_json::to_value(&pipeline.feedback).unwrap_or_default(), &mut values);
    for phase in &pipeline.phases {
        let mut table = serde_json::to_value(phase).unwrap_or_default();
        if let Some(table) = table.as_object_mut() {
            table.remove("name");
        }
        flatten(&format!("phases.{}", phase.name), &table, &mut values);
    }
    values
}

fn flatten(key: &str, value: &Value, into: &mut Values) {
    match value {
        Value::Object(table) if !table.is_empty() => flatten_table(key, table, into),
        Value::Null => {}
        Value::Object(_) => {}
        other => drop(into.insert(key.to_owned(), other.clone())),
    }
}

fn flatten_table(key: &str, table: &Map<String, Value>, into: &mut Values) {
    table.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, into));
}

fn compare(run: &Values, configured: &Values) -> Vec<Difference> {
    let mut keys: Vec<&String> = run.keys().chain(configured.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let text = |value: Option<&Value>| match value {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let differs = |key: &&String| run.get(*key) != configured.get(*key);
    keys.into_iter()
        .filter(differs)
        .map(|key| Difference { key: key.clone(), run: text(run.get(key)), configured: text(configured.get(key)) })
        .collect()
}
