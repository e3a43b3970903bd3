//! Measurements of the host, an input of planning and postmortem.

use serde::{Deserialize, Serialize};

use super::findings::Severity;

/// Measurements of this run, and of the finished runs used for estimation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunMeasures {
    /// Phases in the pipeline's order.
    pub phases: Vec<PhaseMeasures>,
    /// Sums over all phases.
    pub totals: Totals,
    /// Defects found at all attempts of all gates.
    pub defects: Vec<DefectMeasure>,
    /// Finished runs, oldest first.
    pub finished_runs: Vec<FinishedRun>,
}

/// Measurements of one phase, summed over its attempts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseMeasures {
    /// Name of the phase.
    pub phase: String,
    /// Whether the phase is a gate.
    pub gate: bool,
    /// Number of attempts.
    pub attempts: u64,
    /// Number of model calls.
    pub calls: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Price in USD; null if unknown.
    pub usd: Option<f64>,
    /// Elapsed time in milliseconds.
    pub elapsed_ms: u64,
    /// Verdicts of a gate, one per attempt.
    pub verdicts: Vec<String>,
}

/// Sums over a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Number of model calls.
    pub calls: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Price in USD; null if unknown.
    pub usd: Option<f64>,
    /// Elapsed time in milliseconds.
    pub elapsed_ms: u64,
}

/// A defect that a gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefectMeasure {
    /// Id, unique in the run.
    pub id: String,
    /// Name of the gate.
    pub gate: String,
    /// Attempt of the gate, from 1.
    pub attempt: u32,
    /// Severity.
    pub severity: Severity,
    /// One of the eight defect types of the process.
    pub defect_type: String,
    /// The phase whose work contains the fault.
    pub phase_injected: String,
    /// Description of the fault.
    pub description: String,
}

/// Measurements of a finished run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// Id of the run.
    pub run_id: String,
    /// Estimated complexity in points.
    pub est_complexity: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// Price in USD; null if unknown.
    pub usd: Option<f64>,
    /// Duration in milliseconds.
    pub latency_ms: u64,
}
