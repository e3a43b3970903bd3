//! The artifacts of the postmortem: report, improvement proposals, and decisions about earlier proposals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// People's decisions about earlier improvement proposals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessNotes {
    /// Approved proposals; agents follow them.
    #[serde(default)]
    pub approved: Vec<ApprovedNote>,
    /// Rejected proposals; agents do not repeat them.
    #[serde(default)]
    pub rejected: Vec<RejectedNote>,
}

/// A proposal that a person approved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ApprovedNote {
    /// Id of the run that made the proposal.
    pub run_id: String,
    /// Id of the proposal in that run.
    pub id: String,
    /// Changes to the process.
    pub proposed_changes: Vec<ProposedChange>,
    /// Name of the person who decided.
    pub decided_by: String,
}

/// A proposal that a person rejected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RejectedNote {
    /// Id of the run that made the proposal.
    pub run_id: String,
    /// Id of the proposal in that run.
    pub id: String,
    /// Analysis of the proposal.
    pub analysis: String,
    /// Reason of the rejection.
    pub reason: String,
    /// Name of the person who decided.
    pub decided_by: String,
}

/// Figures and summary of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PostmortemReport {
    /// Id of the task.
    pub task_id: String,
    /// Planned and actual figures.
    pub estimation_accuracy: EstimationAccuracy,
    /// Defects per point of estimated complexity.
    pub defect_density: Option<f64>,
    /// Number of defects by the phase that injected them.
    pub defects_injected: BTreeMap<String, f64>,
    /// Number of defects by the gate that found them.
    pub defects_removed: BTreeMap<String, f64>,
    /// For each gate, the share of the present defects that it found; null if none was present.
    pub phase_yield: BTreeMap<String, Option<f64>>,
    /// Cost of reviews and of rework.
    pub cost_of_quality: CostOfQuality,
    /// Defects by type, most frequent first.
    pub root_causes: Vec<RootCause>,
    /// Number of attempts of each gate.
    pub attempts_per_gate: BTreeMap<String, f64>,
    /// Summary by the model.
    pub summary: String,
}

/// Planned and actual figures of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EstimationAccuracy {
    /// Input and output tokens.
    pub tokens: Accuracy,
    /// Price in USD.
    pub usd: Accuracy,
    /// Duration in milliseconds.
    pub latency_ms: Accuracy,
    /// Semantic complexity in points.
    pub complexity: Accuracy,
}

/// One quantity; unknown values are null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Planned value.
    pub planned: Option<f64>,
    /// Actual value.
    pub actual: Option<f64>,
    /// Difference in percent of the planned value.
    pub variance_percent: Option<f64>,
}

/// Cost of quality: appraisal (first attempts of gates) and failure (everything after).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CostOfQuality {
    /// Tokens of the gates' first attempts.
    pub appraisal_tokens: f64,
    /// Tokens of all later attempts.
    pub failure_tokens: f64,
    /// Price of the gates' first attempts in USD.
    pub appraisal_usd: Option<f64>,
    /// Price of all later attempts in USD.
    pub failure_usd: Option<f64>,
}

/// Cost of one type of defect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RootCause {
    /// Defect type.
    pub defect_type: String,
    /// Number of defects.
    pub count: u64,
    /// Share of the failure cost in tokens.
    pub tokens_to_fix: f64,
    /// Share of the failure cost in USD.
    pub usd_to_fix: Option<f64>,
}

/// Process improvement proposals of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pips {
    /// Proposals; a person decides on each.
    pub proposals: Vec<Pip>,
}

/// A process improvement proposal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pip {
    /// Id, unique in the run.
    pub id: String,
    /// What happened and why.
    pub analysis: String,
    /// Changes to the process.
    pub proposed_changes: Vec<ProposedChange>,
    /// Expected effect on later tasks.
    pub expected_impact: String,
    /// `pending` until a person decides.
    #[serde(default = "pending")]
    pub status: String,
    /// Name of the person who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
}

fn pending() -> String {
    "pending".to_owned()
}

/// One change to the process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// The phase whose instructions change.
    #[serde(default)]
    pub target: String,
    /// `add`, `modify` or `remove`.
    #[serde(default)]
    pub change: String,
    /// Current wording, for `modify` and `remove`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Proposed wording.
    #[serde(default)]
    pub proposed: String,
    /// Reason for the change.
    #[serde(default)]
    pub rationale: String,
}
