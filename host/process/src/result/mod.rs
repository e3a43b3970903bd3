//! The result of a run, whatever became of it: what was made, what was judged, who decided what, and what it took.
//!
//! The artifacts are the current ones: exactly what was reviewed, tested and is delivered. Nothing that people did or that
//! may have been billed is left out. Cannot fail; a run that is not over has a result as well.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::measures::{Effort, total};
use crate::pipeline::Phase;
use crate::state::{Approval, ForkPoint, ProposalDecision, RecordedJudgement, State, is_zero};
use crate::{
    ArtifactName, AttemptId, Choice, Digest, Event, FeedbackOutcome, PhaseName, Recorded, RunId, RunStatus, Severity,
    TaskId, Verdict,
};

/// Where a run stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended it.
    Aborted,
    /// A person is needed.
    Waiting,
    /// It stopped without an end and can be resumed.
    Stopped,
    /// It is under way, or its process is gone.
    Running,
}

impl TaskStatus {
    /// The word used in JSON and on the terminal.
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

/// All that came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskResult {
    /// The task.
    pub task_id: TaskId,
    /// The run.
    pub run_id: RunId,
    /// Where it stands.
    pub status: TaskStatus,
    /// Why, in one sentence.
    pub reason: String,
    /// What a person can do, where it failed for what an agent handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether answers came from a script and not from a model.
    pub scripted: bool,
    /// Whose beginnings it shares, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forks: Vec<ForkPoint>,
    /// The current artifacts.
    pub artifacts: BTreeMap<ArtifactName, Digest>,
    /// Every gate of the pipeline, in order.
    pub gates: Vec<GateResult>,
    /// What people decided at gates, in the order of the gates.
    pub approvals: Vec<PersonDecision>,
    /// Tests that were given up.
    pub dropped_tests: Vec<Dropped>,
    /// What people decided on improvement proposals.
    pub proposals: Vec<ProposalDecision>,
    /// Calls that were asked and never heard of again: they may have been billed.
    pub maybe_billed: Vec<UnansweredCall>,
    /// What it took.
    pub totals: Totals,
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateResult {
    /// The gate.
    pub gate: PhaseName,
    /// `passed`, `passed_with_conditions`, `failed` or `not_judged` as last judged; `overridden` or `rejected` where a
    /// person said otherwise; `not_reached`.
    pub standing: &'static str,
    /// Every judgement, oldest first.
    pub attempts: Vec<GateAttempt>,
}

/// One judgement of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateAttempt {
    /// From 1.
    pub attempt: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// How many issues of each severity.
    pub issues: IssueCounts,
    /// What followed, where the gate failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<DecisionSummary>,
    /// What people said about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<PersonDecision>,
}

/// Issues by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IssueCounts {
    /// Must be mended before anything else.
    pub critical: usize,
    /// Must be mended soon.
    pub high: usize,
    /// Worth mending.
    pub medium: usize,
    /// Nuisances.
    pub low: usize,
}

/// What followed from a failed gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionSummary {
    /// These phases revised their work.
    Revise(Vec<PhaseName>),
    /// The strategy wanted a person, for this reason.
    AskAPerson(String),
    /// The strategy gave up, for this reason.
    GiveUp(String),
    /// What the strategy said was refused, for this reason.
    Refused(String),
}

/// A person's decision at a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonDecision {
    /// The gate.
    pub gate: PhaseName,
    /// The judgement it was about.
    pub attempt: u32,
    /// `approve`, `reject`, `override` or `abort`.
    pub choice: &'static str,
    /// The phase that was to revise, where the person named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revise: Option<PhaseName>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Digests of the artifacts it was about.
    pub about: Vec<Digest>,
}

/// A test that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The gate.
    pub gate: PhaseName,
    /// The attempt that gave it up.
    pub attempt: u32,
    /// Its full name.
    pub test: String,
    /// Why.
    pub reason: String,
}

/// A call that was asked and not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnansweredCall {
    /// Which attempt asked.
    #[serde(flatten)]
    pub at: AttemptId,
    /// The call's number in it.
    pub call: u32,
    /// What it was for.
    pub label: String,
    /// Who was asked.
    pub model: String,
    /// When, in Unix milliseconds.
    pub asked_at_ms: u64,
}

/// What a run took, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Totals {
    /// Model calls that came back.
    pub calls: u64,
    /// Of these, those that a run which this one forks had asked and paid.
    #[serde(skip_serializing_if = "is_zero")]
    pub recorded: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// US dollars; `None` where a price was not known.
    pub usd: Option<f64>,
    /// Milliseconds of work, waiting for people not counted.
    pub elapsed_ms: u64,
}

impl TaskResult {
    /// The result of a run as it stands now.
    pub fn from_events(state: &State, events: &[Recorded]) -> Self {
        let (status, reason) = standing(state);
        let gates = state.pipeline.phases.iter().filter(|phase| phase.gate.is_some());
        let gates: Vec<_> = gates.map(|phase| gate(state, phase)).collect();
        let attempts = || gates.iter().flat_map(|gate| &gate.attempts);
        Self {
            task_id: state.created.task_id.clone(),
            run_id: state.created.run_id.clone(),
            status,
            reason,
            remedy: remedy(events).filter(|_| status == TaskStatus::Failed),
            scripted: state.created.scripted,
            forks: state.forks.clone(),
            artifacts: state.artifacts.values().map(|known| (known.name.clone(), known.digest.clone())).collect(),
            approvals: attempts().flat_map(|attempt| attempt.approvals.clone()).collect(),
            dropped_tests: dropped(state),
            proposals: state.proposals.clone(),
            maybe_billed: open_calls(events),
            totals: total(state, events).into(),
            gates,
        }
    }
}

