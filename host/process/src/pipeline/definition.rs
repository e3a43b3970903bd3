//! The types of a pipeline.

use super::allowance::TestAllowance;
use super::approval::{ApprovalPolicy, ApprovalRules};
use super::setting_locations::SettingsOwner;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::AddedKinds;
use crate::model::Tier;
use crate::names::{ArtifactName, Kind, PhaseName, PluginName};
use crate::repository::FILE_PREFIX;
use crate::work::Severity;

/// A pipeline with `extends` resolved and defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// The name.
    pub name: String,
    /// A short description, for people.
    pub description: String,
    /// The most judgements that all gates together may take in one run. The default is 15.
    pub max_total_attempts: NonZeroU32,
    /// The feedback strategy, which decides after a failed gate.
    pub feedback: Strategy,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// Grants and limits of plugins, and the paths of plugins that are not standard.
    pub plugins: BTreeMap<PluginName, PluginUse>,
    /// The test runner of each language.
    pub runners: BTreeMap<String, PluginName>,
    /// The kinds that this pipeline and its plugins add, with their JSON Schemas.
    pub kinds: AddedKinds,
}

/// The feedback strategy and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    /// The strategy's plugin.
    pub plugin: PluginName,
    /// The strategy's settings, a JSON object.
    pub settings: Value,
}

/// One phase of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// The name.
    pub name: PhaseName,
    /// The agent's plugin.
    pub agent: PluginName,
    /// The artifacts that it reads.
    pub reads: Vec<Read>,
    /// The artifacts that its agent produces.
    pub produces: Vec<Produce>,
    /// The agent's settings, a JSON object.
    pub settings: Value,
    /// The most failed attempts in one run; of a gate, the most judgements. The default is 3.
    pub max_retries: NonZeroU32,
    /// Present where the phase is a gate.
    pub gate: Option<Gate>,
}

/// An artifact, or a group of artifacts, that a phase reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// An artifact's name, or a prefix of names that ends in `/*`.
    pub name: String,
    /// Whether the phase can start without it. Written as a `?` behind the name; a prefix is always optional.
    pub optional: bool,
}

impl Read {
    /// Whether an artifact of this name is included.
    pub fn matches(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => self.name == name,
        }
    }

    /// Whether this is `repository/*`: the files of the run's repository.
    pub fn is_repository(&self) -> bool {
        self.name.strip_suffix('*') == Some(FILE_PREFIX)
    }
}

/// An artifact that a phase produces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Produce {
    /// The artifact's name in the run.
    pub name: ArtifactName,
    /// The artifact's kind.
    pub kind: Kind,
}

/// The properties of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The name of the report that the host writes.
    pub report: ArtifactName,
    /// The number of issues of each severity at which the gate fails.
    pub fails_at: BTreeMap<Severity, NonZeroU32>,
    /// The artifacts to test, where the gate is judged by a run of tests.
    pub tests: Option<TestGate>,
    /// The phases that the gate may send work back to, as the file lists them.
    pub may_revise: Vec<PhaseName>,
    /// When a person is asked.
    pub ask: ApprovalPolicy,
    /// Which people may decide, and until when.
    #[serde(default, skip_serializing_if = "ApprovalRules::is_default")]
    pub approval: ApprovalRules,
}

/// The artifacts that a test gate runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestGate {
    /// The code, an artifact of kind `generated_code`.
    pub code: ArtifactName,
    /// The tests, an artifact of kind `test_suite` that the gate's agent makes.
    pub suite: ArtifactName,
    /// The tests that the gate accepts although they did not pass.
    #[serde(default, skip_serializing_if = "TestAllowance::is_none")]
    pub allow: TestAllowance,
}

/// The use of a plugin in a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PluginUse {
    /// The path of its component; `None` for a standard plugin.
    pub path: Option<String>,
    /// The grants of the operator.
    pub grants: Grants,
    /// Limits that differ from the defaults, a JSON object.
    pub limits: Value,
}

/// The capabilities of a plugin beyond reading its inputs and logging: granted by the operator, or asked for by the
/// plugin's manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grants {
    /// The model tiers.
    #[serde(default)]
    pub models: Vec<Tier>,
    /// The languages of trial test runs. In a manifest, `*` means every language that has a runner.
    #[serde(default)]
    pub test_bench: Vec<String>,
}

impl std::fmt::Display for Grants {
    /// Writes the grants as an inline TOML table.
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
    /// Returns the phase of this name.
    pub fn phase(&self, name: &PhaseName) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.name == *name)
    }

    /// Returns the index of a phase in the order, from 0.
    pub fn position(&self, name: &PhaseName) -> Option<usize> {
        self.phases.iter().position(|phase| phase.name == *name)
    }

    /// Returns every plugin that a run needs, each once: agents, strategy and test runners.
    pub fn plugin_names(&self) -> Vec<&PluginName> {
        let agents = self.phases.iter().map(|phase| &phase.agent);
        let mut names: Vec<_> = agents.chain([&self.feedback.plugin]).chain(self.runners.values()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns the settings of every agent and of the strategy, with their plugins.
    pub fn settings(&self) -> impl Iterator<Item = (SettingsOwner, &PluginName, &Value)> {
        let agents =
            self.phases.iter().map(|phase| (SettingsOwner::Phase(phase.name.clone()), &phase.agent, &phase.settings));
        agents.chain([(SettingsOwner::Strategy, &self.feedback.plugin, &self.feedback.settings)])
    }

    /// Returns whether an agent of a phase may ask a model. A pipeline without such an agent needs no model.
    pub fn may_ask_models(&self) -> bool {
        self.phases.iter().any(|phase| !self.grants(&phase.agent).models.is_empty())
    }

    /// Returns the grants of a plugin; none where the pipeline does not mention it.
    pub fn grants(&self, plugin: &PluginName) -> Grants {
        self.plugins.get(plugin).map(|plugin| plugin.grants.clone()).unwrap_or_default()
    }
}
