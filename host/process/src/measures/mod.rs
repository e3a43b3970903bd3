//! The host's measurements of a run: the artifact `run_measures`, and the figures from which later runs estimate.
//!
//! Everything is counted from the events: every judgement of every gate and every answered call. Time is the time of
//! agents and test runs; waiting for people is not counted. Cannot fail.

mod expected;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::{Event, Recorded, RunStatus};
use crate::names::{PhaseName, RunId};
use crate::state::{Spending, State, bounded_sum};

pub use expected::{Expected, ExpectedEffort, PastEffort};

/// The figures of a run that passed, for estimation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// The run's id.
    pub run_id: RunId,
    /// The total complexity that its plan estimated.
    pub est_complexity: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Milliseconds of work, without waiting for people.
    pub latency_ms: u64,
}

/// The effort of one phase or of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Effort {
    /// The model usage.
    pub spent: Spending,
    /// Milliseconds of work.
    pub elapsed_ms: u64,
}

impl Effort {
    /// Adds what an event says about effort. Recorded answers count with what the run that asked for them paid.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::ModelAsked { model, .. } => self.spent.ask(model),
            Event::ModelTried { cost, .. } => self.spent.fail(cost),
            Event::ModelAnswered { usage, recorded, .. } => {
                self.spent.answer(usage);
                self.spent.recorded += u64::from(*recorded);
            }
            // Trial runs happen while their agent runs, so its time includes them.
            Event::TestsRan { call: None, elapsed_ms, .. }
            | Event::BaselineRan { elapsed_ms, .. }
            | Event::PhaseFinished { elapsed_ms, .. } => self.elapsed_ms = bounded_sum(self.elapsed_ms, *elapsed_ms),
            _ => {}
        }
    }
}

/// Whether an event changes the effort of its phase.
fn is_effort(event: &Event) -> bool {
    matches!(
        event,
        Event::ModelAsked { .. }
            | Event::ModelTried { .. }
            | Event::ModelAnswered { .. }
            | Event::TestsRan { call: None, .. }
            | Event::BaselineRan { .. }
            | Event::PhaseFinished { .. }
    )
}

/// Returns the effort of each phase that did any work.
pub fn efforts(events: &[Recorded]) -> BTreeMap<&PhaseName, Effort> {
    let mut efforts: BTreeMap<&PhaseName, Effort> = BTreeMap::new();
    for event in events.iter().map(|recorded| &recorded.event).filter(|event| is_effort(event)) {
        if let Some(at) = event.attempt() {
            efforts.entry(&at.phase).or_default().add(event);
        }
    }
    efforts
}

/// Returns the effort of these events together.
pub fn effort(events: &[Recorded]) -> Effort {
    events.iter().fold(Effort::default(), |mut sum, recorded| {
        sum.add(&recorded.event);
        sum
    })
}

/// Returns the effort of the whole run.
pub fn total(state: &State, events: &[Recorded]) -> Effort {
    let elapsed_ms = efforts(events).values().map(|effort| effort.elapsed_ms).fold(0, bounded_sum);
    Effort { spent: state.spent, elapsed_ms }
}

/// Returns a run's figures; `None` where it did not pass, or its plan has no complexity.
pub fn finished_run(state: &State, events: &[Recorded], plan: Option<&Value>) -> Option<FinishedRun> {
    let (RunStatus::Passed, _) = state.ended()? else { return None };
    let effort = total(state, events);
    Some(FinishedRun {
        run_id: state.created.run_id.clone(),
        est_complexity: plan?.get("total_est_complexity")?.as_u64()?,
        tokens: effort.spent.input_tokens + effort.spent.output_tokens,
        usd: effort.spent.usd,
        latency_ms: effort.elapsed_ms,
    })
}

/// Returns what a run took; `None` where it has not ended, or a person ended it.
pub fn past_effort(state: &State, events: &[Recorded]) -> Option<PastEffort> {
    let (RunStatus::Passed | RunStatus::Failed, _) = state.ended()? else { return None };
    let Effort { spent, elapsed_ms } = total(state, events);
    Some(PastEffort {
        pipeline: state.pipeline.name.clone(),
        scripted: state.created.scripted,
        calls: spent.calls,
        tokens: spent.input_tokens.saturating_add(spent.output_tokens),
        usd: spent.known_usd(),
        elapsed_ms,
    })
}

/// Returns the artifact `run_measures`. The time of the running attempt is counted up to `now_ms`, in Unix
/// milliseconds.
pub fn run_measures(state: &State, events: &[Recorded], history: &[FinishedRun], now_ms: u64) -> Value {
    let efforts = efforts(events);
    let under_way = state.running().map(|(at, _)| {
        let started = events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::PhaseStarted { at: started, .. } if *started == at => Some(recorded.at_ms),
            _ => None,
        });
        (at.phase, now_ms.saturating_sub(started.unwrap_or(now_ms)))
    });
    let mut elapsed_ms = 0;
    let mut phases = Vec::new();
    let mut defects = Vec::new();
    for phase in &state.pipeline.phases {
        let mut effort = efforts.get(&phase.name).copied().unwrap_or_default();
        let now = under_way.as_ref().filter(|(name, _)| *name == phase.name).map_or(0, |(_, ms)| *ms);
        effort.elapsed_ms = bounded_sum(effort.elapsed_ms, now);
        elapsed_ms = bounded_sum(elapsed_ms, effort.elapsed_ms);
        let known = state.phases.get(&phase.name).cloned().unwrap_or_default();
        phases.push(json!({
            "phase": phase.name,
            "gate": phase.gate.is_some(),
            "attempts": known.attempts,
            "calls": effort.spent.calls,
            "input_tokens": effort.spent.input_tokens,
            "output_tokens": effort.spent.output_tokens,
            "usd": effort.spent.usd,
            "elapsed_ms": effort.elapsed_ms,
            "verdicts": known.judged.iter().map(|judged| judged.verdict).collect::<Vec<_>>(),
        }));
        for judged in &known.judged {
            defects.extend(judged.issues.iter().map(|issue| {
                json!({
                    "id": issue.id,
                    "gate": phase.name,
                    "attempt": judged.attempt,
                    "severity": issue.severity,
                    "defect_type": issue.defect_type,
                    "phase_injected": issue.phase_injected,
                    "description": issue.description,
                })
            }));
        }
    }
    json!({
        "phases": phases,
        "totals": {
            "calls": state.spent.calls,
            "input_tokens": state.spent.input_tokens,
            "output_tokens": state.spent.output_tokens,
            "usd": state.spent.usd,
            "elapsed_ms": elapsed_ms,
        },
        "defects": defects,
        "finished_runs": history,
    })
}

#[cfg(test)]
mod tests;
