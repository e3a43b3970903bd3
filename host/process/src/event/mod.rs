//! The facts of a run, in the past tense. A run is the list of its events; everything else is derived from them.
//!
//! Events hold digests, not contents, except for what the state needs to continue: issues, feedback and the reasons of
//! people. A released event changes by addition only: a new field has a default, and a new fact is a new event.
//!
//! Each variant of [`Event`] says which state it needs and what it changes. The phase *at turn* is the current
//! phase: the one that the state's cursor points to. Its stages are: ready (not started), running (an agent works),
//! returned (the agent's call ended; the host runs the suite or judges), judged (the gate has not been passed yet). [`crate::state::State::apply`]
//! rejects an event that does not fit the stage.

mod blobs;
mod created;
mod decision;
mod display;
mod given_limits;
mod name;
mod outcome;
mod request;

use serde::{Deserialize, Serialize};

use crate::acceptance::Acceptance;
use crate::digest::Digest;
use crate::model::{self, Usage};
use crate::names::AttemptId;
use crate::repository::{RepositoryRequest, RunBranch};
use crate::work::{ArtifactRef, Issue};

pub(crate) use created::render_place;
pub use created::{RunCreated, RunForked};
pub use decision::{Choice, DroppedTest, FeedbackOutcome, Rework, RunStatus, Verdict};
pub use given_limits::GivenLimits;
pub use outcome::PhaseOutcome;
pub use request::{RequestBound, RequestCost};

/// The version of the event format that this build writes.
pub const EVENT_FORMAT: u32 = 2;

