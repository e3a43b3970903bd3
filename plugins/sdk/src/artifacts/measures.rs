//! What the host measured: an input of planning and postmortem.

use serde::{Deserialize, Serialize};

use super::Severity;

/// This run so far, and the finished runs that estimation needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunMeasures {
    /// In the pipeline's order.
    pub phases: Vec<PhaseMeasures>,
    /// Of the run.
    pub totals: Totals,
    /// Of every gate's every attempt.
    pub defects: Vec<DefectMeasure>,
    /// Oldest first.
    pub finished_runs: Vec<FinishedRun>,
}

/// One phase over all its attempts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseMeasures {
    /// The phase.
    pub phase: String,
    /// Is it a gate?
    pub gate: bool,
    /// How often it ran.
    pub attempts: u64,
    /// Model calls.
    pub calls: u64,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Money, where known.
    pub usd: Option<f64>,
    /// Time.
    pub elapsed_ms: u64,
    /// Of a gate, one an attempt.
    pub verdicts: Vec<String>,
}

/// Sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Model calls.
    pub calls: u64,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Money, where known.
    pub usd: Option<f64>,
    /// Time.
    pub elapsed_ms: u64,
}

/// A defect that a gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefectMeasure {
    /// Unique in the run.
    pub id: String,
    /// The gate.
    pub gate: String,
    /// Its attempt.
    pub attempt: u32,
    /// How bad.
    pub severity: Severity,
    /// What sort.
    pub defect_type: String,
    /// Where it came from.
    pub phase_injected: String,
    /// In words.
    pub description: String,
}

/// A finished run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// The run.
    pub run_id: String,
    /// As planned.
    pub est_complexity: u64,
    /// In and out.
    pub tokens: u64,
    /// Money, where known.
    pub usd: Option<f64>,
    /// Time.
    pub latency_ms: u64,
}
