//! The words that host and plugins share about work: assignments, submissions, issues, findings.
//!
//! Mirrors `wit/types.wit` and `interface work` of `wit/plugin.wit`. Everything here is plain data; what of it is
//! acceptable is judged in `door` and `gate`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ArtifactName, Digest, Kind, PhaseName, RunId, TaskId};

/// How bad an issue is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A nuisance.
    Low,
    /// Worth mending.
    Medium,
    /// Must be mended soon.
    High,
    /// Must be mended before anything else.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// `critical`, `high`, `medium` or `low`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Relative path.
    pub path: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
}

/// Something a gate found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Unique in the run once the host has taken it.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// In the reviewer's own words.
    pub category: String,
    /// One of [`DEFECT_TYPES`].
    pub defect_type: String,
    /// The phase whose work holds the fault.
    pub phase_injected: String,
    /// What is wrong; at least 20 characters.
    pub description: String,
    /// What shows it; at least 10 characters.
    pub evidence: String,
    /// What follows from it.
    pub impact: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recommendation: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<Location>,
}

/// The defect types of the standard process.
pub const DEFECT_TYPES: [&str; 8] = [
    "planning_failure",
    "prompt_misinterpretation",
    "tool_use_error",
    "hallucination",
    "security_vulnerability",
    "conventional_code_bug",
    "task_execution_error",
    "alignment_deviation",
];

/// What is known of a stored artifact without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// Its name in the run.
    pub name: ArtifactName,
    /// Its kind.
    pub kind: Kind,
    /// Its content's address.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// An artifact that a phase is to produce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The name to submit it under.
    pub name: ArtifactName,
    /// Its kind.
    pub kind: Kind,
    /// JSON Schema of the kind, as text.
    pub schema: String,
}

/// What a gate or a person wants changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackItem {
    /// The gate's name, `person:NAME`, or `host` for an attempt that could not be taken.
    pub source: String,
    /// Digests of the artifacts this was said about.
    pub about: Vec<Digest>,
    /// What was found.
    pub issues: Vec<Issue>,
    /// What to do about it.
    pub instructions: String,
}

/// One phase's work, as it is handed to an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The run.
    pub run_id: RunId,
    /// The task.
    pub task_id: TaskId,
    /// The phase.
    pub phase: PhaseName,
    /// From 1.
    pub attempt: u32,
    /// What may be read.
    pub inputs: Vec<ArtifactRef>,
    /// What is to be produced.
    pub expected: Vec<Expected>,
    /// This phase's artifacts of the attempt before.
    pub previous: Vec<ArtifactRef>,
    /// What is to be changed.
    pub feedback: Vec<FeedbackItem>,
    /// What code can rely on. A JSON object.
    pub environment: Value,
    /// The plugin's settings from the pipeline. A JSON object.
    pub settings: Value,
}

/// Bytes under a name, as submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedArtifact {
    /// As the agent wrote it; checked at the door.
    pub name: String,
    /// The content.
    pub content: Vec<u8>,
}

/// Advice beside an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The issue it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issue_id: Option<String>,
    /// In the reviewer's own words.
    pub priority: String,
    /// The advice.
    pub description: String,
}

/// How one item of a checklist stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It holds with reservations.
    Warning,
    /// It does not concern this task.
    NotApplicable,
}

/// One item of a checklist, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The item.
    pub item: String,
    /// How it stands.
    pub status: CheckStatus,
    /// Why.
    pub notes: String,
}

/// What a gate's agent found. Never a verdict: that is the host's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// Advice.
    pub suggestions: Vec<Suggestion>,
    /// The checklist.
    pub checks: Vec<Check>,
    /// Who looked.
    pub reviewers: Vec<String>,
}

/// What an agent hands in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// Its artifacts.
    pub artifacts: Vec<SubmittedArtifact>,
    /// Only from the agent of a gate.
    pub findings: Option<Findings>,
}

/// Why an agent handed in nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The work could not be done.
    #[error("{0}")]
    Failed(String),
    /// An input is not what the agent needs.
    #[error("input `{name}` cannot be worked with: {reason}")]
    BadInput {
        /// The input.
        name: String,
        /// Why.
        reason: String,
    },
}