/// An event as the journal holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its number in the run: from 1, without gaps.
    pub number: u64,
    /// When it was written, in Unix milliseconds.
    pub at_ms: u64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists, and everything it depends on is pinned.
    ///
    /// Needs: no event before it. Changes: the first phase is at turn and ready.
    RunCreated(Box<RunCreated>),
    /// The run continues from here with something replaced; all events before this one are shared with the run it forks.
    ///
    /// Needs: the named phase is at turn and ready; with `at_decision`, its gate is judged and the strategy is to be asked. Changes: pipeline and pinned dependencies are the new ones; what is
    /// known of a phase is kept by its name.
    RunForked(Box<RunForked>),
    /// An agent was given its assignment.
    ///
    /// Needs: the phase is at turn and ready, and `at` is its next attempt. Changes: the phase is running.
    PhaseStarted {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The artifacts that the agent may read.
        inputs: Vec<ArtifactRef>,
    },
    /// A request is about to be sent to a model; durable before the provider receives it. A call whose request failed, or
    /// was interrupted, is asked again by another event of this kind.
    ///
    /// Needs: the attempt is running, and this call has no answer. A call that was answered with a failure may be asked
    /// again, and so may the calls after it. Changes: the call is open and counted as unanswered.
    ModelAsked {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number in the order in which the guest asked, from 1.
        call: u32,
        /// The purpose of the call, as the agent labels it.
        label: String,
        /// The request, a blob of JSON.
        request: Digest,
        /// `provider:model` that is asked.
        model: String,
        /// What the request can use at most. Older runs do not have it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bound: Option<RequestBound>,
    },
    /// A request to a model failed; durable before the request is sent again.
    ///
    /// Needs: the attempt is running, this call is open, and `request_number` follows the failed requests of the call before it.
    /// Changes: the call is not open and has no answer; the cost of the request is added.
    ModelTried {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number.
        call: u32,
        /// The number of the request among the failed ones of this call, from 1.
        request_number: u32,
        /// The HTTP status of the provider's answer; absent where there was none.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        status: Option<u16>,
        /// The error, with the provider's words.
        error: model::Error,
        /// What the request cost.
        cost: RequestCost,
        /// Milliseconds from sending to the error.
        elapsed_ms: u64,
    },
    /// A model answered, or the host rejected the request. Older runs record failures of providers here as well.
    ///
    /// Needs: the attempt is running, and this call is open. Changes: the call is answered and its usage is added.
    ModelAnswered {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number.
        call: u32,
        /// The answer, a blob of JSON of [`crate::model::Answer`].
        answer: Digest,
        /// Tokens and money of the call; zero where it failed.
        usage: Usage,
        /// Why the answer ended: [`crate::model::Response::stop`], or [`crate::model::StopReason::FAILED_CALL`].
        stop: String,
        /// Milliseconds from asking to the whole answer.
        elapsed_ms: u64,
        /// Whether the answer is the recorded one of the run that this one forks: no provider was asked or paid.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        recorded: bool,
    },
    /// An artifact was validated and stored.
    ///
    /// Needs: the attempt is at turn, in any stage. Changes: the artifact is the current one of its name.
    ArtifactStored {
        /// The attempt that made it.
        #[serde(flatten)]
        at: AttemptId,
        /// The artifact.
        artifact: ArtifactRef,
    },
    /// An agent asked something of the run's repository for the first time in the run.
    ///
    /// Needs: the attempt is running, and the request has no answer. Changes: the request has an answer, which serves
    /// equal requests of later attempts as well.
    RepositoryRead {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The request.
        request: RepositoryRequest,
        /// The answer, a blob: bytes of a file, JSON of a list of files or matches, or of
        /// [`crate::repository::RequestFailure`].
        answer: Digest,
        /// Whether the answer is a failure.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        failed: bool,
    },
    /// The host ran tests.
    ///
    /// With a call number (a trial run). Needs: the attempt is running. Changes: the call is answered.
    /// Without one (the suite of a test gate). Needs: the phase has returned. Changes: the run is the one to be judged.
    TestsRan {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The call's number where an agent tried tests; absent for the suite that the gate is judged by.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        call: Option<u32>,
        /// The result: for a trial run a blob of JSON of `Result<TestRun, BenchError>`, for the suite of
        /// [`crate::gate::SuiteRun`]. Older runs have it under `run`, which in a line of JSON is the run's id.
        #[serde(rename = "result", alias = "run")]
        run: Digest,
        /// The code that was tested, where it is an artifact.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<Digest>,
        /// For trial runs, the digest over language, code and tests. Not a blob.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        request: Option<Digest>,
        /// Milliseconds.
        elapsed_ms: u64,
        /// A limit that was exceeded and depends on the machine; a replay then takes the recorded result.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// The host ran the repository's own tests on the tree that the run starts from; what fails there is not blamed on the
    /// run.
    ///
    /// Needs: the phase has returned, and its suite has not run. Changes: later runs of suites are compared with this one.
    BaselineRan {
        /// The attempt whose suite is compared with it first.
        #[serde(flatten)]
        at: AttemptId,
        /// The result, a blob of JSON of [`crate::gate::Baseline`].
        #[serde(rename = "result")]
        run: Digest,
        /// The number of tests.
        tests: u64,
        /// The number of tests that passed.
        passed: u64,
        /// Milliseconds.
        elapsed_ms: u64,
        /// A limit that was exceeded and depends on the machine; a replay then takes the recorded result.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// An agent's attempt ended.
    ///
    /// Needs: the attempt is running. Changes: submitted artifacts are the current ones and the phase's feedback is
    /// cleared. A phase without a gate is then done and the next one is at turn; after a failure it is ready again while
    /// `max_retries` allows, and has returned otherwise. A gate has returned.
    PhaseFinished {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// How it ended.
        outcome: PhaseOutcome,
        /// Milliseconds since it started, waiting included.
        elapsed_ms: u64,
        /// A limit that was exceeded and depends on the machine; a replay then takes the recorded outcome.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
        /// The last lines of the plugin's output and log, at most 8 KiB, if nothing was submitted. Older runs do not have it, and
        /// a replay does not compare it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        log: Option<String>,
    },
    /// The host judged a gate.
    ///
    /// Needs: the phase is a gate and has returned. Changes: one judgement is spent and the report is current. A pass opens
    /// the gate, unless a person has to confirm it: the next phase is at turn. A gate that was `not_judged` is ready again
    /// while attempts are left. Otherwise the phase is judged.
    GateJudged {
        /// The attempt.
        #[serde(flatten)]
        at: AttemptId,
        /// The verdict.
        verdict: Verdict,
        /// The reason, in one sentence.
        reason: String,
        /// Whether another judgement would end the same way; used only with `not_judged`.
        #[serde(default)]
        permanent: bool,
        /// The issues, with ids that are unique in the run.
        issues: Vec<Issue>,
        /// Tests of earlier attempts that this attempt gave up.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<DroppedTest>,
        /// Digests of the artifacts that were judged.
        about: Vec<Digest>,
        /// The report; absent where there was nothing to report on.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        report: Option<ArtifactRef>,
    },
    /// After a failed gate, the strategy's decision was accepted or rejected.
    ///
    /// Needs: the gate is judged, failed or rejected, not waiting for a person and without a decision. Changes: the decision
    /// is noted. With `revise`, the earliest phase to revise is at turn and ready, and each named phase has its feedback.
    FeedbackDecided {
        /// The attempt whose judgement it is about.
        #[serde(flatten)]
        at: AttemptId,
        /// The decision.
        decided: FeedbackOutcome,
        /// A limit that was exceeded and depends on the machine; a replay then takes the recorded decision.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// A person has to decide.
    ///
    /// Needs: the gate is judged and does not wait yet, or its question has expired. Changes: the run waits for a person.
    ApprovalAsked {
        /// The attempt whose judgement it is about.
        #[serde(flatten)]
        at: AttemptId,
        /// The question.
        question: String,
        /// Digests of the artifacts it is about.
        about: Vec<Digest>,
    },
    /// A person decided. [`crate::state::State::decide`] makes this event and refuses decisions that are not allowed.
    ///
    /// Needs: the gate waits for a person; `approve` also needs a pass. Changes: `approve` and `override` open the gate;
    /// `reject` grants one more judgement to each gate that has none left from the revised phase on, and sends work to the named phase or
    /// lets the strategy decide; `abort` leaves only the end of the run.
    ApprovalGiven {
        /// The attempt whose judgement it is about.
        #[serde(flatten)]
        at: AttemptId,
        /// The decision.
        choice: Choice,
        /// The person's name.
        by: String,
        /// The reason; may be empty for `approve` and `abort`.
        reason: String,
        /// Digests of the artifacts it is about.
        about: Vec<Digest>,
    },
    /// The run stopped before its end and can be resumed: it was cancelled, or something outside of it failed.
    ///
    /// Needs: nothing. Changes: the reason is known until the next event.
    RunStopped {
        /// The reason.
        reason: String,
    },
    /// A person gave the run other limits than it was created with.
    ///
    /// Needs: nothing. Changes: the limits apply from here on, in this process and in later ones, up to the next fork.
    BudgetChanged {
        /// The new limits; those that are absent stay as they are.
        #[serde(flatten)]
        limits: GivenLimits,
        /// The person's name.
        by: String,
    },
    /// The host ran the acceptance tests on the delivered code.
    ///
    /// Needs: every phase is done, and the run has neither ended nor a branch nor a result of these tests. Changes: the result is
    /// known.
    AcceptanceTested {
        /// The result of each test, a blob of [`crate::acceptance::AcceptanceRun`].
        #[serde(rename = "result")]
        run: Digest,
        /// What follows from it.
        #[serde(flatten)]
        acceptance: Acceptance,
        /// The number of tests.
        tests: u64,
        /// The number of tests that passed.
        passed: u64,
        /// Milliseconds from start to result.
        elapsed_ms: u64,
        /// A limit that was exceeded and depends on the machine; a replay then takes the recorded result.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        limit: Option<String>,
    },
    /// The branch of the run is in the repository.
    ///
    /// Needs: every phase is done, and the run has neither ended nor a branch. Changes: the branch is known.
    BranchWritten {
        /// The branch.
        branch: RunBranch,
    },
    /// The run ended.
    ///
    /// Needs: the run has not ended; `passed` also needs every phase to be done. Changes: the run has ended.
    RunFinished {
        /// How it ended.
        status: RunStatus,
        /// The reason, in one sentence.
        reason: String,
    },
    /// A person decided on an improvement proposal of this run.
    ///
    /// Needs: nothing; may follow the end. Changes: the decision is noted, the latest one for an id applies.
    ProposalDecided {
        /// The proposal's id.
        id: String,
        /// Whether it is approved.
        approved: bool,
        /// The person's name.
        by: String,
        /// The reason; may be empty where it is approved.
        reason: String,
    },
}

impl Event {
    /// The attempt that the event is about; `None` for events about the run as a whole.
    pub fn attempt(&self) -> Option<&AttemptId> {
        match self {
            Self::PhaseStarted { at, .. }
            | Self::ModelAsked { at, .. }
            | Self::ModelTried { at, .. }
            | Self::ModelAnswered { at, .. }
            | Self::ArtifactStored { at, .. }
            | Self::RepositoryRead { at, .. }
            | Self::TestsRan { at, .. }
            | Self::BaselineRan { at, .. }
            | Self::PhaseFinished { at, .. }
            | Self::GateJudged { at, .. }
            | Self::FeedbackDecided { at, .. }
            | Self::ApprovalAsked { at, .. }
            | Self::ApprovalGiven { at, .. } => Some(at),
            Self::RunForked(forked) => Some(&forked.at),
            Self::RunCreated(_)
            | Self::RunStopped { .. }
            | Self::BudgetChanged { .. }
            | Self::AcceptanceTested { .. }
            | Self::BranchWritten { .. }
            | Self::RunFinished { .. }
            | Self::ProposalDecided { .. } => None,
        }
    }
}
