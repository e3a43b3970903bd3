//! What came of the attacks, as `verify-sandbox` reports it.

use serde::Serialize;

/// An attack, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttackResult {
    /// What was tried.
    pub attack: String,
    /// The limit or rule that it was to meet.
    pub bound: String,
    /// Whether it held.
    pub held: bool,
    /// The words that it ended in.
    pub outcome: String,
    /// What was otherwise than it must be.
    pub faults: Vec<String>,
    /// Milliseconds until it was over.
    pub elapsed_ms: u64,
    /// Bytes of memory that the host held more when it was over, where that is known.
    pub growth_bytes: Option<i64>,
}

/// What came of all attacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether every one of them held.
    pub held: bool,
    /// Bytes of memory that the host held more at the end, where that is known.
    pub growth_bytes: Option<i64>,
    /// In the order in which they were made.
    pub attacks: Vec<AttackResult>,
}
