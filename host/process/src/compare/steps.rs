//! The attempts of runs as a picture shows them: those that all runs share once, and then those of each run.

use serde::Serialize;

use crate::event::{Event, PhaseOutcome, Recorded, Verdict};
use crate::measures::Effort;
use crate::model::Usage;
use crate::names::AttemptId;
use crate::result::Totals;
use crate::state::State;

/// The attempts of two or more runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Steps {
    /// The first attempts, which are the same in all runs; figures are those of the first run.
    pub shared: Vec<Step>,
    /// The further attempts of each run.
    pub runs: Vec<Vec<Step>>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The attempt.
    #[serde(flatten)]
    pub at: AttemptId,
    /// How it ended.
    pub status: StepStatus,
    /// The totals of its agent and test runs. Recorded answers are counted, and nothing else of them.
    #[serde(rename = "took")]
    pub totals: Totals,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It has no end.
    Running,
    /// It submitted valid work, which is not judged.
    Done,
    /// It submitted no valid work.
    Invalid,
    /// It is a gate with this verdict.
    #[serde(untagged)]
    Judged(Verdict),
}

impl StepStatus {
    /// Returns the word used in JSON and in pictures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Invalid => "invalid",
            Self::Judged(verdict) => verdict.as_str(),
        }
    }
}

impl Steps {
    /// Returns the attempts of these runs, of which the first `shared` are the same.
    pub(super) fn new(runs: &[(&State, &[Recorded])], shared: usize) -> Self {
        let mut all: Vec<Vec<Step>> = runs.iter().map(|(_, events)| steps(events)).collect();
        let rests = all.iter_mut().map(|steps| steps.split_off(shared.min(steps.len()))).collect();
        Self { shared: all.into_iter().next().unwrap_or_default(), runs: rests }
    }
}

/// Returns the attempts of a run in the order in which they began.
pub(super) fn steps(events: &[Recorded]) -> Vec<Step> {
    let mut steps: Vec<(AttemptId, StepStatus, Effort)> = Vec::new();
    for Recorded { event, .. } in events {
        let Some(at) = event.attempt() else { continue };
        if matches!(event, Event::PhaseStarted { .. }) {
            steps.push((at.clone(), StepStatus::Running, Effort::default()));
        }
        // An attempt is judged after its agent returned, and nothing else happens between.
        let Some((_, status, effort)) = steps.iter_mut().rfind(|(known, ..)| known == at) else { continue };
        match event {
            Event::ModelAnswered { recorded: true, .. } => {
                effort.spent.answer(&Usage::default());
                effort.spent.recorded += 1;
            }
            event => effort.add(event),
        }
        match event {
            Event::PhaseFinished { outcome: PhaseOutcome::Submitted { .. }, .. } => *status = StepStatus::Done,
            Event::PhaseFinished { .. } => *status = StepStatus::Invalid,
            Event::GateJudged { verdict, .. } => *status = StepStatus::Judged(*verdict),
            _ => {}
        }
    }
    steps.into_iter().map(|(at, status, effort)| Step { at, status, totals: effort.into() }).collect()
}
