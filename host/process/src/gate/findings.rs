//! Judges gates by the findings of their agents, against the thresholds of the pipeline.

use serde_json::json;

use super::judgement::{
    GateContext, Judgement, NumberedFindings, describe_counts, failed_check_issues, merge_fields, number_findings,
    report_head,
};
use crate::event::Verdict;
use crate::names::PhaseName;
use crate::pipeline::Gate;
use crate::work::{DEFECT_TYPES, Findings};

/// The most issues, suggestions, checks and reviewers of one gate, each.
const MAX_ISSUES: usize = 500;

/// Returns every fault of an agent's findings. With a fault the submission is invalid. `phases` are the phases of the
/// pipeline. The texts are visible to guests and stored.
pub fn check_findings(findings: &Findings, phases: &[PhaseName]) -> Vec<String> {
    let mut faults = Vec::new();
    if findings.issues.len() > MAX_ISSUES {
        faults.push(format!("there are {} issues; at most {MAX_ISSUES} are taken", findings.issues.len()));
    }
    let others = [
        ("suggestions", findings.suggestions.len()),
        ("checks", findings.checks.len()),
        ("reviewers", findings.reviewers.len()),
    ];
    for (what, count) in others.into_iter().filter(|(_, count)| *count > MAX_ISSUES) {
        faults.push(format!("there are {count} {what}; at most {MAX_ISSUES} are taken"));
    }
    for issue in findings.issues.iter().take(MAX_ISSUES) {
        let mut fault = |what: String| faults.push(format!("issue \"{}\": {what}", issue.id));
        if issue.id.trim().is_empty() {
            fault("its id is empty".to_owned());
        }
        if issue.description.trim().chars().count() < 20 {
            fault("its description has fewer than 20 characters".to_owned());
        }
        if issue.evidence.trim().chars().count() < 10 {
            fault("its evidence has fewer than 10 characters".to_owned());
        }
        if !DEFECT_TYPES.contains(&issue.defect_type.as_str()) {
            fault(format!("defect_type \"{}\" is none of {}", issue.defect_type, DEFECT_TYPES.join(", ")));
        }
        if !phases.iter().any(|phase| phase.as_str() == issue.phase_injected) {
            fault(format!("phase_injected \"{}\" is no phase of this pipeline", issue.phase_injected));
        }
    }
    faults
}

