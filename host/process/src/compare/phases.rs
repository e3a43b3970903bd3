//! The effort of every phase in every run.

use serde::Serialize;

use super::own::split_fork;
use crate::event::{Event, Recorded};
use crate::measures::efforts;
use crate::names::PhaseName;
use crate::result::Totals;
use crate::state::State;

/// One phase in all of the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseRow {
    /// The phase.
    pub phase: PhaseName,
    /// Whether it is a gate in one of the runs.
    pub gate: bool,
    /// Its figures in the order of the runs; `None` where a run's pipeline does not have the phase.
    pub runs: Vec<Option<PhaseFigures>>,
}

/// One phase in one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PhaseFigures {
    /// The number of attempts that began.
    pub attempts: usize,
    /// The totals of its agent and test runs, over all attempts.
    #[serde(rename = "took")]
    pub totals: Totals,
    /// As in [`super::RunFigures::own`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Totals>,
    /// As in [`super::RunFigures::shared`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Totals>,
}

/// Returns the phases of all runs. A phase that earlier runs do not have comes after the phase that it follows in its own
/// pipeline.
pub(super) fn phase_rows(runs: &[(&State, &[Recorded])]) -> Vec<PhaseRow> {
    let mut rows: Vec<PhaseRow> = Vec::new();
    for (state, _) in runs {
        let mut next = 0;
        for phase in &state.pipeline.phases {
            let place = rows.iter().position(|row| row.phase == phase.name).unwrap_or_else(|| {
                rows.insert(next, PhaseRow { phase: phase.name.clone(), gate: false, runs: Vec::new() });
                next
            });
            if let Some(row) = rows.get_mut(place) {
                row.gate |= phase.gate.is_some();
            }
            next = place + 1;
        }
    }
    for row in &mut rows {
        row.runs = runs.iter().map(|(state, events)| phase_figures(state, events, &row.phase)).collect();
    }
    rows
}

fn phase_figures(state: &State, events: &[Recorded], phase: &PhaseName) -> Option<PhaseFigures> {
    state.pipeline.phase(phase)?;
    let starts = |recorded: &&Recorded| matches!(&recorded.event, Event::PhaseStarted { at, .. } if at.phase == *phase);
    let (own, shared) = split_fork(events, |at| at.phase == *phase).unzip();
    Some(PhaseFigures {
        own,
        shared,
        attempts: events.iter().filter(starts).count(),
        totals: efforts(events).get(phase).copied().unwrap_or_default().into(),
    })
}
