//! The data that host and plugins exchange about work: assignments, submissions, issues, findings.
//!
//! Mirrors `wit/types.wit` and `interface work` of `wit/plugin.wit`. Everything here is plain data, not yet validated:
//! see [`crate::artifact`] and [`crate::gate`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::names::{ArtifactName, Kind, PhaseName, RunId, TaskId};

/// The severity of an issue; the order is from mild to severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A minor flaw.
    Low,
    /// Should be fixed.
    Medium,
    /// Has to be fixed soon.
    High,
    /// Has to be fixed before anything else.
    Critical,
}

impl Severity {
    /// All severities, most severe first.
    pub const WORST_FIRST: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Returns `critical`, `high`, `medium` or `low`.
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
    /// The relative path of the file.
    pub path: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
}

/// An issue that a gate's agent or the host found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The id; unique in the run once the host has recorded it.
    pub id: String,
    /// The severity.
    pub severity: Severity,
    /// A free text of the reviewer.
    pub category: String,
    /// One of [`DEFECT_TYPES`].
    pub defect_type: String,
    /// The phase whose work contains the defect.
    pub phase_injected: String,
    /// The defect, in at least 20 characters.
    pub description: String,
    /// The evidence, in at least 10 characters.
    pub evidence: String,
    /// The consequences.
    pub impact: String,
    /// A proposed fix.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recommendation: Option<String>,
    /// The place in a file.
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

/// A reference to a stored artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// The artifact's name in the run.
    pub name: ArtifactName,
    /// The artifact's kind.
    pub kind: Kind,
    /// The digest of its content.
    pub digest: Digest,
    /// The size of its content in bytes.
    pub size: u64,
}

/// An artifact that a phase has to produce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The name to submit.
    pub name: ArtifactName,
    /// The artifact's kind.
    pub kind: Kind,
    /// The JSON Schema of the kind, as text.
    pub schema: String,
}

/// A request of a gate, a person or the host to change work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackItem {
    /// The gate's name, `person:NAME`, or `host` after an attempt without a valid submission.
    pub source: String,
    /// Digests of the artifacts that the feedback is about.
    pub about: Vec<Digest>,
    /// The issues to fix.
    pub issues: Vec<Issue>,
    /// Instructions; may be empty where there are issues.
    pub instructions: String,
}

/// The input of an agent for one attempt at a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The run's id; in a fork the id of the oldest ancestor.
    pub run_id: RunId,
    /// The task.
    pub task_id: TaskId,
    /// The phase.
    pub phase: PhaseName,
    /// The line, from 1.
    pub attempt: u32,
    /// The artifacts that the agent may read.
    pub inputs: Vec<ArtifactRef>,
    /// The artifacts that it has to produce.
    pub expected: Vec<Expected>,
    /// This phase's artifacts of the attempt before, named `previous/NAME`.
    pub previous: Vec<ArtifactRef>,
    /// The feedback that it has to act on.
    pub feedback: Vec<FeedbackItem>,
    /// The environment that generated code runs in, a JSON object.
    pub environment: Value,
    /// The plugin's settings from the pipeline, a JSON object.
    pub settings: Value,
}

/// An artifact as submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedArtifact {
    /// The name as the agent wrote it, not yet validated.
    pub name: String,
    /// The content.
    pub content: Vec<u8>,
}

/// A suggestion, with or without an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The id of the issue that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issue_id: Option<String>,
    /// A free text of the reviewer.
    pub priority: String,
    /// The suggestion.
    pub description: String,
}

/// The result of one item of a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// The item holds.
    Pass,
    /// The item does not hold.
    Fail,
    /// The item holds with reservations.
    Warning,
    /// The item does not apply to this task.
    NotApplicable,
}

/// One checked item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The item.
    pub item: String,
    /// The result.
    pub status: CheckStatus,
    /// The reason.
    pub notes: String,
}

/// The findings of a gate's agent. The host derives the verdict from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// The issues.
    pub issues: Vec<Issue>,
    /// Suggestions; they do not affect the verdict.
    pub suggestions: Vec<Suggestion>,
    /// The checked items; a failed one fails the gate.
    pub checks: Vec<Check>,
    /// The names of the reviewers.
    pub reviewers: Vec<String>,
}

/// The output of an agent, not yet validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// The artifacts.
    pub artifacts: Vec<SubmittedArtifact>,
    /// The findings; only the agent of a gate may submit them.
    pub findings: Option<Findings>,
}

/// The reason why an agent submitted nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The work could not be done, for this reason.
    #[error("{0}")]
    Failed(String),
    /// An input cannot be used.
    #[error("input `{name}` cannot be worked with: {reason}")]
    BadInput {
        /// The input's name.
        name: String,
        /// The reason.
        reason: String,
    },
}
