//! The part of a cell that other cells have as well: the beginning of its run, or its whole run.
//!
//! A cell that continues a common beginning costs as much as if it had run alone, so that variants can be compared. The cost
//! of the beginning is known apart. Pure; cannot fail.

use serde::Serialize;

use crate::event::Recorded;
use crate::measures::effort;
use crate::names::RunId;
use crate::result::Totals;
use crate::state::State;

/// The part of a cell that other cells have as well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedCost {
    /// The run that has this part.
    pub run: RunId,
    /// Whether it is the whole run: the strategy was never asked.
    pub whole: bool,
    /// Its number of events.
    pub events: u64,
    /// Model calls with an answer or an error.
    pub calls: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Milliseconds of work.
    pub elapsed_ms: u64,
}

impl SharedCost {
    /// Returns what a run has from the run that it forks; `None` for a run that is no fork. `events` are the events that were
    /// folded to `state`.
    pub fn of_fork(state: &State, events: &[Recorded]) -> Option<Self> {
        let fork = state.forks.last()?;
        let shared = usize::try_from(fork.shared).ok().and_then(|count| events.get(..count));
        Some(Self::new(fork.origin.clone(), shared.unwrap_or(events), false))
    }

    /// Returns a run that several cells have as a whole, or so far.
    pub fn whole_run(state: &State, events: &[Recorded]) -> Self {
        Self::new(state.created.run_id.clone(), events, state.ended().is_some())
    }

    fn new(run: RunId, events: &[Recorded], whole: bool) -> Self {
        let totals = Totals::from(effort(events));
        Self {
            run,
            whole,
            events: events.len() as u64,
            calls: totals.calls,
            tokens: totals.input_tokens + totals.output_tokens,
            usd: if totals.calls == 0 { Some(0.0) } else { totals.usd },
            elapsed_ms: totals.elapsed_ms,
        }
    }
}
