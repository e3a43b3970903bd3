//! The attacks, as data: what each changes in a run that would pass, and what must be seen of it.
//!
//! The lists are in `corpus/*.toml`, the attackers in `plugins/fixtures`. An attack is a whole run in the same house as its
//! neighbours; it holds when everything that it says must be seen is seen, and nothing that must not be. Names of attackers
//! mean something here alone: no pipeline of a person can use them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::{Grants, Pipeline, parse};
use phasegate_process::source::{self, Source, SourceError};
use phasegate_process::{PhaseName, PluginName};
use serde::Deserialize;
use serde_json::{Value, json};

/// The script that answers the attackers' questions.
pub(crate) const ANSWERS: &str = include_str!("corpus/answers.toml");

const BASE: &str = include_str!("corpus/base.toml");

const LISTS: [(&str, &str); 6] = [
    ("calls.toml", include_str!("corpus/calls.toml")),
    ("door.toml", include_str!("corpus/door.toml")),
    ("desk.toml", include_str!("corpus/desk.toml")),
    ("gates.toml", include_str!("corpus/gates.toml")),
    ("runner.toml", include_str!("corpus/runner.toml")),
    ("load.toml", include_str!("corpus/load.toml")),
];

/// One attack.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Attack {
    /// What is tried.
    pub(crate) name: String,
    /// The limit or rule that it meets.
    pub(crate) bound: String,
    /// Other agents for these phases.
    pub(crate) agents: BTreeMap<PhaseName, PluginName>,
    /// Settings laid over those of the phases.
    pub(crate) settings: BTreeMap<PhaseName, Value>,
    /// Limits of plugins, in the words of a configuration.
    pub(crate) limits: BTreeMap<PluginName, LimitsPatch>,
    /// Grants in place of those that the base has.
    pub(crate) grants: BTreeMap<PluginName, Grants>,
    /// Another strategy, or other settings for it.
    pub(crate) strategy: Strategy,
    /// How often each phase may be tried; once, where it is not said.
    pub(crate) attempts: Option<NonZeroU32>,
    /// What must be seen, in this order.
    pub(crate) seen: Vec<String>,
    /// What must be seen somewhere.
    pub(crate) each: Vec<String>,
    /// What must not be seen.
    pub(crate) never: Vec<String>,
    /// Bytes that all that is seen must stay under.
    pub(crate) shorter: Option<usize>,
}

/// What an attack changes about the strategy.
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

/// Every attack that is the same under all configurations.
pub(crate) fn attacks() -> Result<Vec<Attack>, SourceError> {
    let mut attacks = Vec::new();
    for (file, text) in LISTS {
        attacks.extend(source::parse::<List>(Source { file, text })?.attack);
    }
    Ok(attacks)
}

/// The pipeline that attacks change; as it is, it passes.
pub(crate) fn base() -> Result<Pipeline, SourceError> {
    let schema = |name: &str| match name {
        "note" => Ok(r#"{"type": "object"}"#.to_owned()),
        other => Err(format!("there is no schema `{other}`")),
    };
    parse(Source { file: "base.toml", text: BASE }, &schema)
}

impl Attack {
    /// The base as this attack changes it. `lifted_limits` are bounds taken away, to see that their absence is noticed.
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
