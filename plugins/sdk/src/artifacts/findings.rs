//! Findings of a gate's agent as models write them in JSON, and their conversion to the contract's records.

use serde::{Deserialize, Serialize};

use crate::types;

/// Severity of an issue, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A minor inconvenience.
    Low,
    /// A weakness with a concrete cost that violates no requirement.
    Medium,
    /// Violates a requirement or a contract for an input that occurs.
    High,
    /// Loses or exposes data, is exploitable, or does not work at all.
    Critical,
}

impl Severity {
    /// Returns `low`, `medium`, `high` or `critical`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A defect that a gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Id, unique within the findings.
    pub id: String,
    /// Severity.
    pub severity: Severity,
    /// Category in the reviewer's wording.
    pub category: String,
    /// One of the eight defect types of the process.
    pub defect_type: String,
    /// The phase whose work contains the fault.
    pub phase_injected: String,
    /// The fault, at least 20 characters.
    pub description: String,
    /// Evidence, at least 10 characters.
    pub evidence: String,
    /// Consequence of the fault.
    pub impact: String,
    /// Suggested change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
    /// Place in a file, if a file is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Test reports call an issue a defect.
pub type Defect = Issue;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Relative path.
    pub path: String,
    /// Line number, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Advice beside an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Id of the issue it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<String>,
    /// Priority in the reviewer's wording, usually `high`, `medium` or `low`.
    pub priority: String,
    /// Text of the advice.
    pub description: String,
}

/// The answer to one checklist item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Text of the item.
    pub item: String,
    /// `pass`, `fail`, `warning` or `not_applicable`.
    pub status: String,
    /// Reason of the status.
    pub notes: String,
}

/// The findings of one reviewer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Defects.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Advice beside the issues.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// Answers to checklist items.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Names of the reviewers; set by the agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<String>,
}

/// A gate's report, written by the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingsReport {
    /// Id of the task.
    pub task_id: String,
    /// Name of the gate.
    pub gate: String,
    /// Attempt of the gate, from 1.
    pub attempt: u32,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged`.
    pub verdict: String,
    /// Reason of the verdict.
    pub reason: String,
    /// Defects.
    pub issues: Vec<Issue>,
    /// Advice beside the issues.
    pub suggestions: Vec<Suggestion>,
    /// Answers to checklist items.
    pub checks: Vec<Check>,
    /// Names of the reviewers.
    pub reviewers: Vec<String>,
    /// Digests of the artifacts that were judged.
    pub about: Vec<String>,
}

impl From<Severity> for types::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

impl From<types::Severity> for Severity {
    fn from(severity: types::Severity) -> Self {
        match severity {
            types::Severity::Low => Self::Low,
            types::Severity::Medium => Self::Medium,
            types::Severity::High => Self::High,
            types::Severity::Critical => Self::Critical,
        }
    }
}

impl From<Issue> for types::Issue {
    fn from(issue: Issue) -> Self {
        Self {
            id: issue.id,
            severity: issue.severity.into(),
            category: issue.category,
            defect_type: issue.defect_type,
            phase_injected: issue.phase_injected,
            description: issue.description,
            evidence: issue.evidence,
            impact: issue.impact,
            recommendation: issue.recommendation,
            location: issue.location.map(|location| types::Location { path: location.path, line: location.line }),
        }
    }
}

impl From<Suggestion> for types::Suggestion {
    fn from(suggestion: Suggestion) -> Self {
        Self { issue_id: suggestion.issue_id, priority: suggestion.priority, description: suggestion.description }
    }
}

impl From<Check> for types::Check {
    fn from(check: Check) -> Self {
        Self { item: check.item, status: check.status, notes: check.notes }
    }
}

impl From<Findings> for types::Findings {
    fn from(findings: Findings) -> Self {
        Self {
            issues: findings.issues.into_iter().map(Into::into).collect(),
            suggestions: findings.suggestions.into_iter().map(Into::into).collect(),
            checks: findings.checks.into_iter().map(Into::into).collect(),
            reviewers: findings.reviewers,
        }
    }
}
