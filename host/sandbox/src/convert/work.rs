//! Conversion of assignments, submissions, issues and findings.

use phasegate_process::{
    ArtifactRef, Assignment, Check, CheckStatus, Digest, Failure, FeedbackItem, Findings, Issue, Location, Severity,
    Submission, SubmittedArtifact, Suggestion,
};

use crate::bindings::phasegate::plugin::{types, work as wit};

pub(crate) fn artifact_refs(refs: Vec<ArtifactRef>) -> Vec<types::ArtifactRef> {
    refs.into_iter().map(artifact_ref).collect()
}

fn artifact_ref(it: ArtifactRef) -> types::ArtifactRef {
    types::ArtifactRef { name: it.name.into(), kind: it.kind.into(), digest: it.digest.into(), size: it.size }
}

pub(crate) fn assignment(from: &Assignment) -> wit::Assignment {
    let expected = from.expected.iter().map(|it| wit::Expected {
        name: it.name.to_string(),
        kind: it.kind.to_string(),
        schema: it.schema.clone(),
    });
    wit::Assignment {
        run_id: from.run_id.to_string(),
        task_id: from.task_id.to_string(),
        phase: from.phase.to_string(),
        attempt: from.attempt,
        inputs: artifact_refs(from.inputs.clone()),
        expected: expected.collect(),
        previous: artifact_refs(from.previous.clone()),
        feedback: from.feedback.iter().map(feedback_item).collect(),
        environment: from.environment.to_string(),
        settings: from.settings.to_string(),
    }
}

fn feedback_item(item: &FeedbackItem) -> wit::FeedbackItem {
    wit::FeedbackItem {
        source: item.source.clone(),
        about: item.about.iter().map(Digest::to_string).collect(),
        issues: to_issues(&item.issues),
        instructions: item.instructions.clone(),
    }
}

pub(crate) fn to_issues(issues: &[Issue]) -> Vec<types::Issue> {
    issues.iter().cloned().map(to_issue).collect()
}

fn to_issue(issue: Issue) -> types::Issue {
    let severity = match issue.severity {
        Severity::Low => types::Severity::Low,
        Severity::Medium => types::Severity::Medium,
        Severity::High => types::Severity::High,
        Severity::Critical => types::Severity::Critical,
    };
    types::Issue {
        id: issue.id,
        severity,
        category: issue.category,
        defect_type: issue.defect_type,
        phase_injected: issue.phase_injected,
        description: issue.description,
        evidence: issue.evidence,
        impact: issue.impact,
        recommendation: issue.recommendation,
        location: issue.location.map(|Location { path, line }| types::Location { path, line }),
    }
}

fn from_issue(issue: types::Issue) -> Issue {
    let severity = match issue.severity {
        types::Severity::Low => Severity::Low,
        types::Severity::Medium => Severity::Medium,
        types::Severity::High => Severity::High,
        types::Severity::Critical => Severity::Critical,
    };
    Issue {
        id: issue.id,
        severity,
        category: issue.category,
        defect_type: issue.defect_type,
        phase_injected: issue.phase_injected,
        description: issue.description,
        evidence: issue.evidence,
        impact: issue.impact,
        recommendation: issue.recommendation,
        location: issue.location.map(|types::Location { path, line }| Location { path, line }),
    }
}

/// What the agent handed in, or what of it has no meaning.
pub(crate) fn submission(from: wit::Submission) -> Result<Submission, String> {
    let artifacts = from.artifacts.into_iter();
    Ok(Submission {
        artifacts: artifacts.map(|wit::Artifact { name, content }| SubmittedArtifact { name, content }).collect(),
        findings: from.findings.map(findings).transpose()?,
    })
}

fn findings(from: wit::Findings) -> Result<Findings, String> {
    let suggestions = from.suggestions.into_iter().map(|it| Suggestion {
        issue_id: it.issue_id,
        priority: it.priority,
        description: it.description,
    });
    Ok(Findings {
        issues: from.issues.into_iter().map(from_issue).collect(),
        suggestions: suggestions.collect(),
        checks: from.checks.into_iter().map(check).collect::<Result<_, _>>()?,
        reviewers: from.reviewers,
    })
}

fn check(from: wit::Check) -> Result<Check, String> {
    let status = match from.status.as_str() {
        "pass" => CheckStatus::Pass,
        "fail" => CheckStatus::Fail,
        "warning" => CheckStatus::Warning,
        "not_applicable" => CheckStatus::NotApplicable,
        other => {
            return Err(format!(
                "check `{}` has the status `{other}`; a status is pass, fail, warning or not_applicable",
                from.item
            ));
        }
    };
    Ok(Check { item: from.item, status, notes: from.notes })
}

pub(crate) fn failure(from: wit::Failure) -> Failure {
    match from {
        wit::Failure::Failed(text) | wit::Failure::Other(text) => Failure::Failed(text),
        wit::Failure::BadInput((name, reason)) => Failure::BadInput { name, reason },
    }
}

/// Returns the size of all texts of a submission in bytes, for the limit on output.
pub(crate) fn size(submission: &wit::Submission) -> usize {
    let wit::Submission { artifacts, findings } = submission;
    let artifacts: usize = artifacts.iter().map(|wit::Artifact { name, content }| name.len() + content.len()).sum();
    artifacts + findings.as_ref().map_or(0, findings_size)
}

// Destructured, so that a new field does not compile until it is counted.
fn findings_size(wit::Findings { issues, suggestions, checks, reviewers }: &wit::Findings) -> usize {
    let optional = |text: &Option<String>| text.as_deref().map_or(0, str::len);
    let suggestion = |wit::Suggestion { issue_id, priority, description }: &wit::Suggestion| {
        optional(issue_id) + priority.len() + description.len()
    };
    let check = |wit::Check { item, status, notes }: &wit::Check| item.len() + status.len() + notes.len();
    issues.iter().map(issue_size).sum::<usize>()
        + suggestions.iter().map(suggestion).sum::<usize>()
        + checks.iter().map(check).sum::<usize>()
        + reviewers.iter().map(String::len).sum::<usize>()
}

fn issue_size(issue: &types::Issue) -> usize {
    let types::Issue {
        id,
        severity: _,
        category,
        defect_type,
        phase_injected,
        description,
        evidence,
        impact,
        recommendation,
        location,
    } = issue;
    let text = [id, category, defect_type, phase_injected, description, evidence, impact];
    text.iter().map(|text| text.len()).sum::<usize>()
        + recommendation.as_deref().map_or(0, str::len)
        + location.as_ref().map_or(0, |types::Location { path, line: _ }| path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_submission_counts_as_output() {
        let word = || "x".to_owned();
        let issue = types::Issue {
            id: word(),
            severity: types::Severity::Low,
            category: word(),
            defect_type: word(),
            phase_injected: word(),
            description: word(),
            evidence: word(),
            impact: word(),
            recommendation: Some(word()),
            location: Some(types::Location { path: word(), line: None }),
        };
        let findings = wit::Findings {
            issues: vec![issue],
            suggestions: vec![wit::Suggestion { issue_id: Some(word()), priority: word(), description: word() }],
            checks: vec![wit::Check { item: word(), status: word(), notes: word() }],
            reviewers: vec![word()],
        };
        let artifacts = vec![wit::Artifact { name: word(), content: vec![b'x'] }];
        assert_eq!(size(&wit::Submission { artifacts, findings: Some(findings) }), 9 + 3 + 3 + 1 + 2);
    }
}
