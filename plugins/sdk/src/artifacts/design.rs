//! The artifact of the design phase.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::findings::Severity;

/// The design of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DesignSpecification {
    /// Id of the task.
    #[serde(default)]
    pub task_id: String,
    /// The parts and the data flow between them; at least 50 characters.
    pub architecture_overview: String,
    /// Components; every semantic unit of the plan has at least one.
    pub components: Vec<Component>,
    /// Contracts of functions, endpoints or commands, as free-form objects.
    pub api_contracts: Vec<Map<String, Value>>,
    /// Data types, as free-form objects.
    pub data_schemas: Vec<Map<String, Value>>,
    /// Language, modules and layout, as a free-form object.
    pub technology_stack: Map<String, Value>,
    /// Decisions where the requirements leave something open.
    pub assumptions: Vec<String>,
    /// Items that the design review must answer.
    pub review_checklist: Vec<ChecklistItem>,
}

/// One component of the design.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Name, unique in the design.
    pub name: String,
    /// Id of the semantic unit it implements.
    pub semantic_unit_id: String,
    /// Responsibility, at least 10 characters.
    pub responsibility: String,
    /// Signatures that the component offers.
    pub interfaces: Vec<String>,
    /// Names of the components it uses.
    pub dependencies: Vec<String>,
    /// Reasons, algorithms, invariants.
    pub notes: String,
}

/// One item of the review checklist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChecklistItem {
    /// A statement that the reviewer confirms or denies.
    pub item: String,
    /// Severity if the statement is false.
    pub severity: Severity,
}
