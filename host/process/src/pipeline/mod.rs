//! A pipeline: the phases of a process in order, what each reads and makes, and which of them are gates.
//!
//! A pipeline is data. It is written in TOML (`parse`), resolved and checked once (`check`), and pinned to a run as JSON,
//! so that later edits never change a run that is under way.

mod check;
mod parse;
mod setting_locations;
mod standard;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Tier;
use crate::{ArtifactName, Kind, PhaseName, PluginName, Severity};

pub use check::check;
pub use parse::{Files, parse, parse_with_locations};
pub use setting_locations::{RawSettings, SettingLocations, SettingsOwner};
pub use standard::{STANDARD, standard};

/// A resolved pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// What it does, in a few words.
    pub description: String,
    /// How many judgements all gates together may take in one run.
    pub max_total_attempts: NonZeroU32,
    /// Who decides after a failed gate.
    pub feedback: Strategy,
    /// In order.
    pub phases: Vec<Phase>,
    /// What plugins may do, and where those come from that are not standard.
    pub plugins: BTreeMap<PluginName, PluginUse>,
    /// The runner for each language.
    pub runners: BTreeMap<String, PluginName>,
    /// JSON Schemas, as text, of the kinds that third parties add.
    pub kinds: BTreeMap<Kind, String>,
}

/// The strategy and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    /// The plugin.
    pub plugin: PluginName,
    /// Its settings, a JSON object.
    pub settings: Value,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name.
    pub name: PhaseName,
    /// The agent's plugin.
    pub agent: PluginName,
    /// What it reads.
    pub reads: Vec<Read>,
    /// What it makes.
    pub produces: Vec<Produce>,
    /// The agent's settings, a JSON object.
    pub settings: Value,
    /// How often its agent may fail, or, of a gate, how often it may be judged, in one run.
    pub max_retries: NonZeroU32,
    /// Present where the phase is a gate.
    pub gate: Option<Gate>,
}

/// Something a phase reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// An artifact's name, or a prefix of names that ends in `/*`.
    pub name: String,
    /// Whether the phase can do without.
    pub optional: bool,
}

impl Read {
    /// Whether an artifact of this name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => self.name == name,
        }
    }
}

/// Something a phase makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Produce {
    /// Its name in the run.
    pub name: ArtifactName,
    /// Its kind.
    pub kind: Kind,
}

/// What makes a phase a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The name of the report that the host writes.
    pub report: ArtifactName,
    /// How many issues of a severity fail it.
    pub fails_at: BTreeMap<Severity, NonZeroU32>,
    /// Present where the gate is judged by a run of tests.
    pub tests: Option<TestGate>,
    /// Phases it may send work back to, in pipeline order.
    pub may_revise: Vec<PhaseName>,
    /// When a person is asked.
    pub ask: ApprovalPolicy,
}

/// Which artifacts a test gate runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestGate {
    /// The code, an artifact of kind `generated_code`.
    pub code: ArtifactName,
    /// The tests, an artifact of kind `test_suite` that the gate's agent makes.
    pub suite: ArtifactName,
}

/// When a gate asks a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPolicy {
    /// Not at all.
    Never,
    /// When no attempt is left.
    #[default]
    OnExhausted,
    /// At every failure, and before a pass that gave tests up.
    OnFail,
    /// At every judgement.
    Always,
}

/// What a plugin may do in this pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PluginUse {
    /// Where its component lies; a standard plugin has none.
    pub path: Option<String>,
    /// What it may use.
    pub grants: Grants,
    /// Limits that differ from the defaults, a JSON object.
    pub limits: Value,
}

/// What a plugin may use beyond reading its inputs and logging.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grants {
    /// Tiers it may ask.
    #[serde(default)]
    pub models: Vec<Tier>,
    /// Languages it may try tests in.
    #[serde(default)]
    pub test_bench: Vec<String>,
}

impl std::fmt::Display for Grants {
    /// As the value of `grants` in a file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |name: &str, values: Vec<&str>| {
            let quoted: Vec<String> = values.iter().map(|value| toml::Value::from(*value).to_string()).collect();
            (!values.is_empty()).then(|| format!("{name} = [{}]", quoted.join(", ")))
        };
        let models = list("models", self.models.iter().map(|tier| tier.as_str()).collect());
        let test_bench = list("test-bench", self.test_bench.iter().map(String::as_str).collect());
        match models.into_iter().chain(test_bench).collect::<Vec<_>>().as_slice() {
            [] => f.write_str("{}"),
            parts => write!(f, "{{ {} }}", parts.join(", ")),
        }
    }
}

impl Pipeline {
    /// The phase of this name.
    pub fn phase(&self, name: &PhaseName) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name == *name)
    }

    /// The place of a phase in the order, from 0.
    pub fn position(&self, name: &PhaseName) -> Option<usize> {
        self.phases.iter().position(|phase| phase.name == *name)
    }

    /// Every plugin that a run needs, each once.
    pub fn plugin_names(&self) -> Vec<&PluginName> {
        let agents = self.phases.iter().map(|phase| &phase.agent);
        let mut names: Vec<_> = agents.chain([&self.feedback.plugin]).chain(self.runners.values()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The settings of every agent and of the strategy.
    pub fn settings(&self) -> impl Iterator<Item = (SettingsOwner, &PluginName, &Value)> {
        let agents =
            self.phases.iter().map(|phase| (SettingsOwner::Phase(phase.name.clone()), &phase.agent, &phase.settings));
        agents.chain([(SettingsOwner::Strategy, &self.feedback.plugin, &self.feedback.settings)])
    }

    /// What a plugin was granted; nothing where the pipeline does not mention it.
    pub fn grants(&self, plugin: &PluginName) -> Grants {
        self.plugins.get(plugin).map(|plugin| plugin.grants.clone()).unwrap_or_default()
    }
}
