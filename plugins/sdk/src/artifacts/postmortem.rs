//! The postmortem's report and improvement proposals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
