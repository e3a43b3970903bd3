//! The facts of a run, in the past tense. A run is the list of them; everything else is derived.
//!
//! Events hold digests, not contents; the one exception is what the state must know to go on (issues, feedback, words of
//! people). Released events change by addition only: new fields have defaults, new facts are new events.

mod blobs;
mod name;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Usage;
use crate::{ArtifactName, ArtifactRef, Digest, FeedbackItem, Issue, PhaseName, PluginName, RunId, TaskId};

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

/// One attempt at one phase.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId {
    /// The phase.
    pub phase: PhaseName,
    /// From 1.
    pub attempt: u32,
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.phase, self.attempt)
    }
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
        decided: Decided,
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

/// All that a run depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCreated {
    /// [`EVENT_FORMAT`] of the build that created it.
    pub format: u32,
    /// The run.
    pub run_id: RunId,
    /// The task.
    pub task_id: TaskId,
    /// The resolved pipeline, a blob of JSON.
    pub pipeline: Digest,
    /// What the run starts with: requirements, context files, process notes.
    pub inputs: Vec<ArtifactRef>,
    /// The context files that lie under the generated ones when tests run, by artifact name.
    pub base: Vec<ArtifactName>,
    /// Components by the names the pipeline calls them, runners as `runner-LANGUAGE`.
    pub components: BTreeMap<PluginName, Digest>,
    /// The run's own configuration without keys, a blob of JSON.
    pub settings: Digest,
    /// Figures of finished runs for estimation, a blob of JSON.
    pub history: Digest,
    /// Whether answers come from a script.
    pub scripted: bool,
}

/// A run that shares the beginning of another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunForked {
    /// The run whose beginning is shared.
    pub origin: RunId,
    /// The attempt that comes next: the first that is not shared.
    #[serde(flatten)]
    pub at: AttemptId,
    /// What was swapped, in words.
    pub changes: Vec<String>,
    /// What the run depends on from here on.
    pub created: RunCreated,
}

/// How an attempt at a phase ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseOutcome {
    /// What was handed in was taken.
    Submitted {
        /// The artifacts.
        artifacts: Vec<ArtifactRef>,
        /// A gate's findings, a blob of JSON.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        findings: Option<Digest>,
    },
    /// What was handed in is not acceptable: every fault.
    Invalid {
        /// In words.
        faults: Vec<String>,
    },
    /// The agent said it could not do it.
    Failed {
        /// In its words.
        reason: String,
    },
    /// The sandbox ended it: trap, panic or limit.
    Crashed {
        /// In words.
        reason: String,
    },
}

impl PhaseOutcome {
    /// Why nothing was taken, where nothing was.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::Submitted { .. } => None,
            Self::Invalid { faults } => Some(format!("what was submitted could not be taken: {}", faults.join("; "))),
            Self::Failed { reason } | Self::Crashed { reason } => Some(reason.clone()),
        }
    }

    /// The same for people who were not there. What the sandbox says of an attempt that it ended names plugin and moment
    /// already.
    pub fn told(&self, at: &AttemptId, plugin: &PluginName) -> Option<String> {
        match self {
            Self::Invalid { faults } => {
                let (AttemptId { phase, attempt }, faults) = (at, faults.join("; "));
                let who = format!("plugin `{plugin}` (phase {phase}, attempt {attempt})");
                Some(format!("{who} submitted what could not be taken: {faults}"))
            }
            _ => self.fault(),
        }
    }

    /// What a person can do where what was handed in is not acceptable. Agents hear of the faults, not of this.
    pub fn remedy(&self, at: &AttemptId) -> Option<String> {
        let Self::Invalid { .. } = self else { return None };
        Some(format!(
            "each attempt is told what was wrong with the one before; where that does not help, give phase `{}` another \
             model or more `max_retries`, or show this to the author of its plugin",
            at.phase
        ))
    }
}

/// The host's judgement of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Passed,
    /// Issues, but below the thresholds.
    PassedWithConditions,
    /// At or beyond a threshold.
    Failed,
    /// It could not be judged, which is never a pass.
    NotJudged,
}

impl Verdict {
    /// Whether the way is open.
    pub fn passes(self) -> bool {
        matches!(self, Self::Passed | Self::PassedWithConditions)
    }

    /// The word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithConditions => "passed_with_conditions",
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
        }
    }
}

/// A test that an agent gave up, by name and with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedTest {
    /// Its full name.
    pub test: String,
    /// Why.
    pub reason: String,
}

/// One phase's part of a decision to revise, checked against the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rework {
    /// The phase.
    pub phase: PhaseName,
    /// What it is told.
    pub feedback: FeedbackItem,
}

/// What came of asking a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// Work goes back.
    Revise {
        /// To whom, with what.
        rework: Vec<Rework>,
    },
    /// A person should look.
    AskAPerson {
        /// Why.
        reason: String,
    },
    /// It is no use.
    GiveUp {
        /// Why.
        reason: String,
    },
    /// The strategy failed, or what it said is not allowed.
    Refused {
        /// Why.
        reason: String,
    },
}

/// What a person may say at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Confirms a pass.
    Approve,
    /// Fails the gate; the reason goes to the strategy, or straight to a phase.
    Reject {
        /// The phase that is to revise; the strategy chooses where absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        revise: Option<PhaseName>,
    },
    /// Goes on in spite of the gate.
    Override,
    /// Ends the run.
    Abort,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended it.
    Aborted,
}
