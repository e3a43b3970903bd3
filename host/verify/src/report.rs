//! The report of `verify-sandbox`; with `--json` it is printed as it is.

use serde::Serialize;

/// The result of one attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttackResult {
    /// Name of the attack.
    pub attack: String,
    /// The limit or rule that must stop it.
    pub bound: String,
    /// Whether the host stopped the attack without any fault.
    pub held: bool,
    /// The line of the run that decides, or the last line.
    pub outcome: String,
    /// Differences from what was expected; empty if `held`.
    pub faults: Vec<String>,
    /// Milliseconds until the attack was over.
    pub elapsed_ms: u64,
    /// Growth of the host's memory by the end of the attack, in bytes; none where it cannot be measured.
    pub growth_bytes: Option<i64>,
}

/// The results of all attacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether the host stopped every attack.
    pub held: bool,
    /// Growth of the host's memory by the end of the last attack, in bytes; none where it cannot be measured.
    pub growth_bytes: Option<i64>,
    /// All attacks in the order in which they ran.
    pub attacks: Vec<AttackResult>,
}
