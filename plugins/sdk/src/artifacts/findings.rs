//! What a gate's agent found, as models write it in JSON, and the way into the contract's records.

use serde::{Deserialize, Serialize};

use crate::types;

/// How bad an issue is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// `low`, `medium`, `high` or `critical`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Something a gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Unique within the findings.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// In the reviewer's own words.
    pub category: String,
    /// One of the process's eight.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// In a test report an issue is called a defect.
pub type Defect = Issue;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Relative path.
    pub path: String,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Advice beside an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The issue it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<String>,
    /// In the reviewer's own words.
    pub priority: String,
    /// The advice.
    pub description: String,
}

/// One item of a checklist, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The item.
    pub item: String,
    /// `pass`, `fail`, `warning` or `not_applicable`.
    pub status: String,
    /// Why.
    pub notes: String,
}

/// What one reviewer answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// What is wrong.
    #[serde(default)]
    pub issues: Vec<Issue>,
    /// Advice.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// The checklist.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Who looked; agents fill it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewers: Vec<String>,
}

/// A gate's report, as the host wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingsReport {
    /// The task.
    pub task_id: String,
    /// The gate.
    pub gate: String,
    /// From 1.
    pub attempt: u32,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// What is wrong.
    pub issues: Vec<Issue>,
    /// Advice.
    pub suggestions: Vec<Suggestion>,
    /// The checklist.
    pub checks: Vec<Check>,
    /// Who looked.
    pub reviewers: Vec<String>,
    /// Digests of what was judged.
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
