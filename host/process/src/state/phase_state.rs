//! What is known of one phase: its attempts, judgements and what people decided about them.

use crate::{ArtifactRef, Choice, Digest, DroppedTest, FeedbackItem, FeedbackOutcome, Issue, Verdict};

/// What is known of one phase.
#[derive(Debug, Clone, Default)]
pub struct PhaseState {
    /// Attempts that came back.
    pub attempts: u32,
    /// Attempts that came back with nothing acceptable.
    pub failures: u32,
    /// What waits for its next start.
    pub feedback: Vec<FeedbackItem>,
    /// What it made last.
    pub last: Vec<ArtifactRef>,
    /// Of a gate: every judgement, oldest first.
    pub judged: Vec<RecordedJudgement>,
    /// Of a test gate: every suite that was taken, oldest first.
    pub suites: Vec<Suite>,
    /// Judgements that people granted beyond `max_retries`.
    pub(super) granted: u32,
}

/// One judgement of a gate and what followed from it.
#[derive(Debug, Clone)]
pub struct RecordedJudgement {
    /// The attempt.
    pub attempt: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Whether it can only end so.
    pub permanent: bool,
    /// What was found.
    pub issues: Vec<Issue>,
    /// Earlier tests given up.
    pub dropped: Vec<DroppedTest>,
    /// What was judged.
    pub about: Vec<Digest>,
    /// The report.
    pub report: Option<ArtifactRef>,
    /// What the strategy decided.
    pub decided: Option<FeedbackOutcome>,
    /// Every decision of a person about it, oldest first.
    pub approvals: Vec<Approval>,
    /// Whether a person is being waited for.
    pub waiting: Option<String>,
}

impl RecordedJudgement {
    /// Whether it was judged and failed.
    pub fn failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    /// Whether a person said no to it.
    pub fn rejected(&self) -> bool {
        self.approvals.last().is_some_and(|approval| matches!(approval.choice, Choice::Reject { .. }))
    }
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Approval {
    /// What.
    pub choice: Choice,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Digests of the artifacts it was about.
    pub about: Vec<Digest>,
}

/// A suite of a test gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The attempt that submitted it.
    pub attempt: u32,
    /// The suite.
    pub suite: Digest,
    /// The run that counted, once it was made: a blob of [`crate::gate::SuiteRun`].
    pub run: Option<Digest>,
}
