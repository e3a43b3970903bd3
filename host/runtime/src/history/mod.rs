//! History for new runs: figures of finished runs for estimates, and people's decisions on improvement proposals.
//!
//! Each run is folded once and later updated with its new events, so that creating many runs in one process does not read
//! every journal again. A run that cannot be read is skipped; `phasegate runs` and `doctor` report its fault. Of an imported run
//! only what people here decided counts.

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
use crate::history::proposals::{ProposalRun, process_notes};
use crate::store::blobs::read_json;
use crate::store::load::load_run;

/// Number of the newest runs that are read: of those made here, and of those imported.
pub(crate) const MAX_RUNS: usize = 50;

/// Cache of folded runs, up to the events that were read last.
#[derive(Default)]
pub(crate) struct History(Mutex<HashMap<RunId, KnownRun>>);

struct KnownRun {
    state: State,
    events: Vec<Recorded>,
    /// The number of imported events; `None` for a run that was made here.
    imported: Option<u64>,
    /// Figures of a finished run. They do not change any more.
    figures: Option<FinishedRun>,
}

impl History {
    /// Returns the figures of the newest finished runs, and the process notes from people's decisions.
    pub(crate) fn summarize(&self, journal: &dyn Journal) -> Result<(Vec<FinishedRun>, Value), Error> {
        // Imported runs must not displace those that were made here.
        let is_own = |run: &RunId| matches!(journal.imported(run), Ok(None));
        let (own, imported): (Vec<RunId>, Vec<RunId>) = journal.runs()?.into_iter().partition(is_own);
        let newest: Vec<RunId> = own.into_iter().take(MAX_RUNS).chain(imported.into_iter().take(MAX_RUNS)).collect();
        let mut known = lock(&self.0);
        known.retain(|run, _| newest.contains(run));
        let mut history = Vec::new();
        let mut decided = Vec::new();
        for run in newest {
            let fresh = match known.remove(&run) {
                Some(known) => read_new_events(journal, &run, known),
                None => load(journal, &run),
            };
            let mut fresh = match fresh {
                Ok(fresh) => fresh,
                Err(error) => {
                    tracing::warn!(%error, %run, "a run cannot be read, and is left out of the history");
                    continue;
                }
            };
            // A fork shares work with its origin, which would count twice. The figures of an imported run may be invented.
            let counts = fresh.state.forks.is_empty() && fresh.imported.is_none();
            if fresh.figures.is_none() && fresh.state.ended().is_some() && counts {
                fresh.figures = load_figures(journal, &fresh);
            }
            history.extend(fresh.figures.clone());
            if !fresh.state.proposals.is_empty() {
                decided.push(ProposalRun::new(fresh.state.clone(), &fresh.events, fresh.imported));
            }
            known.insert(run, fresh);
        }
        Ok((history, process_notes(journal, &decided)))
    }
}

/// Returns an empty history. Cells of an experiment use it, so that they do not depend on the order in which they run.
pub(crate) fn empty(journal: &dyn Journal) -> (Vec<FinishedRun>, Value) {
    (Vec::new(), process_notes(journal, &[]))
}

fn load(journal: &dyn Journal, run: &RunId) -> Result<KnownRun, Error> {
    let (state, events) = load_run(journal, run)?;
    Ok(KnownRun { state, events, imported: journal.imported(run)?, figures: None })
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
