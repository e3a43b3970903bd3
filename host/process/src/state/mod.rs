//! Where a run stands: its events, folded. And what comes next.
//!
//! The orchestrator knows nothing else: fold the journal, ask [`State::next`], do it, append what happened. A fresh, a
//! resumed and a replayed run differ only in how many events there are to fold. An event that cannot follow those before
//! it is an error that names both, never a guess.

mod decide;
mod fold;
mod next;
mod phase_state;
mod spent;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pipeline::{Phase, Pipeline};
use crate::{ArtifactName, ArtifactRef, AttemptId, Digest, PhaseName, PhaseOutcome, RunCreated, RunId, RunStatus};

pub use decide::DecisionError;
pub use fold::FoldError;
pub use next::{Action, AgentWork, JudgeWork, SuiteWork};
pub use phase_state::{Approval, PhaseState, RecordedJudgement, Suite};
pub use spent::Spending;
pub(crate) use spent::{bounded_sum, is_zero};

/// A run, folded.
#[derive(Debug, Clone)]
pub struct State {
    /// What the run depends on: what it was created with, or what its latest fork was.
    pub created: Arc<RunCreated>,
    /// Where the first event is from: of a fork the oldest ancestor, else the run itself. Guests know the run by it.
    pub root: RunId,
    /// Whose beginnings it shares, oldest first.
    pub forks: Vec<ForkPoint>,
    /// Its pipeline; shared, because a state is cloned before each append.
    pub pipeline: Arc<Pipeline>,
    /// How many events were folded.
    pub events: u64,
    /// The current artifact of each name.
    pub artifacts: BTreeMap<ArtifactName, ArtifactRef>,
    /// What is known of each phase.
    pub phases: BTreeMap<PhaseName, PhaseState>,
    /// What models took so far.
    pub spent: Spending,
    /// What people decided on proposals: id, approved, by, reason.
    pub proposals: Vec<ProposalDecision>,
    /// Why the run last stopped without an end; cleared when it goes on.
    pub stopped: Option<String>,
    /// The phase whose turn it is, by its place in the pipeline.
    cursor: usize,
    stage: Stage,
    judgements: u32,
    extra_judgements: u32,
}

/// Where a run left the one that it forks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForkPoint {
    /// The run whose beginning is shared.
    pub origin: RunId,
    /// The first attempt that is not shared.
    pub at: AttemptId,
    /// What was swapped, in words.
    pub changes: Vec<String>,
    /// How many events are shared.
    pub shared: u64,
}

/// A person's decision on a proposal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ProposalDecision {
    /// The proposal.
    pub id: String,
    /// Whether it is approved.
    pub approved: bool,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A model call or test run that an agent asked for in the attempt under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallState {
    /// The digest of what was asked.
    pub request: Digest,
    /// What it was for; empty for test runs.
    pub label: String,
    /// The blob of what came back, once it did.
    pub answer: Option<Digest>,
}

/// What is happening in the phase whose turn it is.
#[derive(Debug, Clone)]
enum Stage {
    /// It has not started.
    Ready,
    /// Its agent was given the assignment; calls by number.
    Running(BTreeMap<u32, CallState>),
    /// A gate's agent came back; the host has to run its suite, or to judge.
    Returned { outcome: PhaseOutcome, tests: Option<Digest> },
    /// The gate was judged, and the way is not open yet.
    Judged,
    /// Every phase is done.
    Done,
    /// A person ended it, which has yet to be written down as its end.
    Aborted(String),
    /// The run is over.
    Over(RunStatus, String),
}

impl State {
    /// The phase whose turn it is; `None` once all are done.
    pub fn phase(&self) -> Option<&Phase> {
        self.pipeline.phases.get(self.cursor)
    }

    /// The attempt under way or next in this phase.
    pub fn attempt(&self, phase: &PhaseName) -> u32 {
        let done = self.phases.get(phase).map_or(0, |known| known.attempts);
        // A gate's attempt is not over before it is judged.
        let open = self.phase().is_some_and(|turn| turn.name == *phase)
            && matches!(self.stage, Stage::Returned { .. } | Stage::Judged);
        if open { done } else { done + 1 }
    }

    /// The attempt that was started and has not come back, with its calls so far.
    pub fn running(&self) -> Option<(AttemptId, &BTreeMap<u32, CallState>)> {
        match (&self.stage, self.phase()) {
            (Stage::Running(calls), Some(phase)) => {
                Some((AttemptId { phase: phase.name.clone(), attempt: self.attempt(&phase.name) }, calls))
            }
            _ => None,
        }
    }

    /// How the run ended, once it has.
    pub fn ended(&self) -> Option<(RunStatus, &str)> {
        match &self.stage {
            Stage::Over(status, reason) => Some((*status, reason)),
            _ => None,
        }
    }

    /// The judgement that waits for a person, with its gate and the question.
    pub fn waiting(&self) -> Option<(&Phase, &RecordedJudgement, &str)> {
        let phase = self.phase()?;
        let judged = self.phases.get(&phase.name)?.judged.last()?;
        match (&self.stage, &judged.waiting) {
            (Stage::Judged, Some(question)) => Some((phase, judged, question)),
            _ => None,
        }
    }

    /// How many judgements this gate may still take.
    pub fn attempts_left(&self, gate: &Phase) -> u32 {
        self.own_attempts_left(gate).min(self.judgements_left())
    }

    fn own_attempts_left(&self, gate: &Phase) -> u32 {
        let known = self.phases.get(&gate.name);
        let judged = known.map_or(0, |known| known.judged.len() as u32);
        let granted = known.map_or(0, |known| known.granted);
        (gate.max_retries.get() + granted).saturating_sub(judged)
    }

    /// How many judgements all gates together may still take.
    fn judgements_left(&self) -> u32 {
        (self.pipeline.max_total_attempts.get() + self.extra_judgements).saturating_sub(self.judgements)
    }

    /// How many judgements it takes at least to get from this place to the end.
    fn gates_from(&self, place: usize) -> u32 {
        self.pipeline.phases.iter().skip(place).filter(|phase| phase.gate.is_some()).count() as u32
    }

    /// Whether work that goes back to this phase could still get past every gate again.
    fn can_come_back_from(&self, phase: &PhaseName) -> bool {
        let Some(place) = self.pipeline.position(phase) else { return false };
        let mut again = self.pipeline.phases.iter().take(self.cursor + 1).skip(place);
        let each = again.all(|phase| phase.gate.is_none() || self.own_attempts_left(phase) > 0);
        each && self.judgements_left() >= self.gates_from(place)
    }

    /// The artifacts a phase may read now.
    pub fn inputs(&self, phase: &Phase) -> Vec<ArtifactRef> {
        let wanted = |name: &ArtifactName| phase.reads.iter().any(|read| read.matches(name.as_str()));
        self.artifacts.values().filter(|artifact| wanted(&artifact.name)).cloned().collect()
    }

    fn latest(&self) -> Option<&RecordedJudgement> {
        self.phases.get(&self.phase()?.name)?.judged.last()
    }
}
