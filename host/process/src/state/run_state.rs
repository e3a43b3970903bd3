//! The state of a run, and what can be read from it.

use super::phase_state::{PhaseState, RecordedJudgement};
use super::spent::Spending;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::acceptance::Acceptance;
use crate::artifact::kinds;
use crate::digest::Digest;
use crate::event::{PhaseOutcome, RunCreated, RunStatus, render_place};
use crate::names::{ArtifactName, AttemptId, PhaseName, RunId};
use crate::pipeline::{Phase, Pipeline};
use crate::repository::{RepositoryAnswer, RepositoryRequest, RunBranch};
use crate::work::ArtifactRef;

/// The state of a run.
#[derive(Debug, Clone)]
pub struct State {
    /// The run's pinned dependencies: those of its creation, or of its latest fork.
    pub created: Arc<RunCreated>,
    /// The run that the first event is from: the oldest ancestor of a fork, else the run itself. Guests see this id.
    pub root: RunId,
    /// The runs whose beginnings it shares, oldest first.
    pub forks: Vec<ForkPoint>,
    /// The run's pipeline; shared by copies of the state.
    pub pipeline: Arc<Pipeline>,
    /// The number of events that were folded.
    pub events: u64,
    /// The current artifact of each name.
    pub artifacts: BTreeMap<ArtifactName, ArtifactRef>,
    /// The state of each phase.
    pub phases: BTreeMap<PhaseName, PhaseState>,
    /// The model usage so far.
    pub spent: Spending,
    /// The latest run of the repository's own tests on the base: a blob of [`crate::gate::Baseline`].
    pub baseline: Option<Digest>,
    /// The decisions of people on improvement proposals, in order; the latest one for an id applies.
    pub proposals: Vec<ProposalDecision>,
    /// What agents asked of the run's repository, with the answers; shared by copies of the state.
    pub repository: Arc<BTreeMap<RepositoryRequest, RepositoryAnswer>>,
    /// The result of the acceptance tests, once they ran.
    pub acceptance: Option<AcceptanceResult>,
    /// The branch with the work, once it is written.
    pub branch: Option<RunBranch>,
    /// The reason of `run_stopped` with its hint, where that is the latest event: see [`crate::hint::split_hint`].
    pub stopped: Option<String>,
    /// The index of the phase at turn.
    pub(super) cursor: usize,
    pub(super) stage: Stage,
    pub(super) judgements: u32,
    pub(super) extra_judgements: u32,
}

/// The result of the acceptance tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceResult {
    /// The result of each test: a blob of [`crate::acceptance::AcceptanceRun`].
    pub run: Digest,
    /// What follows from it.
    pub acceptance: Acceptance,
    /// The number of tests.
    pub tests: u64,
    /// The number of tests that passed.
    pub passed: u64,
}

/// The point at which a run leaves the run that it forks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForkPoint {
    /// The run whose beginning is shared.
    pub origin: RunId,
    /// The first attempt that is not shared.
    pub at: AttemptId,
    /// Whether the attempt is shared as well, and the run continues with the strategy's decision about it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_decision: bool,
    /// What was replaced, one line each.
    pub changes: Vec<String>,
    /// The number of shared events.
    pub shared: u64,
}

impl ForkPoint {
    /// Returns where the run leaves its origin, for people: `test#2`, or `the decision after test#2`.
    pub fn place(&self) -> String {
        render_place(&self.at, self.at_decision)
    }
}

/// A person's decision on a proposal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ProposalDecision {
    /// The proposal's id.
    pub id: String,
    /// Whether it is approved.
    pub approved: bool,
    /// The person's name.
    pub by: String,
    /// The reason.
    pub reason: String,
}

/// A model call or trial test run of the running attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallState {
    /// The digest of the request.
    pub request: Digest,
    /// The label of a model call; empty for test runs.
    pub label: String,
    /// The blob of the answer or result, once there is one.
    pub answer: Option<Digest>,
    /// Whether a request was sent whose result is not known.
    pub open: bool,
    /// The number of requests that failed.
    pub failed: u32,
    /// Whether the answer is a failure.
    pub rejected: bool,
    /// Whether it was asked again although it had an answer.
    pub repeated: bool,
}

impl CallState {
    /// Returns a call with a result.
    pub fn done(request: Digest, label: String, answer: Digest) -> Self {
        Self { request, label, answer: Some(answer), open: false, failed: 0, rejected: false, repeated: false }
    }

    /// Returns a call that is asked for the first time.
    pub fn asked(request: Digest, label: String) -> Self {
        Self { request, label, answer: None, open: true, failed: 0, rejected: false, repeated: false }
    }
}