/// Judges findings in which [`check_findings`] found no fault.
pub fn judge_findings(context: &GateContext<'_>, gate: &Gate, findings: Findings) -> Judgement {
    let checks_failed = failed_check_issues(context, &findings.checks);
    let failed_check_count = checks_failed.len();
    let crossed = gate.fails_at.iter().rev().find_map(|(severity, limit)| {
        let count = findings.issues.iter().filter(|issue| issue.severity == *severity).count();
        (count >= limit.get() as usize).then(|| format!("{count} {} (it fails at {limit})", severity.as_str()))
    });
    let issues = findings.issues.into_iter().chain(checks_failed).collect();
    let NumberedFindings { issues, suggestions } = number_findings(context, issues, findings.suggestions);
    let (verdict, reason) = match (crossed, failed_check_count) {
        (Some(crossed), _) => (Verdict::Failed, crossed),
        (None, 1..) => (Verdict::Failed, format!("{failed_check_count} failed on the checklist")),
        (None, 0) if issues.is_empty() => (Verdict::Passed, "no issue".to_owned()),
        (None, 0) => (Verdict::PassedWithConditions, format!("{}, below the thresholds", describe_counts(&issues))),
    };
    let report = merge_fields(
        report_head(context, verdict, &reason),
        json!({ "issues": issues, "suggestions": suggestions, "checks": findings.checks, "reviewers": findings.reviewers }),
    );
    Judgement { verdict, reason, permanent: false, issues, dropped: Vec::new(), report: Some(report) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::collections::BTreeMap;
    use std::num::NonZeroU32;

    use super::*;
    use crate::fixtures::sample_issue;
    use crate::pipeline::ApprovalPolicy;
    use crate::work::{Check, CheckStatus, Severity, Suggestion};

    fn gate(critical: u32, high: u32) -> Gate {
        let at = |n| NonZeroU32::new(n).unwrap();
        Gate {
            report: "r".parse().unwrap(),
            fails_at: BTreeMap::from([(Severity::Critical, at(critical)), (Severity::High, at(high))]),
            tests: None,
            may_revise: vec!["design".parse().unwrap()],
            ask: ApprovalPolicy::Never,
            approval: Default::default(),
        }
    }

    fn judge(gate: &Gate, findings: Findings) -> Judgement {
        let context = GateContext {
            task_id: &"TASK-1".parse().unwrap(),
            gate: &"code-review".parse().unwrap(),
            attempt: 2,
            may_revise: &gate.may_revise,
            about: &[],
        };
        judge_findings(&context, gate, findings)
    }

    fn found(severities: &[Severity]) -> Findings {
        let issues = severities.iter().enumerate();
        let issues = issues.map(|(i, severity)| sample_issue(&format!("I-{i}"), *severity, "design")).collect();
        Findings { issues, ..Findings::default() }
    }

    #[test]
    fn only_thresholds_decide() {
        use Severity::{Critical, High, Low};
        assert_eq!(judge(&gate(1, 5), found(&[])).verdict, Verdict::Passed);
        let conditions = judge(&gate(1, 5), found(&[High, High, High, High, Low]));
        assert_eq!(
            (conditions.verdict, conditions.reason.as_str()),
            (Verdict::PassedWithConditions, "4 high and 1 low, below the thresholds")
        );
        let failed = judge(&gate(1, 5), found(&[High; 5]));
        assert_eq!((failed.verdict, failed.reason.as_str()), (Verdict::Failed, "5 high (it fails at 5)"));
        assert_eq!(judge(&gate(1, 5), found(&[Critical])).reason, "1 critical (it fails at 1)");
    }

    #[test]
    fn failed_checks_become_issues() {
        let checks = vec![Check {
            item: "inputs are validated".into(),
            status: CheckStatus::Fail,
            notes: "they are not".into(),
        }];
        let judged = judge(&gate(1, 5), Findings { checks, ..Findings::default() });
        assert_eq!((judged.verdict, judged.reason.as_str()), (Verdict::Failed, "1 failed on the checklist"));
        assert_eq!(judged.issues[0].id, "code-review#2/CHECK-001");
        assert_eq!(judged.issues[0].phase_injected, "design");
        assert!(
            check_findings(&Findings { issues: judged.issues, ..Findings::default() }, &["design".parse().unwrap()])
                .is_empty()
        );
    }

    #[test]
    fn keeps_ids_of_agent_and_host_apart() {
        let mut findings = found(&[Severity::Low]);
        findings.issues[0].id = "CHECK-001".into();
        findings.checks = vec![Check { item: "it is".into(), status: CheckStatus::Fail, notes: "not".into() }];
        let judged = judge(&gate(1, 5), findings);
        let ids: Vec<_> = judged.issues.iter().map(|issue| issue.id.as_str()).collect();
        assert_eq!(ids, ["code-review#2/CHECK-001", "code-review#2/CHECK-001~2"]);
    }

    // Fault 7 of the reference process: six issues without a line number collapse into one.
    #[test]
    fn six_issues_without_a_line_number_stay_six() {
        let mut findings = found(&[Severity::High; 6]);
        findings.issues.iter_mut().for_each(|issue| issue.id = "ISSUE-001".into());
        let judged = judge(&gate(1, 5), findings);
        assert_eq!((judged.issues.len(), judged.verdict), (6, Verdict::Failed));
    }

    // Fault 8: two reviewers that both use ISSUE-001 get mixed up.
    #[test]
    fn ids_are_made_unique_and_suggestions_follow() {
        let mut findings = found(&[Severity::Low, Severity::Low]);
        findings.issues.iter_mut().for_each(|issue| issue.id = "ISSUE-001".into());
        findings.suggestions =
            vec![Suggestion { issue_id: Some("ISSUE-001".into()), priority: "low".into(), description: "mend".into() }];
        let judged = judge(&gate(1, 5), findings);
        let ids: Vec<_> = judged.issues.iter().map(|issue| issue.id.as_str()).collect();
        assert_eq!(ids, ["code-review#2/ISSUE-001", "code-review#2/ISSUE-001~2"]);
        assert_eq!(judged.report.unwrap()["suggestions"][0]["issue_id"], "code-review#2/ISSUE-001");
    }

    #[test]
    fn reports_every_fault_of_findings() {
        let mut findings = found(&[Severity::Low]);
        findings.issues[0].description = "short".into();
        findings.issues[0].evidence = String::new();
        findings.issues[0].defect_type = "typo".into();
        findings.issues[0].phase_injected = "moon".into();
        let faults = check_findings(&findings, &["design".parse().unwrap()]);
        assert_eq!(faults.len(), 4);
        assert_eq!(faults[3], "issue \"I-0\": phase_injected \"moon\" is no phase of this pipeline");
    }
}
