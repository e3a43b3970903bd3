//! The blobs that an event refers to. They are kept, exported and verified together with the run.
//!
//! Every field is matched by name, so that adding one does not compile before this list is updated.

use super::{Choice, Event, FeedbackOutcome, PhaseOutcome, Rework, RunCreated, RunForked};
use crate::acceptance::{AcceptanceFile, AcceptanceTests};
use crate::digest::Digest;
use crate::repository::{RepositoryBase, UncommittedChange};
use crate::work::{ArtifactRef, FeedbackItem};

impl Event {
    /// The digests in this event that must be blobs of the journal, in the order of its fields; a digest may occur
    /// twice.
    pub fn blobs(&self) -> Vec<&Digest> {
        match self {
            Self::RunCreated(created) => pinned_blobs(created),
            Self::RunForked(forked) => {
                let RunForked { origin: _, at: _, at_decision: _, changes: _, created } = forked.as_ref();
                pinned_blobs(created)
            }
            Self::PhaseStarted { at: _, inputs } => artifact_digests(inputs),
            Self::ModelAsked { at: _, call: _, label: _, request, model: _, bound: _ } => vec![request],
            Self::ModelTried { at: _, call: _, request_number: _, status: _, error: _, cost: _, elapsed_ms: _ } => {
                Vec::new()
            }
            Self::ModelAnswered { at: _, call: _, answer, usage: _, stop: _, elapsed_ms: _, recorded: _ } => {
                vec![answer]
            }
            Self::ArtifactStored { at: _, artifact } => vec![artifact_digest(artifact)],
            Self::RepositoryRead { at: _, request: _, answer, failed: _ } => vec![answer],
            // The request of a test run is a digest over several parts that are not stored as one blob.
            Self::TestsRan { at: _, call: _, run, code, request: _, elapsed_ms: _, limit: _ } => {
                [run].into_iter().chain(code).collect()
            }
            Self::BaselineRan { at: _, run, tests: _, passed: _, elapsed_ms: _, limit: _ } => vec![run],
            Self::AcceptanceTested { run, acceptance: _, tests: _, passed: _, elapsed_ms: _, limit: _ } => vec![run],
            Self::PhaseFinished { at: _, outcome, elapsed_ms: _, limit: _, log: _ } => outcome_blobs(outcome),
            Self::GateJudged { at: _, verdict: _, reason: _, permanent: _, issues: _, dropped: _, about, report } => {
                about.iter().chain(report.as_ref().map(artifact_digest)).collect()
            }
            Self::FeedbackDecided { at: _, decided, limit: _ } => feedback_blobs(decided),
            Self::ApprovalAsked { at: _, question: _, about } => about.iter().collect(),
            Self::ApprovalGiven { at: _, choice, by: _, reason: _, about } => match choice {
                Choice::Approve | Choice::Reject { revise: _ } | Choice::Override | Choice::Abort => {
                    about.iter().collect()
                }
            },
            // The digest of the work is over several parts that are not stored as one blob.
            Self::BranchWritten { branch: _ }
            | Self::RunStopped { reason: _ }
            | Self::BudgetChanged { limits: _, by: _ }
            | Self::RunFinished { status: _, reason: _ }
            | Self::ProposalDecided { id: _, approved: _, by: _, reason: _ } => Vec::new(),
        }
    }
}

fn pinned_blobs(created: &RunCreated) -> Vec<&Digest> {
    let RunCreated {
        format: _,
        run_id: _,
        task_id: _,
        pipeline,
        inputs,
        base: _,
        components,
        settings,
        history,
        scripted: _,
        started_by: _,
        repository,
        acceptance,
    } = created;
    [pipeline]
        .into_iter()
        .chain(artifact_digests(inputs))
        .chain(components.values())
        .chain([settings, history])
        .chain(repository.iter().flat_map(uncommitted_blobs))
        .chain(acceptance.iter().flat_map(acceptance_blobs))
        .collect()
}

fn acceptance_blobs(tests: &AcceptanceTests) -> impl Iterator<Item = &Digest> {
    let AcceptanceTests { files, hidden: _ } = tests;
    files.iter().map(|AcceptanceFile { path: _, content }| content)
}

fn uncommitted_blobs(base: &RepositoryBase) -> impl Iterator<Item = &Digest> {
    let RepositoryBase { path: _, commit: _, tree: _, reference: _, uncommitted, commits: _, author: _ } = base;
    uncommitted.iter().filter_map(|file| match &file.change {
        UncommittedChange::Written { content, executable: _ } => Some(content),
        UncommittedChange::Deleted => None,
    })
}

