//! History for new runs: figures of finished runs for estimates, and people's decisions on improvement proposals.
//!
//! Each run is folded once and later updated with its new events, so that creating many runs in one process does not read
//! every journal again. A run that cannot be read is skipped; `phasegate show` reports its fault.

pub(crate) mod proposals;

use std::collections::HashMap;
use std::sync::Mutex;

use phasegate_journal::Journal;
use phasegate_process::artifact::kinds;
use phasegate_process::measures::{FinishedRun, finished_run};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Recorded, RunId};
use serde_json::Value;

use crate::error::Error;
use crate::history::proposals::process_notes;
use crate::store::blobs::read_json;
use crate::store::load::load_run;

/// Number of the newest runs that are read.
pub(crate) const MAX_RUNS: usize = 50;

/// Cache of folded runs, up to the events that were read last.
#[derive(Default)]
pub(crate) struct History(Mutex<HashMap<RunId, KnownRun>>);

struct KnownRun {
    state: State,
    events: Vec<Recorded>,
    /// Figures of a finished run. They do not change any more.
    figures: Option<FinishedRun>,
}

impl History {
    /// Returns the figures of the newest finished runs, and the process notes from people's decisions.
    pub(crate) fn summarize(&self, journal: &dyn Journal) -> Result<(Vec<FinishedRun>, Value), Error> {
        let newest: Vec<RunId> = journal.runs()?.into_iter().take(MAX_RUNS).collect();
        let mut known = lock(&self.0);
        known.retain(|run, _| newest.contains(run));
        let mut history = Vec::new();
        let mut states = Vec::new();
        for run in newest {
            let fresh = match known.remove(&run) {
                Some(known) => read_new_events(journal, &run, known),
                None => load_run(journal, &run).map(|(state, events)| KnownRun { state, events, figures: None }),
            };
            let Ok(mut fresh) = fresh else { continue };
            // A fork shares work with its origin, which would count twice.
            if fresh.figures.is_none() && fresh.state.ended().is_some() && fresh.state.forks.is_empty() {
                fresh.figures = load_figures(journal, &fresh);
            }
            history.extend(fresh.figures.clone());
            if !fresh.state.proposals.is_empty() {
                states.push(fresh.state.clone());
            }
            known.insert(run, fresh);
        }
        Ok((history, process_notes(journal, &states)?))
    }
}

/// Returns an empty history. Cells of an experiment use it, so that they do not depend on the order in which they run.
pub(crate) fn empty(journal: &dyn Journal) -> Result<(Vec<FinishedRun>, Value), Error> {
    Ok((Vec::new(), process_notes(journal, &[])?))
}

fn load_figures(journal: &dyn Journal, known: &KnownRun) -> Option<FinishedRun> {
    let plan = known.state.artifacts.iter().find(|(name, _)| name.as_str() == kinds::PROJECT_PLAN);
    let plan: Option<Value> = plan.and_then(|(_, artifact)| read_json(journal, &artifact.digest).ok());
    finished_run(&known.state, &known.events, plan.as_ref())
}

fn read_new_events(journal: &dyn Journal, run: &RunId, mut known: KnownRun) -> Result<KnownRun, Error> {
    for event in journal.events_after(run, known.state.events)? {
        known.state.apply(&event)?;
        known.events.push(event);
    }
    Ok(known)
}
