//! The task and the plan.

use serde::{Deserialize, Serialize};

/// The task, as written in the task file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskRequirements {
    /// Id of the task.
    pub task_id: String,
    /// Id of the project, if the task file names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The task in prose.
    pub description: String,
    /// Requirements in order; agents number them R1, R2, ….
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Paths of context files, relative to the task file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context_files: Vec<String>,
    /// Conditions that the product must meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Programming language in lower case, for example `python`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The task divided into semantic units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectPlan {
    /// Id of the task.
    pub task_id: String,
    /// Units in the order of work.
    pub semantic_units: Vec<SemanticUnit>,
    /// Sum of the units' `est_complexity`.
    pub total_est_complexity: u64,
    /// PROBE estimate; absent with fewer than three finished runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// One piece of behaviour that is designed, written and reviewed as a unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SemanticUnit {
    /// `SU-` and three digits, unique in the plan.
    pub unit_id: String,
    /// The behaviour, with the requirements it covers.
    pub description: String,
    /// Ids of the units whose result this unit needs.
    pub dependencies: Vec<String>,
    /// Interfaces offered or called, 0 to 10.
    pub api_interactions: u32,
    /// Conversions of data, 0 to 10.
    pub data_transformations: u32,
    /// Decisions, 0 to 10.
    pub logical_branches: u32,
    /// Functions, classes, modules and tables created or changed, 0 to 10.
    pub code_entities_modified: u32,
    /// Factor from 1.0 (routine) to 2.0 (new to the team).
    pub novelty: f64,
    /// Complexity computed from the counts and the novelty.
    pub est_complexity: u64,
}

/// The estimated cost of the task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Input and output tokens.
    pub tokens: f64,
    /// Price in USD; absent if prices are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Duration in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// The method and the number of runs, as a sentence.
    pub basis: String,
    /// R² of the regression, 0.0 to 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_squared: Option<f64>,
    /// 70 % prediction interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// 70 % prediction intervals of an estimate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Input and output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Range>,
    /// Price in USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<Range>,
    /// Duration in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Range>,
}

/// A closed range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}