/// The stage of the phase at turn. [`crate::Event`] documents the transitions.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// Not started.
    Ready,
    /// The agent works; its calls by number.
    Running(BTreeMap<u32, CallState>),
    /// The agent came back. The host has to run the suite or judge; a phase without a gate has failed for good.
    Returned { outcome: PhaseOutcome, tests: Option<Digest> },
    /// The gate was judged and is not open.
    Judged,
    /// Every phase is done; the run has not ended yet.
    Done,
    /// A person aborted the run; its end is not recorded yet.
    Aborted(String),
    /// The run has ended.
    Over(RunStatus, String),
}

impl State {
    /// Returns the phase at turn; `None` once all are done.
    pub fn phase(&self) -> Option<&Phase> {
        self.pipeline.phases.get(self.cursor)
    }

    /// Returns the number of the current or next attempt at this phase, from 1.
    pub fn attempt(&self, phase: &PhaseName) -> u32 {
        let done = self.phases.get(phase).map_or(0, |known| known.attempts);
        // A gate's attempt lasts until the gate is judged and open.
        let open = self.phase().is_some_and(|turn| turn.name == *phase)
            && matches!(self.stage, Stage::Returned { .. } | Stage::Judged);
        if open { done } else { done + 1 }
    }

    /// Returns the running attempt with its calls so far.
    pub fn running(&self) -> Option<(AttemptId, &BTreeMap<u32, CallState>)> {
        match (&self.stage, self.phase()) {
            (Stage::Running(calls), Some(phase)) => {
                Some((AttemptId { phase: phase.name.clone(), attempt: self.attempt(&phase.name) }, calls))
            }
            _ => None,
        }
    }

    /// Returns how the run ended and the reason, once it has.
    pub fn ended(&self) -> Option<(RunStatus, &str)> {
        match &self.stage {
            Stage::Over(status, reason) => Some((*status, reason)),
            _ => None,
        }
    }

    /// Returns the gate that waits for a person, its judgement and the question.
    pub fn waiting(&self) -> Option<(&Phase, &RecordedJudgement, &str)> {
        let phase = self.phase()?;
        let judged = self.phases.get(&phase.name)?.judged.last()?;
        match (&self.stage, &judged.waiting) {
            (Stage::Judged, Some(question)) => Some((phase, judged, question)),
            _ => None,
        }
    }

    /// Returns how many more judgements this gate may take: its own limit and that of the run.
    pub fn attempts_left(&self, gate: &Phase) -> u32 {
        self.own_attempts_left(gate).min(self.judgements_left())
    }

    /// Returns the code that the run delivers: the artifact of kind `generated_code` that the last phase made which makes any.
    pub fn delivered_code(&self) -> Option<&ArtifactRef> {
        let made = self.pipeline.phases.iter().rev().flat_map(|phase| &phase.produces);
        let code = made.filter(|produced| produced.kind.as_str() == kinds::GENERATED_CODE);
        code.filter_map(|produced| self.artifacts.get(&produced.name)).next()
    }

    /// Returns whether the delivered code is accepted; [`Acceptance::NotTested`] before it was tested.
    pub fn acceptance(&self) -> Acceptance {
        self.acceptance.as_ref().map(|tested| tested.acceptance.clone()).unwrap_or_default()
    }

    pub(super) fn own_attempts_left(&self, gate: &Phase) -> u32 {
        let known = self.phases.get(&gate.name);
        let judged = known.map_or(0, |known| known.judged.len() as u32);
        let granted = known.map_or(0, |known| known.granted);
        (gate.max_retries.get() + granted).saturating_sub(judged)
    }

    /// Returns how many more judgements all gates together may take.
    pub(super) fn judgements_left(&self) -> u32 {
        (self.pipeline.max_total_attempts.get() + self.extra_judgements).saturating_sub(self.judgements)
    }

    /// Returns how many judgements are needed at least from this index to the end.
    pub(super) fn gates_from(&self, place: usize) -> u32 {
        self.pipeline.phases.iter().skip(place).filter(|phase| phase.gate.is_some()).count() as u32
    }

    /// Whether work that goes back to this phase has enough judgements left to pass every gate again.
    pub(super) fn can_return_from(&self, phase: &PhaseName) -> bool {
        let Some(place) = self.pipeline.position(phase) else { return false };
        let mut again = self.pipeline.phases.iter().take(self.cursor + 1).skip(place);
        let each = again.all(|phase| phase.gate.is_none() || self.own_attempts_left(phase) > 0);
        each && self.judgements_left() >= self.gates_from(place)
    }

    /// Returns the artifacts that a phase may read now.
    pub fn inputs(&self, phase: &Phase) -> Vec<ArtifactRef> {
        let wanted = |name: &ArtifactName| phase.reads.iter().any(|read| read.matches(name.as_str()));
        self.artifacts.values().filter(|artifact| wanted(&artifact.name)).cloned().collect()
    }

    pub(super) fn latest(&self) -> Option<&RecordedJudgement> {
        self.phases.get(&self.phase()?.name)?.judged.last()
    }
}