impl From<Effort> for Totals {
    fn from(effort: Effort) -> Self {
        let Effort { spent, elapsed_ms } = effort;
        Self {
            calls: spent.calls,
            recorded: spent.recorded,
            input_tokens: spent.input_tokens,
            output_tokens: spent.output_tokens,
            usd: spent.usd,
            elapsed_ms,
        }
    }
}

impl IssueCounts {
    /// Counts them.
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

fn standing(state: &State) -> (TaskStatus, String) {
    if let Some((status, reason)) = state.ended() {
        let status = match status {
            RunStatus::Passed => TaskStatus::Passed,
            RunStatus::Failed => TaskStatus::Failed,
            RunStatus::Aborted => TaskStatus::Aborted,
        };
        return (status, reason.to_owned());
    }
    if let Some((_, _, question)) = state.waiting() {
        return (TaskStatus::Waiting, question.to_owned());
    }
    if let Some(reason) = &state.stopped {
        return (TaskStatus::Stopped, reason.clone());
    }
    let place = state.phase().map(|phase| format!("phase {}, attempt {}", phase.name, state.attempt(&phase.name)));
    (TaskStatus::Running, place.unwrap_or_else(|| "every phase is done".to_owned()))
}

/// Of the last attempt, if it is to blame.
fn remedy(events: &[Recorded]) -> Option<String> {
    events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::PhaseFinished { at, outcome, .. } => Some(outcome.hint(at)),
        _ => None,
    })?
}

fn gate(state: &State, phase: &Phase) -> GateResult {
    let judged = state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default();
    let attempts = judged.iter().map(|judged| GateAttempt {
        attempt: judged.attempt,
        verdict: judged.verdict,
        reason: judged.reason.clone(),
        issues: IssueCounts::from_judgement(judged),
        decided: judged.decided.as_ref().map(followed),
        approvals: judged.approvals.iter().map(|approval| decision(phase, judged, approval)).collect(),
    });
    let standing = judged.last().map_or("not_reached", |last| match last.approvals.last().map(|said| &said.choice) {
        Some(Choice::Override) => "overridden",
        Some(Choice::Reject { .. }) => "rejected",
        _ => last.verdict.as_str(),
    });
    GateResult { gate: phase.name.clone(), standing, attempts: attempts.collect() }
}

fn followed(decided: &FeedbackOutcome) -> DecisionSummary {
    match decided {
        FeedbackOutcome::Revise { rework } => {
            DecisionSummary::Revise(rework.iter().map(|rework| rework.phase.clone()).collect())
        }
        FeedbackOutcome::AskAPerson { reason } => DecisionSummary::AskAPerson(reason.clone()),
        FeedbackOutcome::GiveUp { reason } => DecisionSummary::GiveUp(reason.clone()),
        FeedbackOutcome::Refused { reason } => DecisionSummary::Refused(reason.clone()),
    }
}

fn decision(phase: &Phase, judged: &RecordedJudgement, approval: &Approval) -> PersonDecision {
    let revise = match &approval.choice {
        Choice::Reject { revise } => revise.clone(),
        Choice::Approve | Choice::Override | Choice::Abort => None,
    };
    PersonDecision {
        gate: phase.name.clone(),
        attempt: judged.attempt,
        choice: approval.choice.as_str(),
        revise,
        by: approval.by.clone(),
        reason: approval.reason.clone(),
        at_ms: approval.at_ms,
        about: approval.about.clone(),
    }
}

fn dropped(state: &State) -> Vec<Dropped> {
    let phases = state.pipeline.phases.iter().filter_map(|phase| Some((phase, state.phases.get(&phase.name)?)));
    let judged = phases.flat_map(|(phase, known)| known.judged.iter().map(move |judged| (phase, judged)));
    let dropped = judged.flat_map(|(phase, judged)| {
        judged.dropped.iter().map(|dropped| Dropped {
            gate: phase.name.clone(),
            attempt: judged.attempt,
            test: dropped.test.clone(),
            reason: dropped.reason.clone(),
        })
    });
    dropped.collect()
}

/// Asking again opens the same call anew: the answer closes the newest asking, the older ones stay open.
fn open_calls(events: &[Recorded]) -> Vec<UnansweredCall> {
    let mut open: Vec<UnansweredCall> = Vec::new();
    let mut newest: HashMap<(&AttemptId, u32), usize> = HashMap::new();
    let mut answered = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::ModelAsked { at, call, label, model, .. } => {
                newest.insert((at, *call), open.len());
                open.push(UnansweredCall {
                    at: at.clone(),
                    call: *call,
                    label: label.clone(),
                    model: model.clone(),
                    asked_at_ms: recorded.at_ms,
                });
            }
            Event::ModelAnswered { at, call, .. } => answered.extend(newest.remove(&(at, *call))),
            _ => {}
        }
    }
    answered.sort_unstable();
    let is_open = |index: &usize| answered.binary_search(index).is_err();
    let mut open: Vec<UnansweredCall> =
        open.into_iter().enumerate().filter(|(index, _)| is_open(index)).map(|(_, call)| call).collect();
    // Questions that overlap are written down as they come; people are told of them in the order of their agent.
    open.chunk_by_mut(|one, next| one.at == next.at).for_each(|attempt| attempt.sort_by_key(|call| call.call));
    open
}

#[cfg(test)]
mod tests;
