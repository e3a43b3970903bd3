//! What the host measured of a run: the input `run_measures`, and the figures that later runs estimate from.
//!
//! Everything is counted from the events: every judgement of every gate, every answered call, and as time what agents and
//! test runs took, so that a run that waited a week for a person did not work for a week. Cannot fail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::{Spending, State, bounded_sum};
use crate::{Event, PhaseName, Recorded, RunId, RunStatus};

/// A run that passed, as estimation sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedRun {
    /// The run.
    pub run_id: RunId,
    /// What its plan said of its size.
    pub est_complexity: u64,
    /// Tokens read and written.
    pub tokens: u64,
    /// US dollars; `None` where a price was not known.
    pub usd: Option<f64>,
    /// Milliseconds of work, waiting for people not counted.
    pub latency_ms: u64,
}

/// What one phase took, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effort {
    /// What models took.
    pub spent: Spending,
    /// Milliseconds of work.
    pub elapsed_ms: u64,
}

impl Default for Effort {
    fn default() -> Self {
        // Nothing asked is known to have cost nothing.
        Self { spent: Spending { usd: Some(0.0), ..Spending::default() }, elapsed_ms: 0 }
    }
}

/// The effort of each phase that did anything.
pub fn efforts(events: &[Recorded]) -> BTreeMap<&PhaseName, Effort> {
    let mut efforts: BTreeMap<&PhaseName, Effort> = BTreeMap::new();
    for recorded in events {
        match &recorded.event {
            Event::ModelAsked { at, .. } => efforts.entry(&at.phase).or_default().spent.unanswered += 1,
            Event::ModelAnswered { at, usage, .. } => {
                let spent = &mut efforts.entry(&at.phase).or_default().spent;
                spent.add(usage);
                spent.unanswered = spent.unanswered.saturating_sub(1);
            }
            // Trial runs happen while their agent runs and are in its time already.
            Event::TestsRan { at, call: None, elapsed_ms, .. } | Event::PhaseFinished { at, elapsed_ms, .. } => {
                let effort = efforts.entry(&at.phase).or_default();
                effort.elapsed_ms = bounded_sum(effort.elapsed_ms, *elapsed_ms);
            }
            _ => {}
        }
    }
    efforts
}

/// The effort of the whole run.
pub fn total(state: &State, events: &[Recorded]) -> Effort {
    let elapsed_ms = efforts(events).values().map(|effort| effort.elapsed_ms).fold(0, bounded_sum);
    Effort { spent: state.spent, elapsed_ms }
}

/// A run's figures, where it passed and had a plan that says how big it was.
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

/// The artifact `run_measures`. Of an attempt under way, the time up to `now_ms` is counted.
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
