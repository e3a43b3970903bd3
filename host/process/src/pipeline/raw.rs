//! The tables of a pipeline file as they are parsed. Their comments are what editors show.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::approval::{ApprovalPeriod, Approvers};
use super::fails_at::fails_at_schema;
use super::{ApprovalPolicy, Grants, RawSettings, TestAllowance};
use crate::file_schema::file_schema;
use crate::limits::LimitsPatch;
use crate::names::{ArtifactName, Kind, PhaseName, PluginName};
use crate::work::Severity;

/// A pipeline of Phasegate: phases in order, with their agents, artifacts and gates.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Pipeline")]
#[serde(deny_unknown_fields)]
pub(super) struct RawPipeline {
    /// The name. Required unless `extends` names a pipeline.
    pub(super) name: Option<String>,
    /// A short description, for people.
    pub(super) description: Option<String>,
    /// The pipeline that this one changes: a standard one, such as `tsp`, or a file relative to this one.
    #[schemars(with = "Option<String>")]
    pub(super) extends: Option<Spanned<String>>,
    /// The most verdicts of all gates together in one run. Default: 15.
    pub(super) max_total_attempts: Option<NonZeroU32>,
    /// The feedback strategy, which decides after a failed gate. Required unless `extends` names a pipeline.
    pub(super) feedback: Option<RawStrategy>,
    /// The phases, in order. One whose name is in the extended pipeline changes that phase.
    #[serde(default)]
    #[schemars(with = "Vec<RawPhase>")]
    pub(super) phase: Vec<Spanned<RawPhase>>,
    /// Files, grants and limits of plugins, by the names that phases use.
    #[serde(default)]
    #[schemars(with = "BTreeMap<PluginName, RawPlugin>")]
    pub(super) plugins: BTreeMap<Spanned<String>, RawPlugin>,
    /// The test runner of each language.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, PluginName>")]
    pub(super) runners: BTreeMap<String, Spanned<String>>,
    /// Kinds of artifacts that this pipeline adds.
    #[serde(default)]
    pub(super) kind: Vec<RawKind>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStrategy {
    /// The strategy: `phase-aware`, `nearest-phase`, or a name under `[plugins]`.
    #[schemars(with = "PluginName")]
    pub(super) strategy: Spanned<String>,
    /// The settings of the strategy.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub(super) settings: Option<RawSettings>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPhase {
    /// The name, unique in the pipeline.
    #[schemars(with = "PhaseName")]
    pub(super) name: Spanned<String>,
    /// The phase of the extended pipeline behind which this one is inserted. Default: at the end.
    #[schemars(with = "Option<PhaseName>")]
    pub(super) after: Option<Spanned<String>>,
    /// The agent: a bundled plugin, or a name under `[plugins]`. Required for a new phase.
    #[schemars(with = "Option<PluginName>")]
    pub(super) agent: Option<Spanned<String>>,
    /// The artifacts that the agent reads. `NAME?` may be missing; `PREFIX/*` is every artifact that begins so.
    pub(super) reads: Option<Vec<String>>,
    /// The artifacts that the agent makes.
    pub(super) produces: Option<Vec<RawProduce>>,
    /// The settings of the agent.
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub(super) settings: Option<RawSettings>,
    /// The most attempts, the first included: failures of the agent, or verdicts of a gate. Default: 3.
    pub(super) max_retries: Option<NonZeroU32>,
    /// Makes the phase a gate.
    pub(super) gate: Option<RawGate>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProduce {
    /// The name of the artifact.
    #[schemars(with = "ArtifactName")]
    pub(super) name: Spanned<String>,
    /// Its kind: a standard one, one of `[[kind]]`, or one that the plugin adds.
    #[schemars(with = "Kind")]
    pub(super) kind: Spanned<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGate {
    /// The name of the report that the host writes. Required for a new gate.
    #[schemars(with = "Option<ArtifactName>")]
    pub(super) report: Option<Spanned<String>>,
    /// The number of issues of each severity at which the gate fails.
    #[schemars(default, schema_with = "fails_at_schema")]
    pub(super) fails_at: Option<BTreeMap<Severity, NonZeroU32>>,
    /// The artifacts that are tested, if a run of tests judges the gate.
    pub(super) tests: Option<RawTestGate>,
    /// The tests that the gate accepts although they did not pass.
    #[schemars(with = "Option<TestAllowance>")]
    pub(super) allow: Option<Spanned<TestAllowance>>,
    /// The phases that the gate may send work back to.
    #[schemars(with = "Option<Vec<PhaseName>>")]
    pub(super) may_revise: Option<Vec<Spanned<String>>>,
    /// When a person is asked. Default: `on_exhausted`.
    pub(super) ask: Option<ApprovalPolicy>,
    /// The people who may approve, override and reject. Default: everybody.
    pub(super) approvers: Option<Approvers>,
    /// Whether the person who started the run may neither approve nor override. Default: false.
    pub(super) forbid_self_approval: Option<bool>,
    /// How long after the question the gate can be approved or overridden, as in `3d`. Default: for ever.
    pub(super) expires_after: Option<ApprovalPeriod>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTestGate {
    /// The code, an artifact of kind `generated_code`.
    #[schemars(with = "ArtifactName")]
    pub(super) code: Spanned<String>,
    /// The tests, an artifact of kind `test_suite` that the agent of the gate makes.
    #[schemars(with = "ArtifactName")]
    pub(super) suite: Spanned<String>,
}

/// `[plugins.NAME]` of a pipeline or of `phasegate.toml`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPlugin {
    /// The component, relative to this file, or a package in a registry, `oci://HOST/REPOSITORY:TAG`; a bundled plugin needs none.
    pub(super) path: Option<String>,
    /// What the plugin may use, as far as its manifest asks for it.
    pub(super) grants: Option<Grants>,
    /// Limits of one call that differ from the defaults.
    #[schemars(with = "Option<LimitsPatch>")]
    pub(super) limits: Option<toml::Table>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKind {
    /// The name of the kind.
    #[schemars(with = "Kind")]
    pub(super) name: Spanned<String>,
    /// The file with its JSON Schema, relative to this file.
    #[schemars(with = "String")]
    pub(super) schema: Spanned<String>,
}

/// Returns the JSON Schema of a pipeline file.
pub fn pipeline_schema() -> Value {
    file_schema::<RawPipeline>()
}
