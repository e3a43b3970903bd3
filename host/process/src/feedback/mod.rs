//! What a feedback strategy is asked and what it may answer. Mirrors `interface feedback` of `wit/plugin.wit`.

mod check;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Issue, PhaseName};

pub use check::check_decision;

/// One earlier failure of the same gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// What was found.
    pub issues: Vec<Issue>,
    /// Which phases revised their work.
    pub revised: Vec<PhaseName>,
}

/// A gate that failed, as it is laid before a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateFailure {
    /// The gate.
    pub gate: PhaseName,
    /// Which judgement of it this was, from 1.
    pub attempt: u32,
    /// How many judgements are left.
    pub attempts_left: u32,
    /// What was found.
    pub issues: Vec<Issue>,
    /// What a person said who rejected the work.
    pub person_words: Option<String>,
    /// Phases this gate may send work back to, earliest first.
    pub may_revise: Vec<PhaseName>,
    /// Oldest first.
    pub history: Vec<PastAttempt>,
    /// The strategy's settings. A JSON object.
    pub settings: Value,
}

/// One phase that is to revise its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The phase.
    pub phase: String,
    /// The issues it is to mend.
    pub issue_ids: Vec<String>,
    /// What it is told.
    pub instructions: String,
}

/// What a strategy decided. Not yet allowed: [`check_decision`] holds it against the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// These phases revise.
    Revise(Vec<Revision>),
    /// A person should look.
    AskAPerson(String),
    /// It is no use.
    GiveUp(String),
}
