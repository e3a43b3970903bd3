//! What a comparison of two runs comes to: how each ended, until where they are the same, and what followed.

use std::collections::BTreeSet;

use serde::Serialize;

use super::difference::Divergence;
use super::own::split_recorded;
use super::steps::steps;
use crate::acceptance::Acceptance;
use crate::event::{Choice, Event, FeedbackOutcome, Recorded};
use crate::names::{AttemptId, PhaseName};
use crate::result::{GateStatus, TaskResult, TaskStatus, Totals};

/// What the comparison of a run with the first one comes to. Pairs have the first run first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairAnswer {
    /// How the runs ended.
    pub outcomes: [Outcome; 2],
    /// The last attempt that is the same in both; `None` where not even the first is.
    pub same_until: Option<AttemptId>,
    /// The number of attempts that are the same in both.
    pub shared_steps: usize,
    /// What followed the failed gates after the shared attempts.
    pub reactions: [Vec<Reaction>; 2],
    /// What the attempts after the shared ones used.
    pub after: [CostAfter; 2],
}

/// How a run ended, or how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The status.
    pub status: TaskStatus,
    /// Whether the delivered code is accepted; left out where there are no acceptance tests.
    #[serde(flatten, skip_serializing_if = "Acceptance::is_not_tested")]
    pub acceptance: Acceptance,
    /// The gates that a person overrode; a pass with one is not a pass of the work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<PhaseName>,
    /// The gate that the run did not get past, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<PhaseName>,
    /// The number of judgements that did not pass.
    pub failed_judgements: usize,
}

/// What followed a gate that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// These phases revised.
    Revise(Vec<PhaseName>),
    /// A person let the run continue.
    Override,
    /// The strategy asked for a person.
    AskAPerson,
    /// The strategy gave up.
    GiveUp,
    /// The strategy's decision was refused.
    Refused,
    /// A person ended the run.
    Abort,
}

/// What some attempts of a run used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CostAfter {
    /// What the run itself used.
    pub own: Totals,
    /// What recorded answers stand for, which another run paid for.
    pub recorded: Totals,
}

impl Outcome {
    /// Returns the outcome of a run.
    pub(super) fn from_result(result: &TaskResult) -> Self {
        let with = |standing| result.gates.iter().filter(move |gate| gate.standing == standing);
        let has_failed = result.status == TaskStatus::Failed;
        let failing = [GateStatus::Failed, GateStatus::NotJudged, GateStatus::Rejected];
        let failed = result.gates.iter().rfind(|gate| failing.contains(&gate.standing));
        let attempts = result.gates.iter().flat_map(|gate| &gate.attempts);
        Self {
            status: result.status,
            acceptance: result.acceptance.clone(),
            overridden: with(GateStatus::Overridden).map(|gate| gate.gate.clone()).collect(),
            failed_at: failed.filter(|_| has_failed).map(|gate| gate.gate.clone()),
            failed_judgements: attempts.filter(|attempt| !attempt.verdict.passes()).count(),
        }
    }

    /// Whether the run ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.status, TaskStatus::Passed | TaskStatus::Failed | TaskStatus::Aborted)
    }
}

impl PairAnswer {
    /// Returns the answer for two runs that leave each other here.
    pub(super) fn new(outcomes: [Outcome; 2], events: [&[Recorded]; 2], divergence: &Divergence<'_>) -> Self {
        let all = events.map(steps);
        let open: BTreeSet<&AttemptId> = divergence.rest.iter().flatten().filter_map(|it| work_of(&it.event)).collect();
        let [first, other] = &all;
        let shared: Vec<&AttemptId> = first
            .iter()
            .zip(other)
            .map_while(|(one, same)| (one.at == same.at && !open.contains(&one.at)).then_some(&one.at))
            .collect();
        let after = |events: &[Recorded]| {
            let later = events.iter().filter(|it| it.event.attempt().is_some_and(|at| !shared.contains(&at)));
            let (own, recorded) = split_recorded(later);
            CostAfter { own: own.into(), recorded: recorded.into() }
        };
        Self {
            outcomes,
            same_until: shared.last().map(|at| (*at).clone()),
            shared_steps: shared.len(),
            reactions: divergence
                .rest
                .each_ref()
                .map(|rest| rest.iter().filter_map(|it| reaction(&it.event)).collect()),
            after: events.map(after),
        }
    }
}

/// Returns the attempt that an event belongs to, unless the event is about what follows the attempt.
fn work_of(event: &Event) -> Option<&AttemptId> {
    match event {
        Event::FeedbackDecided { .. } | Event::ApprovalAsked { .. } | Event::ApprovalGiven { .. } => None,
        event => event.attempt(),
    }
}

fn reaction(event: &Event) -> Option<Reaction> {
    match event {
        Event::FeedbackDecided { decided, .. } => Some(match decided {
            FeedbackOutcome::Revise { rework } => {
                Reaction::Revise(rework.iter().map(|rework| rework.phase.clone()).collect())
            }
            FeedbackOutcome::AskAPerson { .. } => Reaction::AskAPerson,
            FeedbackOutcome::GiveUp { .. } => Reaction::GiveUp,
            FeedbackOutcome::Refused { .. } => Reaction::Refused,
        }),
        Event::ApprovalGiven { choice: Choice::Override, .. } => Some(Reaction::Override),
        Event::ApprovalGiven { choice: Choice::Abort, .. } => Some(Reaction::Abort),
        Event::ApprovalGiven { choice: Choice::Reject { revise: Some(phase) }, .. } => {
            Some(Reaction::Revise(vec![phase.clone()]))
        }
        _ => None,
    }
}
