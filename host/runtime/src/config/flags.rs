//! Values of the configuration that a command line gives: `--set`, `--model` and `--max-retries` of `phasegate run`.
//!
//! They are applied last, to the configuration and the pipeline in memory, so that a run pins them like those of the file. The
//! same rules hold as in the file; faults name the flag.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use phasegate_broker::ConfigError;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::{Pipeline, check, check_attempts};
use phasegate_process::source::{Reference, Source, did_you_mean, nearest};
use phasegate_sandbox::EngineSettings;
use serde_json::{Map, Value, json};

use crate::config::file::Config;
use crate::config::hitl::HitlEntry;
use crate::config::overlay::{apply_hitl_entries, check_gate_name, check_limits};
use crate::config::overrides::Overrides;
use crate::config::overrides::set::{SetTarget, describe_serde_error, edit, entry_at, merge, parse_key};
use crate::config::pipeline::LoadedPipeline;
use crate::error::config::ConfigFault;
use crate::error::overrides::{Complaint, OverrideError};

/// The tables and keys of the configuration that a flag may change.
const ROOTS: [&str; 12] = [
    "models",
    "providers",
    "prices",
    "budget",
    "phases",
    "max_total_attempts",
    "hitl",
    "feedback",
    "plugins",
    "output",
    "repository",
    "sandbox",
];

/// What flags say in place of the configuration.
#[derive(Debug, Clone, Default)]
pub struct ConfigFlags {
    /// Values by dotted key, as [`Overrides::parse_set`] returns them.
    pub set: Vec<(String, Value)>,
    /// `MODEL` for all tiers, or `TIER=MODEL`.
    pub models: Vec<String>,
    /// `max_retries` of every phase.
    pub max_retries: Option<NonZeroU32>,
}

impl ConfigFlags {
    /// Whether no flag says anything.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.models.is_empty() && self.max_retries.is_none()
    }
}

impl Config {
    /// Applies flags to this configuration and to the pipeline that was loaded with it. `--set` is applied after the shorter
    /// flags.
    pub fn apply_flags(&mut self, flags: &ConfigFlags, loaded: &mut LoadedPipeline) -> Result<(), ConfigFault> {
        if flags.is_empty() {
            return Ok(());
        }
        let pipeline = Arc::make_mut(&mut loaded.pipeline);
        for model in &flags.models {
            let values = model_values(model).map_err(|complaint| fault("--model", complaint))?;
            self.from_flags.extend(values.iter().map(|(key, _)| (key.clone(), "--model")));
            self.set_values(values, pipeline).map_err(|error| fault("--model", (error.message, error.hint)))?;
        }
        if let Some(limit) = flags.max_retries {
            pipeline.phases.iter_mut().for_each(|phase| phase.max_retries = limit);
            check_attempts(pipeline).map_err(|error| {
                let hint = format!("add --set max_total_attempts={limit}, or give a lower number");
                fault("--max-retries", (error.to_string(), hint))
            })?;
        }
        for (key, value) in &flags.set {
            let set = |(message, hint): Complaint| {
                let is_said_of_key = ["must ", "has no value "].iter().any(|start| message.starts_with(start));
                let colon = if is_said_of_key { "" } else { ":" };
                fault("--set", (format!("`{key}`{colon} {message}"), hint))
            };
            self.set_value(key, value, pipeline).map_err(set)?;
            self.from_user.usd_is_explicit |= key == "budget.usd";
            self.from_flags.insert(key.clone(), "--set");
        }
        let source = Source { file: "", text: "" };
        let pinned: Vec<String> = pipeline.plugin_names().iter().map(|name| name.to_string()).collect();
        let pinned: Vec<&str> = pinned.iter().map(String::as_str).collect();
        let checked = check(source, pipeline, &pinned).and_then(|()| check_limits(source, pipeline));
        checked.map_err(|error| fault("--set", (error.message, error.hint)))?;
        check_attempts(pipeline).map_err(|error| fault("--set", (error.to_string(), error.hint())))
    }

