//! The parts of a result, as they are in `result.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::acceptance::Acceptance;
use crate::digest::Digest;
use crate::event::Verdict;
use crate::measures::Effort;
use crate::names::{ArtifactName, AttemptId, PhaseName, RunId, TaskId};
use crate::repository::{GitId, RunBranch};
use crate::state::{ForkPoint, ProposalDecision, RecordedJudgement, UnknownCost, is_zero};
use crate::work::Severity;

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended the run.
    Aborted,
    /// The run waits for a person.
    Waiting,
    /// The run stopped before its end and can be resumed.
    Stopped,
    /// The run has not ended. Whether a process works on it is not known here.
    Running,
}

impl TaskStatus {
    /// Returns the word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Running => "running",
        }
    }
}

/// What a run started from, and the branch with its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepositoryResult {
    /// The commit that the run started from.
    pub base: GitId,
    /// The branch; absent before the run has passed, and in runs that get none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<RunBranch>,
}

/// The version of the JSON form of [`TaskResult`]. It changes by addition; any other change raises the number.
pub const RESULT_FORMAT: u32 = 1;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskResult {
    /// [`RESULT_FORMAT`].
    pub format: u32,
    /// The task's id.
    pub task_id: TaskId,
    /// The run's id.
    pub run_id: RunId,
    /// The status.
    pub status: TaskStatus,
    /// The reason of the status, in one sentence.
    pub reason: String,
    /// What a person can do, in one or more lines, where the run stopped or failed because of an invalid submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether model answers came from a script.
    pub scripted: bool,
    /// The runs whose beginnings it shares, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forks: Vec<ForkPoint>,
    /// The git repository that the run started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepositoryResult>,
    /// Whether the delivered code is accepted; left out where there are no acceptance tests.
    #[serde(flatten, skip_serializing_if = "Acceptance::is_not_tested")]
    pub acceptance: Acceptance,
    /// The current artifacts by name.
    pub artifacts: BTreeMap<ArtifactName, Digest>,
    /// The gates of the pipeline, in order.
    pub gates: Vec<GateResult>,
    /// Decisions of people at gates, in the order of the gates.
    pub approvals: Vec<PersonDecision>,
    /// Tests that were given up.
    pub dropped_tests: Vec<Dropped>,
    /// Decisions of people on improvement proposals.
    pub proposals: Vec<ProposalDecision>,
    /// Calls without an answer, which may have been billed.
    pub maybe_billed: Vec<UnansweredCall>,
    /// The totals of the run.
    pub totals: Totals,
}

/// The status of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateStatus {
    /// The latest verdict is `passed`.
    Passed,
    /// The latest verdict is `passed_with_conditions`.
    PassedWithConditions,
    /// The latest verdict is `failed`.
    Failed,
    /// The latest verdict is `not_judged`.
    NotJudged,
    /// A person overrode the latest judgement.
    Overridden,
    /// A person rejected the work after the latest judgement.
    Rejected,
    /// The gate was never judged.
    NotReached,
}

impl GateStatus {
    /// Returns the word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithConditions => "passed_with_conditions",
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
            Self::Overridden => "overridden",
            Self::Rejected => "rejected",
            Self::NotReached => "not_reached",
        }
    }
}

/// The result of one gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateResult {
    /// The gate.
    pub gate: PhaseName,
    /// The status of the gate.
    pub standing: GateStatus,
    /// The judgements, oldest first.
    pub attempts: Vec<GateAttempt>,
}

/// One judgement of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateAttempt {
    /// The attempt, from 1.
    pub attempt: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason.
    pub reason: String,
    /// The number of issues of each severity.
    pub issues: IssueCounts,
    /// The decision that followed a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<DecisionSummary>,
    /// The decisions of people about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<PersonDecision>,
}

/// The number of issues by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IssueCounts {
    /// Critical issues.
    pub critical: usize,
    /// High issues.
    pub high: usize,
    /// Medium issues.
    pub medium: usize,
    /// Low issues.
    pub low: usize,
}

/// The decision that followed a failed gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionSummary {
    /// These phases had to revise.
    Revise(Vec<PhaseName>),
    /// The strategy asked for a person, for this reason.
    AskAPerson(String),
    /// The strategy gave up, for this reason.
    GiveUp(String),
    /// The strategy's decision was refused, for this reason.
    Refused(String),
}

/// A person's decision at a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonDecision {
    /// The gate.
    pub gate: PhaseName,
    /// The attempt whose judgement it was about.
    pub attempt: u32,
    /// `approve`, `reject`, `override` or `abort`.
    pub choice: &'static str,
    /// The phase that had to revise, where the person named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revise: Option<PhaseName>,
    /// The person's name.
    pub by: String,
    /// The reason.
    pub reason: String,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// Digests of the artifacts it was about.
    pub about: Vec<Digest>,
}

/// A test that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The gate.
    pub gate: PhaseName,
    /// The attempt that gave up the test.
    pub attempt: u32,
    /// The test's full name.
    pub test: String,
    /// The reason.
    pub reason: String,
}

/// A model call without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnansweredCall {
    /// The attempt that asked.
    #[serde(flatten)]
    pub at: AttemptId,
    /// The call's number in the attempt.
    pub call: u32,
    /// The call's label.
    pub label: String,
    /// `provider:model` that was asked.
    pub model: String,
    /// When, in Unix milliseconds.
    pub asked_at_ms: u64,
}

/// The totals of a run or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Totals {
    /// Model calls that were answered, or that the host rejected.
    pub calls: u64,
    /// Those of the calls that the run which this one forks asked and paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Those of the input tokens that came from a provider's cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// US dollars of the requests whose cost is known; `None` where a price is unknown, and where only failed requests of
    /// unknown cost were sent.
    pub usd: Option<f64>,
    /// Requests that failed. One call can have several.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed_requests: u64,
    /// The failed requests whose cost is unknown. It is in no other figure.
    #[serde(skip_serializing_if = "UnknownCost::is_nothing")]
    pub unknown_cost: UnknownCost,
    /// Whether a model was asked, and not only a script.
    #[serde(skip)]
    pub asks_models: bool,
    /// Milliseconds of work, without waiting for people.
    pub elapsed_ms: u64,
}

impl From<Effort> for Totals {
    fn from(effort: Effort) -> Self {
        let Effort { spent, elapsed_ms } = effort;
        Self {
            calls: spent.calls,
            recorded: spent.recorded,
            input_tokens: spent.input_tokens,
            cached_input_tokens: spent.cached_input_tokens,
            output_tokens: spent.output_tokens,
            usd: spent.known_usd(),
            failed_requests: spent.failed,
            unknown_cost: spent.unknown,
            asks_models: spent.asks_models,
            elapsed_ms,
        }
    }
}

impl IssueCounts {
    /// Counts the issues of a judgement.
    pub fn from_judgement(judged: &RecordedJudgement) -> Self {
        let count = |severity| judged.issues.iter().filter(|issue| issue.severity == severity).count();
        Self {
            critical: count(Severity::Critical),
            high: count(Severity::High),
            medium: count(Severity::Medium),
            low: count(Severity::Low),
        }
    }
}
