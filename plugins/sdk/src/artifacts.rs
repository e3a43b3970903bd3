//! The standard artifacts as Rust types, as their JSON Schemas have them. Reading is lenient about unknown fields; the host
//! judges what is submitted, and [`faults`] asks it beforehand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod findings;
mod measures;

pub use findings::{Check, Defect, Findings, FindingsReport, Issue, Location, Severity, Suggestion};
pub use measures::{DefectMeasure, FinishedRun, PhaseMeasures, RunMeasures, Totals};

/// Every reason why the host would not take `value` as an artifact of this kind.
pub fn faults<T: Serialize>(kind: &str, value: &T) -> Vec<String> {
    match serde_json::to_vec(value) {
        Ok(content) => crate::host::faults(kind, &content),
        Err(error) => vec![error.to_string()],
    }
}

/// What is asked for, as the task file said it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskRequirements {
    /// The task.
    pub task_id: String,
    /// The project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// What is wanted.
    pub description: String,
    /// In order; agents call them R1, R2, ….
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Paths beside the task file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context_files: Vec<String>,
    /// What must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// The language wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The task cut into semantic units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectPlan {
    /// The task.
    pub task_id: String,
    /// In order of work.
    pub semantic_units: Vec<SemanticUnit>,
    /// The sum over the units.
    pub total_est_complexity: u64,
    /// None below three finished runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// A piece of the task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SemanticUnit {
    /// `SU-001` and so on.
    pub unit_id: String,
    /// What it does.
    pub description: String,
    /// Units it needs.
    pub dependencies: Vec<String>,
    /// 0 to 10.
    pub api_interactions: u32,
    /// 0 to 10.
    pub data_transformations: u32,
    /// 0 to 10.
    pub logical_branches: u32,
    /// 0 to 10.
    pub code_entities_modified: u32,
    /// 1.0 (routine) to 2.0 (new ground).
    pub novelty: f64,
    /// From the counts above.
    pub est_complexity: u64,
}

/// What the task is expected to take.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Tokens in and out.
    pub tokens: f64,
    /// Money; unknown where prices are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// What it rests on, in words.
    pub basis: String,
    /// How well the regression fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_squared: Option<f64>,
    /// The 70 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// A range for each estimated quantity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Range>,
    /// Money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<Range>,
    /// Time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Range>,
}

/// From, to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// How the plan is to be built.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DesignSpecification {
    /// The task.
    #[serde(default)]
    pub task_id: String,
    /// The whole in words.
    pub architecture_overview: String,
    /// Covering every semantic unit.
    pub components: Vec<Component>,
    /// Free-form objects.
    pub api_contracts: Vec<Map<String, Value>>,
    /// Free-form objects.
    pub data_schemas: Vec<Map<String, Value>>,
    /// What it is built with.
    pub technology_stack: Map<String, Value>,
    /// What is taken for granted.
    pub assumptions: Vec<String>,
    /// What the review must look at.
    pub review_checklist: Vec<ChecklistItem>,
}

/// A part of the design.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Unique in the design.
    pub name: String,
    /// The unit it serves.
    pub semantic_unit_id: String,
    /// What it answers for.
    pub responsibility: String,
    /// What it offers.
    pub interfaces: Vec<String>,
    /// Components it needs.
    pub dependencies: Vec<String>,
    /// Anything else.
    pub notes: String,
}

/// Something the review must look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChecklistItem {
    /// What must hold.
    pub item: String,
    /// How bad it is if it does not.
    pub severity: Severity,
}

/// The files of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratedCode {
    /// Every one.
    pub files: Vec<CodeFile>,
    /// `python`, say.
    pub language: String,
    /// Packages beyond the language's own.
    pub dependencies: Vec<String>,
    /// How to set it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Anything else.
    pub notes: String,
}

/// One file of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeFile {
    /// Relative, `/`-separated.
    pub path: String,
    /// All of it.
    pub content: String,
    /// What it is for.
    pub purpose: String,
    /// The unit it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_unit_id: Option<String>,
}

/// Tests of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestSuite {
    /// Every one.
    pub files: Vec<SourceFile>,
    /// Which tests show which requirement.
    pub covers: Vec<Coverage>,
    /// Earlier tests given up.
    pub dropped: Vec<Dropped>,
}

/// A path and its text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative, `/`-separated.
    pub path: String,
    /// All of it.
    pub content: String,
}

/// Which tests show a requirement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// `R1` or `SU-001`.
    pub requirement: String,
    /// `tests/test_x.py::test_y`.
    pub tests: Vec<String>,
}

/// An earlier test given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Its full name.
    pub test: String,
    /// Why; at least ten characters.
    pub reason: String,
}

