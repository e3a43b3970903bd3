//! The cells of an experiment, read from the runs in the journal. Money is computed with the prices of today.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use phasegate_broker::Sampling;
use phasegate_experiment::{Experiment, KnownRun, Plan, PlannedRun};
use phasegate_journal::Journal;
use phasegate_process::experiment::{Cell, CellId, CellStatus, Results, SupersededRun};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Recorded, RunId};
use phasegate_runtime::{Beginning, Config, Error, RunSettings, TodaysCost, load_run, read_json};

use crate::exit::Failure;
use crate::terminal::format::truncate;

/// Maximal length of a reason.
pub const REASON: usize = 120;

/// The runs of an experiment.
pub struct Cells {
    /// Name of the experiment.
    pub experiment: String,
    /// The variant that the others are compared with.
    baseline: Option<String>,
    /// The plan, whose cells have their runs.
    pub plan: Plan,
    journal: Arc<dyn Journal>,
    superseded: Vec<SupersededRun>,
    /// The cells whose runs have ended: they do not change.
    ended: Mutex<BTreeMap<RunId, Cell>>,
    /// Why a cell has no end, if the journal does not say it.
    faults: Mutex<BTreeMap<RunId, String>>,
}

impl Cells {
    /// Gives each cell of the plan its run. `known` are the runs of the experiment in the journal.
    pub fn new(
        experiment: &Experiment,
        mut plan: Plan,
        known: Vec<KnownRun>,
        journal: Arc<dyn Journal>,
        config: &Config,
    ) -> Self {
        let superseded = plan.adopt(known);
        let superseded = superseded.into_iter().map(|known| {
            let KnownRun { run, task, cell, .. } = known;
            let id = CellId { variant: cell.variant, task, repetition: cell.repetition, run };
            let today = |pinned: &RunSettings| (config.prices.clone(), pinned.providers.clone());
            match read_cell(journal.as_ref(), id.clone(), today, Cell::from_run) {
                Ok(cell) => cell,
                Err(error) => unreadable(id, &error.to_string()),
            }
        });
        let superseded = superseded.map(SupersededRun::from).collect();
        let Experiment { name, baseline, .. } = experiment;
        let (experiment, baseline) = (name.clone(), baseline.clone());
        Self { experiment, baseline, plan, journal, superseded, ended: Mutex::default(), faults: Mutex::default() }
    }

    /// Returns the runs that belong to no cell.
    pub fn superseded(&self) -> &[SupersededRun] {
        &self.superseded
    }

    /// Notes why a run has no end.
    pub fn record_fault(&self, run: &RunId, message: String) {
        lock(&self.faults).insert(run.clone(), message);
    }

    /// Reads a cell.
    pub fn cell(&self, planned: &PlannedRun) -> Cell {
        let place = &planned.place;
        if let Some(ended) = lock(&self.ended).get(&place.run) {
            return ended.clone();
        }
        let cell = self.read(planned);
        if cell.standing.has_ended() {
            lock(&self.ended).insert(place.run.clone(), cell.clone());
        }
        cell
    }

    fn read(&self, planned: &PlannedRun) -> Cell {
        let place = planned.place.clone();
        if let Err(failure) = self.check_made_here(&place.run) {
            return unreadable(place, failure.message());
        }
        let fault = lock(&self.faults).get(&place.run).cloned();
        let today = |pinned: &RunSettings| self.today(planned, pinned);
        match read_cell(self.journal.as_ref(), place.clone(), today, Cell::from_run) {
            Ok(cell) => {
                let reason = fault.filter(|_| !cell.standing.has_ended());
                Cell { reason: reason.unwrap_or_else(|| cell.reason.clone()), ..cell }
            }
            Err(Error::NoRun(_)) => {
                let cell = self.read_beginning(planned, today);
                Cell { reason: fault.unwrap_or_else(|| cell.reason.clone()), ..cell }
            }
            // A run that cannot be read does not hide the results of the others.
            Err(error) => unreadable(place, &error.to_string()),
        }
    }

