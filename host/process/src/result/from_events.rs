//! Derives the result of a run from its state and its events.

use std::collections::HashMap;

use super::types::{
    DecisionSummary, Dropped, GateAttempt, GateResult, GateStatus, IssueCounts, PersonDecision, RESULT_FORMAT,
    RepositoryResult, TaskResult, TaskStatus, UnansweredCall,
};
use crate::event::{Choice, Event, FeedbackOutcome, Recorded, RunStatus, Verdict};
use crate::hint::split_hint;
use crate::measures::total;
use crate::names::AttemptId;
use crate::pipeline::Phase;
use crate::state::{Approval, RecordedJudgement, State, question_in_words};

impl TaskResult {
    /// Returns the result of a run as it is now. `events` are the events that were folded to `state`.
    pub fn from_events(state: &State, events: &[Recorded]) -> Self {
        let (status, reason) = current_status(state);
        let gates = state.pipeline.phases.iter().filter(|phase| phase.gate.is_some());
        let gates: Vec<_> = gates.map(|phase| gate_result(state, phase)).collect();
        let attempts = || gates.iter().flat_map(|gate| &gate.attempts);
        Self {
            format: RESULT_FORMAT,
            task_id: state.created.task_id.clone(),
            run_id: state.created.run_id.clone(),
            status,
            reason,
            remedy: match status {
                TaskStatus::Failed => latest_hint(events),
                _ => state.stopped.as_deref().and_then(|stopped| split_hint(stopped).1),
            },
            scripted: state.created.scripted,
            forks: state.forks.clone(),
            repository: state
                .created
                .repository
                .as_ref()
                .map(|base| RepositoryResult { base: base.commit.clone(), branch: state.branch.clone() }),
            acceptance: state.acceptance(),
            artifacts: state.artifacts.values().map(|known| (known.name.clone(), known.digest.clone())).collect(),
            approvals: attempts().flat_map(|attempt| attempt.approvals.clone()).collect(),
            dropped_tests: dropped_tests(state),
            proposals: state.proposals.clone(),
            maybe_billed: unanswered_calls(events),
            totals: total(state, events).into(),
            gates,
        }
    }
}

fn current_status(state: &State) -> (TaskStatus, String) {
    if let Some((status, reason)) = state.ended() {
        let status = match status {
            RunStatus::Passed => TaskStatus::Passed,
            RunStatus::Failed => TaskStatus::Failed,
            RunStatus::Aborted => TaskStatus::Aborted,
        };
        return (status, reason.to_owned());
    }
    if let Some((_, _, question)) = state.waiting() {
        return (TaskStatus::Waiting, question_in_words(question));
    }
    if let Some(reason) = &state.stopped {
        return (TaskStatus::Stopped, split_hint(reason).0.to_owned());
    }
    let place = state.phase().map(|phase| format!("phase {}, attempt {}", phase.name, state.attempt(&phase.name)));
    (TaskStatus::Running, place.unwrap_or_else(|| "every phase is done".to_owned()))
}

/// Returns the hint about the latest attempt, if its submission was invalid.
fn latest_hint(events: &[Recorded]) -> Option<String> {
    events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::PhaseFinished { at, outcome, .. } => Some(outcome.hint(at)),
        _ => None,
    })?
}

fn gate_result(state: &State, phase: &Phase) -> GateResult {
    let judged = state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default();
    let attempts = judged.iter().map(|judged| GateAttempt {
        attempt: judged.attempt,
        verdict: judged.verdict,
        reason: judged.reason.clone(),
        issues: IssueCounts::from_judgement(judged),
        decided: judged.decided.as_ref().map(summarize),
        approvals: judged.approvals.iter().map(|approval| person_decision(phase, judged, approval)).collect(),
    });
    let standing = judged.last().map_or(GateStatus::NotReached, |last| {
        match (last.approvals.last().map(|approval| &approval.choice), last.verdict) {
            (Some(Choice::Override), _) => GateStatus::Overridden,
            (Some(Choice::Reject { .. }), _) => GateStatus::Rejected,
            (_, Verdict::Passed) => GateStatus::Passed,
            (_, Verdict::PassedWithConditions) => GateStatus::PassedWithConditions,
            (_, Verdict::Failed) => GateStatus::Failed,
            (_, Verdict::NotJudged) => GateStatus::NotJudged,
        }
    });
    GateResult { gate: phase.name.clone(), standing, attempts: attempts.collect() }
}

fn summarize(decided: &FeedbackOutcome) -> DecisionSummary {
    match decided {
        FeedbackOutcome::Revise { rework } => {
            DecisionSummary::Revise(rework.iter().map(|rework| rework.phase.clone()).collect())
        }
        FeedbackOutcome::AskAPerson { reason } => DecisionSummary::AskAPerson(reason.clone()),
        FeedbackOutcome::GiveUp { reason } => DecisionSummary::GiveUp(reason.clone()),
        FeedbackOutcome::Refused { reason } => DecisionSummary::Refused(reason.clone()),
    }
}

fn person_decision(phase: &Phase, judged: &RecordedJudgement, approval: &Approval) -> PersonDecision {
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

fn dropped_tests(state: &State) -> Vec<Dropped> {
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

/// A call may be asked again. An answer or an error belongs to the latest request; the earlier ones stay unanswered.
fn unanswered_calls(events: &[Recorded]) -> Vec<UnansweredCall> {
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
            Event::ModelTried { at, call, .. } | Event::ModelAnswered { at, call, .. } => {
                answered.extend(newest.remove(&(at, *call)))
            }
            _ => {}
        }
    }
    answered.sort_unstable();
    let is_open = |index: &usize| answered.binary_search(index).is_err();
    let mut open: Vec<UnansweredCall> =
        open.into_iter().enumerate().filter(|(index, _)| is_open(index)).map(|(_, call)| call).collect();
    // Overlapping calls are recorded as they happen, and listed by their numbers.
    open.chunk_by_mut(|one, next| one.at == next.at).for_each(|attempt| attempt.sort_by_key(|call| call.call));
    open
}
