//! The task and the plan.

use serde::{Deserialize, Serialize};

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
