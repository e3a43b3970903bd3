//! History for new runs: figures of finished runs for estimates, and people's decisions on improvement proposals.
//!
//! A run is read once, and again when the journal holds more of its events. A run that this process executes is not read:
//! its summary is made from memory when it ends. A run that cannot be read is skipped; `phasegate runs` and `doctor` report
//! its fault. Of an imported run only what people here decided counts. No lock is held while the journal is read.

pub(crate) mod proposals;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use phasegate_journal::Journal;
use phasegate_process::artifact::kinds;
use phasegate_process::measures::{ExpectedEffort, FinishedRun, PastEffort, finished_run, past_effort};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Event, Recorded, RunId};
use serde_json::Value;

use crate::error::Error;
use crate::history::proposals::{Proposal, parse_proposals, process_notes};
use crate::store::blobs::read_json;
use crate::store::load::load_run_sharing;
use crate::store::pipelines::Pipelines;

/// Number of the newest runs that are read: of those made here, and of those imported.
pub(crate) const MAX_RUNS: usize = 50;
/// The most summaries that are kept while no run is created.
const MAX_KNOWN: usize = 1_000;

/// The summaries of runs. Clones share them.
#[derive(Default, Clone)]
pub(crate) struct History(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    runs: HashMap<RunId, RunSummary>,
    /// The runs that this process executes.
    under_way: HashSet<RunId>,
}

/// What new runs learn from a run.
struct RunSummary {
    /// The number of the last event that it was made from.
    last: u64,
    figures: Option<FinishedRun>,
    /// What it took, if it ended by itself.
    effort: Option<PastEffort>,
    /// Empty if nobody decided on one.
    proposals: Vec<Proposal>,
}

impl History {
    /// Returns the figures of the newest finished runs, and the process notes from people's decisions.
    pub(crate) fn summarize(
        &self,
        journal: &dyn Journal,
        pipelines: &Pipelines,
    ) -> Result<(Vec<FinishedRun>, Value), Error> {
        // Imported runs must not displace those that were made here.
        let mut newest = journal.newest(true, MAX_RUNS)?;
        newest.extend(journal.newest(false, MAX_RUNS)?);
        let unread = lock(&self.0).unread(&newest);
        let read: Vec<_> = unread.into_iter().map(|(run, last)| (run, read(journal, run, last, pipelines))).collect();
        let mut known = lock(&self.0);
        for (run, read) in read {
            match (read, known.runs.get_mut(run)) {
                (Ok(Read::Summary(summary)), _) => drop(known.runs.insert(run.clone(), summary)),
                (Ok(Read::NothingNew(last)), Some(summary)) => summary.last = last,
                (Ok(Read::NothingNew(_)), None) => {}
                (Err(error), _) => {
                    tracing::warn!(%error, %run, "a run cannot be read, and is left out of the history");
                    known.runs.remove(run);
                }
            }
        }
        known.keep(&newest);
        let summaries: Vec<&RunSummary> = newest.iter().filter_map(|(run, _)| known.runs.get(run)).collect();
        let figures = summaries.iter().filter_map(|summary| summary.figures.clone()).collect();
        Ok((figures, process_notes(summaries.iter().flat_map(|summary| &summary.proposals))))
    }

    /// Returns what a run of this pipeline will probably take, from the runs that [`History::summarize`] read. Runs with scripted
    /// answers and others are kept apart.
    pub(crate) fn expect(&self, pipeline: &str, scripted: bool) -> Option<ExpectedEffort> {
        let known = lock(&self.0);
        let efforts = known.runs.values().filter_map(|run| run.effort.as_ref());
        ExpectedEffort::from_runs(efforts.filter(|run| run.pipeline == pipeline && run.scripted == scripted))
    }

    /// Notes that this process executes a run that it has just created.
    pub(crate) fn begin(&self, run: RunId) -> UnderWay {
        lock(&self.0).under_way.insert(run.clone());
        UnderWay { history: self.clone(), run, imported: None }
    }

    /// Notes that this process executes a run with these events.
    pub(crate) fn resume(&self, journal: &dyn Journal, state: &State, events: &[Recorded]) -> Result<UnderWay, Error> {
        let run = state.created.run_id.clone();
        let imported = journal.imported(&run)?;
        let mut under_way = self.begin(run);
        under_way.imported = imported;
        under_way.update(journal, state, events);
        Ok(under_way)
    }
}

