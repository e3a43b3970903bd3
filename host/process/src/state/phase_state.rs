//! The state of one phase: attempts, judgements, and the decisions of people.

use crate::digest::Digest;
use crate::event::{Choice, DroppedTest, FeedbackOutcome, Verdict};
use crate::work::{ArtifactRef, FeedbackItem, Issue};

/// The state of one phase.
#[derive(Debug, Clone, Default)]
pub struct PhaseState {
    /// The number of attempts that ended.
    pub attempts: u32,
    /// The number of attempts that ended without a valid submission.
    pub failures: u32,
    /// The feedback for its next attempt.
    pub feedback: Vec<FeedbackItem>,
    /// The artifacts of its latest valid submission; of a gate also its report.
    pub last: Vec<ArtifactRef>,
    /// The judgements of a gate, oldest first.
    pub judged: Vec<RecordedJudgement>,
    /// The suites that were submitted at a test gate, oldest first.
    pub suites: Vec<Suite>,
    /// Judgements beyond `max_retries` that people granted by rejecting work.
    pub(super) granted: u32,
}

impl PhaseState {
    /// Replaces the feedback of the host about the attempt before.
    pub(super) fn set_host_feedback(&mut self, why: String) {
        self.feedback.retain(|item| item.source != "host");
        self.feedback.push(host_feedback(why));
    }
}

fn host_feedback(why: String) -> FeedbackItem {
    let instructions = format!("the attempt before this one could not be taken: {why}");
    FeedbackItem { source: "host".to_owned(), about: Vec::new(), issues: Vec::new(), instructions }
}

/// One recorded judgement of a gate, and the decisions about it.
#[derive(Debug, Clone)]
pub struct RecordedJudgement {
    /// The attempt, from 1.
    pub attempt: u32,
    /// When it was recorded, in Unix milliseconds.
    pub at_ms: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub reason: String,
    /// Whether another judgement would end the same way.
    pub permanent: bool,
    /// The issues.
    pub issues: Vec<Issue>,
    /// Tests of earlier attempts that were given up.
    pub dropped: Vec<DroppedTest>,
    /// Digests of the judged artifacts.
    pub about: Vec<Digest>,
    /// The report, where there is one.
    pub report: Option<ArtifactRef>,
    /// The strategy's decision, or the phase that a person named in a rejection.
    pub decided: Option<FeedbackOutcome>,
    /// The decisions of people about it, oldest first.
    pub approvals: Vec<Approval>,
    /// The question, while the run waits for a person.
    pub waiting: Option<String>,
    /// When a person was last asked about it, in Unix milliseconds; `None` if never.
    pub asked_ms: Option<u64>,
}

impl RecordedJudgement {
    /// Whether the verdict is `failed`.
    pub fn failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    /// Whether the latest decision of a person is `reject`.
    pub fn rejected(&self) -> bool {
        self.approvals.last().is_some_and(|approval| matches!(approval.choice, Choice::Reject { .. }))
    }
}

/// A person's decision at a gate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Approval {
    /// The decision.
    pub choice: Choice,
    /// The person's name.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// Digests of the artifacts it was about.
    pub about: Vec<Digest>,
}

/// A test suite that was submitted at a test gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The attempt that submitted it.
    pub attempt: u32,
    /// The suite's digest.
    pub suite: Digest,
    /// Its run, once there is one: a blob of [`crate::gate::SuiteRun`].
    pub run: Option<Digest>,
}
