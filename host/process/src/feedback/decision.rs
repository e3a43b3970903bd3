//! What a strategy is given, and what it decides.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::PhaseName;
use crate::work::Issue;

/// One earlier failure of the same gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// The issues of that judgement.
    pub issues: Vec<Issue>,
    /// The phases that revised their work because of it.
    pub revised: Vec<PhaseName>,
}

/// A failed gate: the input of a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateFailure {
    /// The gate.
    pub gate: PhaseName,
    /// The number of this judgement of the gate, from 1.
    pub attempt: u32,
    /// How many more judgements the gate may take.
    pub attempts_left: u32,
    /// The issues of that judgement.
    pub issues: Vec<Issue>,
    /// The reason of the person who rejected the work, if a person did.
    pub person_words: Option<String>,
    /// Phases this gate may send work back to, earliest first.
    pub may_revise: Vec<PhaseName>,
    /// Earlier failures of the same gate, oldest first.
    pub history: Vec<PastAttempt>,
    /// The strategy's settings from the pipeline, a JSON object.
    pub settings: Value,
}

/// One phase that the strategy wants to revise its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The phase's name; not yet checked against the pipeline.
    pub phase: String,
    /// The ids of the issues that the phase has to fix.
    pub issue_ids: Vec<String>,
    /// Instructions for the phase; may be empty where issues are named.
    pub instructions: String,
}

/// A strategy's decision as the plugin returned it. [`super::check_decision`] validates it against the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Send work back to these phases.
    Revise(Vec<Revision>),
    /// Ask a person, for this reason.
    AskAPerson(String),
    /// Give up, for this reason.
    GiveUp(String),
}