    /// Returns an error of the broker as a fault of the flag that gave the value; `None` if no flag did.
    pub(super) fn explain_flag(&self, error: &ConfigError) -> Option<ConfigFault> {
        let wanted = match error {
            ConfigError::UnknownProvider { tier, .. }
            | ConfigError::NotListed { tier, .. }
            | ConfigError::Script { tier, .. } => {
                format!("models.{}", self.models.configured(*tier).map_or(*tier, |(tier, _)| tier).as_str())
            }
            ConfigError::KeyRefused { provider: name, .. } | ConfigError::Provider { name, .. } => {
                format!("providers.{name}")
            }
            ConfigError::UnpricedLimit { .. } => "budget.usd".to_owned(),
            _ => return None,
        };
        let covers = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.starts_with(['.']) || rest.is_empty())
        };
        let (key, flag) = self.from_flags.iter().find(|(key, _)| covers(key, &wanted) || covers(&wanted, key))?;
        let text = error.to_string();
        // The table and the key of the file stand before the problem.
        let problem =
            if text.starts_with('[') { text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest) } else { &text };
        let message = if *flag == "--set" { format!("`{key}`: {problem}") } else { problem.to_owned() };
        Some(ConfigFault::ModelsOfFlag { flag, message, cause: Box::new(error.clone()) })
    }

    fn set_value(&mut self, key: &str, value: &Value, pipeline: &mut Pipeline) -> Result<(), Complaint> {
        let path = parse_key(key)?;
        let (root, rest) = path.split_first().map_or(("", path.as_slice()), |(root, rest)| (root.as_str(), rest));
        match root {
            "output" => edit(&mut self.output, rest, value),
            "repository" => edit(&mut self.repository, rest, value),
            "sandbox" => self.set_sandbox(rest, value),
            "hitl" => set_hitl(rest, value, pipeline),
            "pipeline" | "locked" => Err((format!("`{root}` has a flag of its own"), format!("give it as --{root}"))),
            root if ROOTS.contains(&root) => self
                .set_values(vec![(key.to_owned(), value.clone())], pipeline)
                .map_err(|error| (error.message, error.hint)),
            root => {
                let known = || did_you_mean(root, &ROOTS);
                let hint = match root {
                    "max_retries" => {
                        "give it for one phase, as in --set phases.code-review.max_retries=5, or for all with --max-retries N".to_owned()
                    }
                    _ => Reference::CONFIGURATION
                        .place_of(root)
                        .map_or_else(known, |place| format!("`{root}` belongs {place}")),
                };
                Err((format!("there is no such key: `{root}`"), hint))
            }
        }
    }

    fn set_values(&mut self, set: Vec<(String, Value)>, pipeline: &mut Pipeline) -> Result<(), OverrideError> {
        let Self { models, providers, prices, budget, .. } = self;
        Overrides { set, ..Overrides::default() }.apply_values(SetTarget {
            pipeline,
            models,
            providers,
            prices,
            budget,
        })
    }

    fn set_sandbox(&mut self, rest: &[String], value: &Value) -> Result<(), Complaint> {
        let limits = self.sandbox.limits().into_iter().map(|(key, limit)| (key.to_owned(), json!(limit)));
        let mut table = Value::Object(limits.collect::<Map<String, Value>>());
        merge(entry_at(&mut table, rest), value);
        let changed: EngineSettings =
            serde_json::from_value(table).map_err(|error| describe_serde_error(&error.to_string()))?;
        self.sandbox = std::mem::take(&mut self.sandbox).with_limits_of(&changed, |_| true);
        Ok(())
    }
}

fn set_hitl(rest: &[String], value: &Value, pipeline: &mut Pipeline) -> Result<(), Complaint> {
    let mut table = json!({});
    merge(entry_at(&mut table, rest), value);
    let entries: BTreeMap<String, HitlEntry> =
        serde_json::from_value(table).map_err(|error| describe_serde_error(&error.to_string()))?;
    entries.keys().try_for_each(|name| check_gate_name(name, pipeline))?;
    apply_hitl_entries(pipeline, entries.iter().map(|(name, entry)| (name.as_str(), entry)));
    Ok(())
}

/// Returns the values that `MODEL` or `TIER=MODEL` stands for.
fn model_values(text: &str) -> Result<Vec<(String, Value)>, Complaint> {
    let tiers = Tier::ALL.map(|tier| tier.as_str());
    let set = |tier: &str, model: &str| (format!("models.{tier}"), json!(model));
    match text.split_once('=').map(|(tier, model)| (tier.trim(), model.trim())) {
        Some((tier, model)) if tiers.contains(&tier) => Ok(vec![set(tier, model)]),
        Some((tier, _)) if !tier.contains(':') => {
            let hint = match nearest(tier, tiers) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "write TIER=MODEL with fast, default or deep, or MODEL for all of them".to_owned(),
            };
            Err((format!("there is no tier `{tier}`"), hint))
        }
        _ => Ok(tiers.into_iter().map(|tier| set(tier, text.trim())).collect()),
    }
}

fn fault(flag: &'static str, (message, hint): Complaint) -> ConfigFault {
    ConfigFault::Flag { flag, message, hint }
}
