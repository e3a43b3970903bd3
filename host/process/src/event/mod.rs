//! The facts of a run, in the past tense. A run is the list of them; everything else is derived.
//!
//! Events hold digests, not contents; the one exception is what the state must know to go on (issues, feedback, words of
//! people). Released events change by addition only: new fields have defaults, new facts are new events.

mod blobs;
mod created;
mod decision;
mod name;
mod outcome;

use serde::{Deserialize, Serialize};

use crate::model::Usage;
use crate::{ArtifactRef, AttemptId, Digest, Issue};

pub use created::{RunCreated, RunForked};
pub use decision::{Choice, DroppedTest, FeedbackOutcome, Rework, RunStatus, Verdict};
pub use outcome::PhaseOutcome;

/// The version of the event format that this build writes.
pub const EVENT_FORMAT: u32 = 2;

/// An event as the journal holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// From 1, without gaps, per run.
    pub number: u64,
    /// Unix time in milliseconds at which it was written.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists, with all that it depends on pinned.
    RunCreated(Box<RunCreated>),
    /// The run goes on from here with something swapped; all events before this one are shared with the run it forks.
    RunForked(Box<RunForked>),
    /// An agent was given its assignment.
    PhaseStarted {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// What it may read.
        inputs: Vec<ArtifactRef>,
    },
    /// A model is about to be asked; durable before the provider hears of it.
    ModelAsked {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number in the order the guest asked, from 1.
        call: u32,
        /// What the call is for.
        label: String,
        /// The request, a blob of JSON.
        request: Digest,
        /// `provider:model` that is asked.
        model: String,
    },
    /// A model answered, or failed for good.
    ModelAnswered {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number.
        call: u32,
        /// The answer, a blob of JSON of [`crate::model::Answer`].
        answer: Digest,
        /// What it took; nothing where it failed.
        usage: Usage,
        /// Why the answer ended, or `error`.
        stop: String,
        /// Milliseconds from asking to the whole answer.
        elapsed_ms: u64,
        /// Whether it was taken from the record of the run that this one forks: nobody was asked, nothing was paid.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        recorded: bool,
    },
    /// An artifact was accepted at the door.
    ArtifactStored {
        /// The attempt that made it.
        #[serde(flatten)]
        at: AttemptId,
        /// The artifact.
        artifact: ArtifactRef,
    },
    /// Tests were run by the host.
    TestsRan {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number where an agent tried tests; absent for the run that counts.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        call: Option<u32>,
        /// The result: a blob of JSON of `Result<TestRun, BenchError>`, for the run that counts of [`SuiteRun`].
        /// Older runs have it under `run`, which beside an event on a line of JSON is the run's id.
        #[serde(rename = "result", alias = "run")]
        run: Digest,
        /// The code that was tested, where it is an artifact.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<Digest>,
        /// What was asked, for calls: digest over language, code and tests.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        request: Option<Digest>,
        /// Milliseconds.
        elapsed_ms: u64,
        /// A limit that was hit and would not be hit alike on every machine; a replay takes the result as given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// An agent came back, one way or the other.
    PhaseFinished {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// How.
        outcome: PhaseOutcome,
        /// Milliseconds since it started, waiting included.
        elapsed_ms: u64,
        /// A limit that was hit and would not be hit alike on every machine; a replay takes the outcome as given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// The host judged a gate.
    GateJudged {
        /// Which attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The verdict.
        verdict: Verdict,
        /// Why, in one sentence.
        reason: String,
        /// Whether judging again could end otherwise; only of interest where the verdict is `not_judged`.
        #[serde(default)]
        permanent: bool,
        /// What was found, with ids unique in the run.
        issues: Vec<Issue>,
        /// Tests given up in this attempt.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<DroppedTest>,
        /// Digests of the artifacts that were judged.
        about: Vec<Digest>,
        /// The report; absent where there was nothing to report on.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        report: Option<ArtifactRef>,
    },
    /// A strategy said, after a failed gate, who revises what; or what it said was refused.
    FeedbackDecided {
        /// Which judgement it was about.
        #[serde(flatten)]
        at: AttemptId,
        /// What was decided.
        decided: FeedbackOutcome,
        /// A limit that was hit and would not be hit alike on every machine; a replay takes the decision as given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// A person is needed.
    ApprovalAsked {
        /// Which judgement it is about.
        #[serde(flatten)]
        at: AttemptId,
        /// What the person is asked.
        question: String,
        /// Digests of the artifacts it is about.
        about: Vec<Digest>,
    },
    /// A person decided.
    ApprovalGiven {
        /// Which judgement it is about.
        #[serde(flatten)]
        at: AttemptId,
        /// What.
        choice: Choice,
        /// Who.
        by: String,
        /// Why; may be empty only for `approve`.
        reason: String,
        /// Digests of the artifacts it is about.
        about: Vec<Digest>,
    },
    /// The run stopped without an end and can be resumed: cancelled, or the world around it failed.
    RunStopped {
        /// Why.
        reason: String,
    },
    /// The run is over.
    RunFinished {
        /// How.
        status: RunStatus,
        /// Why, in one sentence.
        reason: String,
    },
    /// A person decided on an improvement proposal of this run. May come after the end.
    ProposalDecided {
        /// The proposal.
        id: String,
        /// Whether it is approved.
        approved: bool,
        /// Who decided.
        by: String,
        /// Why.
        reason: String,
    },
}

impl Event {
    /// The attempt that it is about, if it is about one.
    pub fn attempt(&self) -> Option<&AttemptId> {
        match self {
            Self::PhaseStarted { at, .. }
            | Self::ModelAsked { at, .. }
            | Self::ModelAnswered { at, .. }
            | Self::ArtifactStored { at, .. }
            | Self::TestsRan { at, .. }
            | Self::PhaseFinished { at, .. }
            | Self::GateJudged { at, .. }
            | Self::FeedbackDecided { at, .. }
            | Self::ApprovalAsked { at, .. }
            | Self::ApprovalGiven { at, .. } => Some(at),
            Self::RunForked(forked) => Some(&forked.at),
            Self::RunCreated(_) | Self::RunStopped { .. } | Self::RunFinished { .. } | Self::ProposalDecided { .. } => {
                None
            }
        }
    }
}