    /// Returns the cell of a run that does not exist yet: its common beginning says how far it has come.
    fn read_beginning(&self, planned: &PlannedRun, today: impl Fn(&RunSettings) -> Prices) -> Cell {
        let none = || Cell::not_started(planned.place.clone());
        let Some(beginning) = planned.start.beginning() else { return none() };
        let journal = self.journal.as_ref();
        let id = CellId { run: beginning.clone(), ..planned.place.clone() };
        let cell = read_cell(journal, id.clone(), today, Cell::from_shared_run);
        let cell = match cell.and_then(|cell| Ok((cell, Beginning::of(journal, beginning)?))) {
            Ok((cell, Beginning::AtDecision)) => {
                let reason = "not started after the shared beginning".to_owned();
                return Cell { id: planned.place.clone(), standing: CellStatus::NotStarted, reason, ..cell };
            }
            Ok((cell, _)) => cell,
            Err(Error::NoRun(_)) => none(),
            Err(error) => unreadable(id, &error.to_string()),
        };
        let fault = lock(&self.faults).get(beginning).cloned().filter(|_| !cell.standing.has_ended());
        Cell { reason: fault.unwrap_or_else(|| cell.reason.clone()), ..cell }
    }

    /// Returns the shared beginnings, each once, and how far they have come.
    pub fn beginnings(&self) -> Vec<(Cell, Beginning)> {
        let mut seen = BTreeSet::new();
        let beginnings = self.plan.cells.iter().filter_map(PlannedRun::beginning);
        let once = beginnings.filter(|planned| seen.insert(planned.place.run.clone()));
        let read = once.map(|planned| {
            let (id, journal) = (planned.place.clone(), self.journal.as_ref());
            let cell = read_cell(journal, id.clone(), |pinned| self.today(&planned, pinned), Cell::from_shared_run);
            let read = cell.and_then(|cell| Ok((cell, Beginning::of(journal, &planned.place.run)?)));
            match read {
                Ok(read) => read,
                Err(Error::NoRun(_)) => (Cell::not_started(id), Beginning::NotStarted),
                Err(error) => (unreadable(id, &error.to_string()), Beginning::Open),
            }
        });
        read.collect()
    }

    /// Returns the prices and providers of today for a run with these settings.
    fn today(&self, planned: &PlannedRun, pinned: &RunSettings) -> Prices {
        match self.plan.variants.get(planned.variant) {
            Some(variant) => (variant.settings.prices.clone(), variant.settings.providers.clone()),
            None => (pinned.prices.clone(), pinned.providers.clone()),
        }
    }

    /// Returns the results as they are now.
    pub fn results(&self) -> Results {
        let cells = self.plan.cells.iter().map(|planned| self.cell(planned)).collect();
        Results {
            superseded: self.superseded.clone(),
            ..Results::new(&self.experiment, self.baseline.as_deref(), cells)
        }
    }

    /// Fails for an imported run with the name of a cell: its results are not those of this experiment.
    pub fn check_made_here(&self, run: &RunId) -> Result<(), Failure> {
        match self.journal.imported(run).map_err(Error::from)? {
            None => Ok(()),
            Some(_) => Err(Failure::infrastructure(format!("run {run} has the name of a cell and was imported"))
                .with_hint(format!("remove it with `phasegate gc --forget {run} --yes`, or give another --state DIR"))),
        }
    }
}

fn unreadable(id: CellId, why: &str) -> Cell {
    Cell { standing: CellStatus::Stopped, reason: truncate(why, REASON), ..Cell::not_started(id) }
}

type Prices = (phasegate_broker::PriceTable, BTreeMap<String, phasegate_broker::ProviderConfig>);

/// Reads a run as a cell, which `make` makes of it. `today` returns prices and providers of today.
fn read_cell(
    journal: &dyn Journal,
    id: CellId,
    today: impl Fn(&RunSettings) -> Prices,
    make: fn(CellId, &State, &[Recorded]) -> Cell,
) -> Result<Cell, Error> {
    let (state, events) = load_run(journal, &id.run)?;
    let mut cell = make(id, &state, &events);
    let pinned: RunSettings = read_json(journal, &state.created.settings)?;
    let (prices, providers) = today(&pinned);
    let usd = |events: &[Recorded]| TodaysCost::new(events, &pinned.prices, &prices, &providers).map(|cost| cost.usd);
    if let Some(usd) = usd(&events) {
        cell.cost = cell.cost.repriced(usd);
    }
    if let Some(shared) = &mut cell.shared
        && let Some(usd) = events.get(..shared.events as usize).and_then(usd)
    {
        shared.usd = usd;
    }
    let Sampling { temperature, seed } = pinned.models.sampling();
    Ok(Cell { temperature: temperature.map(f64::from), seed, ..cell })
}
