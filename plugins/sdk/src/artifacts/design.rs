//! The design.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Severity;

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
