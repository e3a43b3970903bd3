//! The runs of an experiment that a journal holds: those of cells, and those of variants or tasks that have been edited since.

use std::collections::BTreeSet;

use phasegate_broker::PriceTable;
use phasegate_journal::Journal;
use phasegate_process::{Event, RunId, TaskId};
use phasegate_runtime::{Error, ExperimentCell, RunSettings, read_json};

use crate::file::Experiment;
use crate::identity::run_id_start;
use crate::plan::Plan;

/// A run of an experiment.
#[derive(Debug, Clone)]
pub struct KnownRun {
    /// The id.
    pub run: RunId,
    /// Its task.
    pub task: TaskId,
    /// The cell that it was made for.
    pub cell: ExperimentCell,
    /// The prices that it pins.
    pub prices: PriceTable,
    /// Whether it has ended and no person was asked.
    ended_unasked: bool,
}

impl Experiment {
    /// Returns all runs that were made here for an experiment of this name, oldest first.
    pub fn known_runs(&self, journal: &dyn Journal) -> Result<Vec<KnownRun>, Error> {
        let start = run_id_start(&self.name);
        let mut known = Vec::new();
        for run in journal.runs()?.into_iter().rev().filter(|run| run.as_str().starts_with(&start)) {
            // Nothing was paid here for an imported run.
            if journal.imported(&run)?.is_none() {
                known.extend(self.known_run(journal, run)?);
            }
        }
        Ok(known)
    }

    fn known_run(&self, journal: &dyn Journal, run: RunId) -> Result<Option<KnownRun>, Error> {
        let events = journal.events(&run)?;
        // A fork pins its own settings.
        let pinned = events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::RunCreated(created) => Some(created.as_ref()),
            Event::RunForked(forked) => Some(&forked.created),
            _ => None,
        });
        let Some(created) = pinned else { return Ok(None) };
        let settings: RunSettings = read_json(journal, &created.settings)?;
        let has = |wanted: fn(&Event) -> bool| events.iter().any(|recorded| wanted(&recorded.event));
        let ended = has(|event| matches!(event, Event::RunFinished { .. }));
        let asked = has(|event| matches!(event, Event::ApprovalAsked { .. }));
        let cell = settings.cell.filter(|cell| cell.experiment == self.name);
        Ok(cell.map(|cell| KnownRun {
            run,
            task: created.task_id.clone(),
            cell,
            prices: settings.prices,
            ended_unasked: ended && !asked,
        }))
    }
}

impl Plan {
    /// Gives each cell its run in the journal, also where the variant was renamed since. A run of an earlier build, whose gates
    /// could ask, is one if no person was asked or people are asked now. Returns the runs that belong to no cell.
    pub fn adopt(&mut self, known: Vec<KnownRun>) -> Vec<KnownRun> {
        let mut adopted = BTreeSet::new();
        for cell in &mut self.cells {
            let same = |run: &&KnownRun| match &run.cell.identity {
                Some(identity) => *identity == cell.identity,
                None => run.run == cell.former && (self.ask || run.ended_unasked),
            };
            if let Some(found) = known.iter().filter(same).min_by_key(|run| run.cell.identity.is_none()) {
                cell.place.run = found.run.clone();
                adopted.insert(found.run.clone());
            }
            adopted.extend(cell.start.beginning().cloned());
        }
        known.into_iter().filter(|run| !adopted.contains(&run.run)).collect()
    }
}
