//! A judgement, and the ids and reports that judgements have in common.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::digest::Digest;
use crate::event::{DroppedTest, Verdict};
use crate::names::{PhaseName, TaskId};
use crate::testing::Totals;
use crate::work::{Check, CheckStatus, Issue, Severity, Suggestion};

/// The facts about a judgement that go into ids and reports.
#[derive(Debug, Clone)]
pub struct GateContext<'a> {
    /// The task.
    pub task_id: &'a TaskId,
    /// The gate.
    pub gate: &'a PhaseName,
    /// The gate's attempt, from 1.
    pub attempt: u32,
    /// The phases that the gate may send work back to, earliest first.
    pub may_revise: &'a [PhaseName],
    /// Digests of the artifacts that are judged.
    pub about: &'a [Digest],
}

/// The judgement of a gate, before it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, in one sentence.
    pub reason: String,
    /// Whether another judgement would end the same way.
    pub permanent: bool,
    /// The issues, with ids that are unique in the run.
    pub issues: Vec<Issue>,
    /// Tests of earlier attempts that were given up.
    pub dropped: Vec<DroppedTest>,
    /// The report, where there is something to report on.
    pub report: Option<Value>,
}

impl Judgement {
    /// Returns the judgement of a gate that could not be judged.
    pub fn not_judged(reason: String, permanent: bool) -> Self {
        Self { verdict: Verdict::NotJudged, reason, permanent, issues: Vec::new(), dropped: Vec::new(), report: None }
    }
}

/// Issues with ids from the host, and the suggestions that refer to them.
pub(super) struct NumberedFindings {
    pub(super) issues: Vec<Issue>,
    pub(super) suggestions: Vec<Suggestion>,
}

/// Makes ids unique in the run: `GATE#ATTEMPT/ID`, with `~2` and so on for duplicates. Takes all issues of a judgement
/// at once, because an agent may choose the same ids as the host.
pub(super) fn number_findings(
    context: &GateContext<'_>,
    issues: Vec<Issue>,
    suggestions: Vec<Suggestion>,
) -> NumberedFindings {
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

/// Returns the failed checks as issues, so that a strategy can send them back to a phase.
pub(super) fn failed_check_issues(context: &GateContext<'_>, checks: &[Check]) -> Vec<Issue> {
    let failed = checks.iter().filter(|check| check.status == CheckStatus::Fail).enumerate();
    let issue = |(index, check): (usize, &Check)| Issue {
        id: format!("CHECK-{:03}", index + 1),
        severity: Severity::High,
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

/// Returns the fields that every report begins with.
pub(super) fn report_head(context: &GateContext<'_>, verdict: Verdict, reason: &str) -> Value {
    json!({
        "task_id": context.task_id,
        "gate": context.gate,
        "attempt": context.attempt,
        "verdict": verdict,
        "reason": reason,
        "about": context.about,
    })
}

/// Returns the totals of a report. Reports of earlier versions do not have the last one.
pub(super) fn render_totals(totals: &Totals) -> Value {
    let Totals { passed, failed, errored, skipped, xfailed } = *totals;
    let known = json!({ "passed": passed, "failed": failed, "errored": errored, "skipped": skipped });
    if xfailed == 0 { known } else { merge_fields(known, json!({ "xfailed": xfailed })) }
}

/// Adds the fields of `more` to the JSON object `head`.
pub(super) fn merge_fields(mut head: Value, more: Value) -> Value {
    if let (Value::Object(head), Value::Object(more)) = (&mut head, more) {
        head.extend(more);
    }
    head
}

/// Returns `1 critical`, `2 high and 1 low`, …, or `no issue`.
pub(super) fn describe_counts(issues: &[Issue]) -> String {
    let counts = Severity::WORST_FIRST.into_iter().filter_map(|severity| {
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
