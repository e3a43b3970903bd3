//! The judge. Verdicts come from here alone: from findings and thresholds, or from a run of tests that the host made.
//!
//! Nothing a plugin says is a verdict. What cannot be judged is `not_judged`, which never opens the way.

mod findings;
mod tests_run;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Check, Digest, DroppedTest, Issue, PhaseName, Suggestion, TaskId, Verdict};

pub use findings::{check_findings, judge_findings};
pub use tests_run::{KeptTest, SuiteRun, judge_tests};

/// Where a judgement stands: what goes into ids and reports.
#[derive(Debug, Clone)]
pub struct GateContext<'a> {
    /// The task.
    pub task_id: &'a TaskId,
    /// The gate.
    pub gate: &'a PhaseName,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// Phases the gate may send work back to, earliest first.
    pub may_revise: &'a [PhaseName],
    /// Digests of what is judged.
    pub about: &'a [Digest],
}

/// A judged gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// Whether judging again could not end otherwise.
    pub permanent: bool,
    /// What was found, ids unique in the run.
    pub issues: Vec<Issue>,
    /// Earlier tests given up.
    pub dropped: Vec<DroppedTest>,
    /// The report, where there is something to report on.
    pub report: Option<Value>,
}

impl Judgement {
    /// A gate that could not be judged.
    pub fn not_judged(reason: String, permanent: bool) -> Self {
        Self { verdict: Verdict::NotJudged, reason, permanent, issues: Vec::new(), dropped: Vec::new(), report: None }
    }
}

/// Issues with ids of the host's, and suggestions that follow them.
struct NumberedFindings {
    issues: Vec<Issue>,
    suggestions: Vec<Suggestion>,
}

/// Makes ids unique in the run: `GATE#ATTEMPT/ID`, with `~2` and so on where one is there twice. Given all issues of a
/// judgement at once: an agent may choose what the host calls its own.
fn number_findings(context: &GateContext<'_>, issues: Vec<Issue>, suggestions: Vec<Suggestion>) -> NumberedFindings {
    let prefix = format!("{}#{}/", context.gate, context.attempt);
    let mut taken = BTreeSet::new();
    let mut numbered = Vec::new();
    for mut issue in issues {
        let plain = format!("{prefix}{}", issue.id);
        let mut id = plain.clone();
        let mut count = 1;
        while !taken.insert(id.clone()) {
            count += 1;
            id = format!("{plain}~{count}");
        }
        issue.id = id;
        numbered.push(issue);
    }
    let follow = |mut suggestion: Suggestion| {
        suggestion.issue_id = suggestion.issue_id.map(|id| format!("{prefix}{id}"));
        suggestion
    };
    NumberedFindings { issues: numbered, suggestions: suggestions.into_iter().map(follow).collect() }
}

/// The checks that failed, as issues, so that a strategy has something to route.
fn failed_check_issues(context: &GateContext<'_>, checks: &[Check]) -> Vec<Issue> {
    let failed = checks.iter().filter(|check| check.status == crate::CheckStatus::Fail).enumerate();
    let issue = |(index, check): (usize, &Check)| Issue {
        id: format!("CHECK-{:03}", index + 1),
        severity: crate::Severity::High,
        category: "checklist".to_owned(),
        defect_type: "task_execution_error".to_owned(),
        phase_injected: context.may_revise.last().unwrap_or(context.gate).to_string(),
        description: format!("checklist item does not hold: {}", check.item),
        evidence: format!("the reviewer's notes: {}", check.notes),
        impact: "the gate fails while an item of its checklist does not hold".to_owned(),
        recommendation: None,
        location: None,
    };
    failed.map(issue).collect()
}

/// The fields that every report begins with.
fn report_head(context: &GateContext<'_>, verdict: Verdict, reason: &str) -> Value {
    json!({
        "task_id": context.task_id,
        "gate": context.gate,
        "attempt": context.attempt,
        "verdict": verdict,
        "reason": reason,
        "about": context.about,
    })
}

/// Adds fields to a JSON object.
fn merge_fields(mut head: Value, more: Value) -> Value {
    if let (Value::Object(head), Value::Object(more)) = (&mut head, more) {
        head.extend(more);
    }
    head
}

/// `1 critical`, `2 high and 1 low`, ….
fn describe_counts(issues: &[Issue]) -> String {
    let counts = crate::Severity::WORST_FIRST.into_iter().filter_map(|severity| {
        let count = issues.iter().filter(|issue| issue.severity == severity).count();
        (count > 0).then(|| format!("{count} {}", severity.as_str()))
    });
    let counts: Vec<_> = counts.collect();
    match counts.split_last() {
        None => "no issue".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