/// Returns what the newest runs of a journal took that ended by themselves.
pub fn past_efforts(journal: &dyn Journal) -> Result<Vec<PastEffort>, Error> {
    let history = History::default();
    history.summarize(journal, &Pipelines::default())?;
    let known = lock(&history.0);
    Ok(known.runs.values().filter_map(|run| run.effort.clone()).collect())
}

impl Known {
    /// Returns the runs of which the journal may hold more than is known, each with the number of the last known event.
    fn unread<'a>(&self, newest: &'a [(RunId, u64)]) -> Vec<(&'a RunId, u64)> {
        let read = |run: &RunId| self.runs.get(run).map_or(0, |known| known.last);
        let unread = newest.iter().filter(|(run, last)| !self.under_way.contains(run) && read(run) < *last);
        unread.map(|(run, _)| (run, read(run))).collect()
    }

    /// Forgets the summaries of other runs.
    fn keep(&mut self, newest: &[(RunId, u64)]) {
        if self.runs.len() > newest.len() {
            let newest: HashSet<&RunId> = newest.iter().map(|(run, _)| run).collect();
            self.runs.retain(|run, _| newest.contains(run));
        }
    }
}

/// What the journal holds of a run beyond what is known.
enum Read {
    Summary(RunSummary),
    /// Events up to this number, of which none changes the summary.
    NothingNew(u64),
}

/// Reads a run of which the first `last` events are known.
fn read(journal: &dyn Journal, run: &RunId, last: u64, pipelines: &Pipelines) -> Result<Read, Error> {
    if last > 0 {
        let new = journal.events_after(run, last)?;
        let counts = |event: &Event| matches!(event, Event::RunFinished { .. } | Event::ProposalDecided { .. });
        if !new.iter().any(|recorded| counts(&recorded.event)) {
            return Ok(Read::NothingNew(new.last().map_or(last, |recorded| recorded.number)));
        }
    }
    RunSummary::load(journal, run, pipelines).map(Read::Summary)
}

impl RunSummary {
    fn load(journal: &dyn Journal, run: &RunId, pipelines: &Pipelines) -> Result<Self, Error> {
        let (state, events) = load_run_sharing(journal, run, pipelines)?;
        Ok(Self::new(journal, &state, &events, journal.imported(run)?))
    }

    fn new(journal: &dyn Journal, state: &State, events: &[Recorded], imported: Option<u64>) -> Self {
        // A fork shares work with its origin, which would count twice. The figures of an imported run may be invented.
        let counts = state.forks.is_empty() && imported.is_none();
        let figures = if counts { load_figures(journal, state, events) } else { None };
        let effort = if counts { past_effort(state, events) } else { None };
        let proposals = match state.proposals.is_empty() {
            true => Vec::new(),
            false => parse_proposals(journal, state, events, imported).unwrap_or_else(|error| {
                tracing::warn!(%error, run = %state.created.run_id, "the proposals of a run cannot be read");
                Vec::new()
            }),
        };
        Self { last: state.events, figures, effort, proposals }
    }
}

/// A run that this process executes. Dropping it ends that, and the run is read again when the journal holds more of it.
pub(crate) struct UnderWay {
    history: History,
    run: RunId,
    /// The number of imported events; `None` for a run that was made here.
    imported: Option<u64>,
}

impl UnderWay {
    /// Returns the history that the run is a part of.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// Summarizes the run from memory. All its events must be durable.
    pub(crate) fn update(&self, journal: &dyn Journal, state: &State, events: &[Recorded]) {
        let summary = RunSummary::new(journal, state, events, self.imported);
        let mut known = lock(&self.history.0);
        if known.runs.len() >= MAX_KNOWN {
            known.runs.clear();
        }
        known.runs.insert(self.run.clone(), summary);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.history.0).under_way.remove(&self.run);
    }
}

/// Returns an empty history. Cells of an experiment use it, so that they do not depend on the order in which they run.
pub(crate) fn empty() -> (Vec<FinishedRun>, Value) {
    (Vec::new(), process_notes([]))
}

fn load_figures(journal: &dyn Journal, state: &State, events: &[Recorded]) -> Option<FinishedRun> {
    state.ended()?;
    let (_, plan) = state.artifacts.iter().find(|(name, _)| name.as_str() == kinds::PROJECT_PLAN)?;
    let plan: Value = read_json(journal, &plan.digest).ok()?;
    finished_run(state, events, Some(&plan))
}

#[cfg(test)]
mod tests;
