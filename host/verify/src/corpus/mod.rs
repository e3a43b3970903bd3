//! The attacks as data: what each changes in a run that passes, and what must be observed then.
//!
//! The lists are in `*.toml` beside this file, the attackers in `plugins/fixtures`. An attack is a whole run in the same host as
//! its neighbours. The names of the attackers are known to this crate only; no other pipeline can use them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::{Grants, Pipeline, parse};
use phasegate_process::source::{self, Reference, Source, SourceError};
use phasegate_process::{PhaseName, PluginName};
use serde::Deserialize;
use serde_json::{Value, json};

/// The script that answers the model calls of the attackers.
pub(crate) const ANSWERS: &str = include_str!("answers.toml");

const BASE: &str = include_str!("base.toml");

const LISTS: [(&str, &str); 6] = [
    ("calls.toml", include_str!("calls.toml")),
    ("submission.toml", include_str!("submission.toml")),
    ("imports.toml", include_str!("imports.toml")),
    ("gates.toml", include_str!("gates.toml")),
    ("runner.toml", include_str!("runner.toml")),
    ("load.toml", include_str!("load.toml")),
];

/// An attack: changes to the base pipeline, and expectations.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Attack {
    /// Name for people, unique.
    pub(crate) name: String,
    /// The limit or rule that stops it.
    pub(crate) bound: String,
    /// Agents by phase, in place of those of the base.
    pub(crate) agents: BTreeMap<PhaseName, PluginName>,
    /// Settings by phase, merged over those of the base.
    pub(crate) settings: BTreeMap<PhaseName, Value>,
    /// Limits by plugin.
    pub(crate) limits: BTreeMap<PluginName, LimitsPatch>,
    /// Grants by plugin, in place of those of the base.
    pub(crate) grants: BTreeMap<PluginName, Grants>,
    /// Changes to the feedback strategy.
    pub(crate) strategy: Strategy,
    /// Attempts per phase; 1 by default.
    pub(crate) attempts: Option<NonZeroU32>,
    /// Texts that the rendered run must contain, in this order.
    pub(crate) seen: Vec<String>,
    /// Texts that the rendered run must contain, in any order.
    pub(crate) each: Vec<String>,
    /// Texts that the rendered run must not contain.
    pub(crate) never: Vec<String>,
    /// The most bytes of the rendered run.
    pub(crate) shorter: Option<usize>,
}

/// Changes to the feedback strategy; `None` keeps that of the base.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Strategy {
    pub(crate) plugin: Option<PluginName>,
    pub(crate) settings: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    attack: Vec<Attack>,
}

/// Parses the attacks that do not depend on the configuration.
pub(crate) fn attacks() -> Result<Vec<Attack>, SourceError> {
    let mut attacks = Vec::new();
    for (file, text) in LISTS {
        attacks.extend(source::parse::<List>(Source { file, text }, &Reference::CONFIGURATION)?.attack);
    }
    Ok(attacks)
}

/// Parses the base pipeline, which passes without changes.
pub(crate) fn base() -> Result<Pipeline, SourceError> {
    let schema = |name: &str| match name {
        "note" => Ok(r#"{"type": "object"}"#.to_owned()),
        other => Err(format!("there is no schema `{other}`")),
    };
    parse(Source { file: "base.toml", text: BASE }, &schema)
}

impl Attack {
    /// Returns the base pipeline with the changes of this attack. `lifted_limits` override its limits, to test that a
    /// missing limit is noticed.
    pub(crate) fn pipeline(&self, base: &Pipeline, lifted_limits: &LimitsPatch) -> Pipeline {
        let mut pipeline = base.clone();
        for phase in &mut pipeline.phases {
            phase.max_retries = self.attempts.unwrap_or(NonZeroU32::MIN);
            if let Some(agent) = self.agents.get(&phase.name) {
                phase.agent = agent.clone();
            }
            if let (Some(under), Some(Value::Object(over))) =
                (phase.settings.as_object_mut(), self.settings.get(&phase.name))
            {
                under.extend(over.clone());
            }
        }
        if let Some(plugin) = &self.strategy.plugin {
            pipeline.feedback.plugin = plugin.clone();
        }
        if let Some(settings) = &self.strategy.settings {
            pipeline.feedback.settings = settings.clone();
        }
        for (name, grants) in &self.grants {
            pipeline.plugins.entry(name.clone()).or_default().grants = grants.clone();
        }
        for (name, limits) in &self.limits {
            let mut limits = json!(limits);
            if let (Some(limits), Value::Object(lifted_limits)) = (limits.as_object_mut(), json!(lifted_limits)) {
                limits.extend(lifted_limits);
            }
            pipeline.plugins.entry(name.clone()).or_default().limits = limits;
        }
        pipeline
    }
}