/// What happened when the host ran the suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The task.
    pub task_id: String,
    /// The gate.
    pub gate: String,
    /// From 1.
    pub attempt: u32,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// Digest of the code that was tested.
    pub code: String,
    /// Did it build?
    pub build: Build,
    /// Each with its outcome.
    pub tests: Vec<TestResult>,
    /// Counts by outcome.
    pub totals: TestTotals,
    /// Earlier tests given up.
    pub dropped: Vec<Dropped>,
    /// What is wrong.
    pub defects: Vec<Issue>,
    /// Advice.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// The checklist.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Who looked.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Digests of what was judged.
    #[serde(default)]
    pub about: Vec<String>,
}

/// Did it build?
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// It did.
    pub ok: bool,
    /// Why not.
    pub errors: Vec<String>,
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// Its full name.
    pub name: String,
    /// `passed`, `failed`, `errored` or `skipped`.
    pub outcome: String,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Counts by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTotals {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Errored.
    pub errored: u64,
    /// Skipped.
    pub skipped: u64,
}

/// What people decided about earlier improvement proposals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessNotes {
    /// To be followed.
    #[serde(default)]
    pub approved: Vec<ApprovedNote>,
    /// Not to be proposed again.
    #[serde(default)]
    pub rejected: Vec<RejectedNote>,
}

/// A proposal that people took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApprovedNote {
    /// The run that proposed it.
    pub run_id: String,
    /// Its id there.
    pub id: String,
    /// What to do differently.
    pub proposed_changes: Vec<ProposedChange>,
    /// By whom.
    pub decided_by: String,
}

/// A proposal that people turned down.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RejectedNote {
    /// The run that proposed it.
    pub run_id: String,
    /// Its id there.
    pub id: String,
    /// What it said.
    pub analysis: String,
    /// Why not.
    pub reason: String,
    /// By whom.
    pub decided_by: String,
}

/// What the run took and what it teaches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PostmortemReport {
    /// The task.
    pub task_id: String,
    /// Planned against actual.
    pub estimation_accuracy: EstimationAccuracy,
    /// Defects per unit of complexity.
    pub defect_density: Option<f64>,
    /// By phase.
    pub defects_injected: BTreeMap<String, f64>,
    /// By gate.
    pub defects_removed: BTreeMap<String, f64>,
    /// Removed in the phase over present in it.
    pub phase_yield: BTreeMap<String, Option<f64>>,
    /// What looking and mending took.
    pub cost_of_quality: CostOfQuality,
    /// By defect type.
    pub root_causes: Vec<RootCause>,
    /// Judgements of each gate.
    pub attempts_per_gate: BTreeMap<String, f64>,
    /// In words.
    pub summary: String,
}

/// Planned against actual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EstimationAccuracy {
    /// Tokens.
    pub tokens: Accuracy,
    /// Money.
    pub usd: Accuracy,
    /// Time.
    pub latency_ms: Accuracy,
    /// Semantic complexity.
    pub complexity: Accuracy,
}

/// One quantity; what is not known is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// As planned.
    pub planned: Option<f64>,
    /// As it was.
    pub actual: Option<f64>,
    /// The difference in per cent of the plan.
    pub variance_percent: Option<f64>,
}

/// What looking and mending took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CostOfQuality {
    /// Of the gates.
    pub appraisal_tokens: f64,
    /// Of work done again.
    pub failure_tokens: f64,
    /// Of the gates.
    pub appraisal_usd: Option<f64>,
    /// Of work done again.
    pub failure_usd: Option<f64>,
}

/// What one type of defect cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RootCause {
    /// The type.
    pub defect_type: String,
    /// How many.
    pub count: u64,
    /// What mending them took.
    pub tokens_to_fix: f64,
    /// What mending them cost.
    pub usd_to_fix: Option<f64>,
}

/// What should change in the process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pips {
    /// Each for people to decide.
    pub proposals: Vec<Pip>,
}

/// A process improvement proposal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pip {
    /// Unique in the run.
    pub id: String,
    /// What was seen.
    pub analysis: String,
    /// What to do differently.
    pub proposed_changes: Vec<ProposedChange>,
    /// What it would do.
    pub expected_impact: String,
    /// `pending` until a person decides.
    #[serde(default = "pending")]
    pub status: String,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
}

fn pending() -> String {
    "pending".to_owned()
}

/// One change to the process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// What it touches.
    #[serde(default)]
    pub target: String,
    /// `add`, `modify` or `remove`.
    #[serde(default)]
    pub change: String,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// As it should be.
    #[serde(default)]
    pub proposed: String,
    /// Why.
    #[serde(default)]
    pub rationale: String,
}