fn outcome_blobs(outcome: &PhaseOutcome) -> Vec<&Digest> {
    match outcome {
        PhaseOutcome::Submitted { artifacts, findings } => {
            artifact_digests(artifacts).into_iter().chain(findings).collect()
        }
        PhaseOutcome::Invalid { faults: _ }
        | PhaseOutcome::Failed { reason: _ }
        | PhaseOutcome::Crashed { reason: _ } => Vec::new(),
    }
}

fn feedback_blobs(decided: &FeedbackOutcome) -> Vec<&Digest> {
    match decided {
        FeedbackOutcome::Revise { rework } => rework.iter().flat_map(rework_digests).collect(),
        FeedbackOutcome::AskAPerson { reason: _ }
        | FeedbackOutcome::GiveUp { reason: _ }
        | FeedbackOutcome::Refused { reason: _ } => Vec::new(),
    }
}

fn rework_digests(rework: &Rework) -> &[Digest] {
    let Rework { phase: _, feedback: FeedbackItem { source: _, about, issues: _, instructions: _ } } = rework;
    about
}

fn artifact_digests(artifacts: &[ArtifactRef]) -> Vec<&Digest> {
    artifacts.iter().map(artifact_digest).collect()
}

fn artifact_digest(artifact: &ArtifactRef) -> &Digest {
    let ArtifactRef { name: _, kind: _, digest, size: _ } = artifact;
    digest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::names::AttemptId;
    use crate::repository::{CommitStyle, GitId, UncommittedFile};

    fn named(event: &Event) -> Vec<&str> {
        event.blobs().into_iter().map(|digest| digest.short()).collect()
    }

    #[test]
    fn a_new_run_refers_to_every_pin() {
        let text = |name: &str| Digest::from_content(name.as_bytes());
        let input = ArtifactRef {
            name: "task_requirements".parse().unwrap(),
            kind: "task_requirements".parse().unwrap(),
            digest: text("input"),
            size: 1,
        };
        let written = UncommittedChange::Written { content: text("uncommitted"), executable: false };
        let id: GitId = "0123456789012345678901234567890123456789".parse().unwrap();
        let base = RepositoryBase {
            path: "/src".to_owned(),
            commit: id.clone(),
            tree: id,
            reference: None,
            uncommitted: vec![UncommittedFile { path: "a.py".to_owned(), change: written }],
            commits: CommitStyle::One,
            author: None,
        };
        let created = RunCreated {
            format: 1,
            run_id: "run-a".parse().unwrap(),
            task_id: "task-1".parse().unwrap(),
            pipeline: text("pipeline"),
            inputs: vec![input],
            base: Vec::new(),
            components: [("code".parse().unwrap(), text("component"))].into(),
            settings: text("settings"),
            history: text("history"),
            scripted: true,
            started_by: None,
            repository: Some(base),
            acceptance: Some(AcceptanceTests {
                files: vec![AcceptanceFile { path: "test_a.py".to_owned(), content: text("acceptance") }],
                hidden: Vec::new(),
            }),
        };
        let all = ["pipeline", "input", "component", "settings", "history", "uncommitted", "acceptance"].map(text);
        let expected: Vec<_> = all.iter().map(Digest::short).collect();
        assert_eq!(named(&Event::RunCreated(Box::new(created.clone()))), expected);
        let at = AttemptId { phase: "code".parse().unwrap(), attempt: 1 };
        let origin = "run-b".parse().unwrap();
        let forked = RunForked { origin, at, at_decision: false, changes: vec!["code".to_owned()], created };
        assert_eq!(named(&Event::RunForked(Box::new(forked))), expected);
    }

    #[test]
    fn requests_of_test_runs_are_not_blobs() {
        let (run, code, request) =
            (Digest::from_content(b"run"), Digest::from_content(b"code"), Digest::from_content(b"request"));
        let at = AttemptId { phase: "code".parse().unwrap(), attempt: 1 };
        let ran = Event::TestsRan {
            at,
            call: Some(1),
            run: run.clone(),
            code: Some(code.clone()),
            request: Some(request),
            elapsed_ms: 1,
            limit: None,
        };
        assert_eq!(ran.blobs(), [&run, &code]);
    }
}
