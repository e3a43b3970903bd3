//! Drives every cell of an experiment to its end, several at once.
//!
//! A run that ended before is not touched. Cells start in the order of the plan. No further cell starts after the shared
//! budget is exceeded or the person stops the experiment, and none that needs a provider that several runs could not reach one
//! after another. A run that needs a decision waits; no question is asked. The tables are written after each cell.

mod beginning;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use phasegate_experiment::{Experiment, PlannedRun, Start};
use phasegate_process::RunId;
use phasegate_process::acceptance::Acceptance;
use phasegate_process::experiment::{CellId, CellStatus, Results};
use phasegate_process::sync::lock;
use phasegate_runtime::output::{has_final_result, write_out};
use phasegate_runtime::{Config, Error, Host, Observer, OwnedRun, RunOutcome, StopSignal, load_run};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::begun::{Beginnings, Begun};
use super::cells::{Cells, REASON};
use super::files;
use super::labels::Labels;
use super::others::{is_elsewhere, render_other, wait_until_free};
use super::outages::Outages;
use super::view::ExperimentView;
use crate::drive::stop_on_signal;
use crate::exit::{Exit, Failure};
use crate::out_dir;
use crate::signals::{Signal, Signals};
use crate::terminal::format::{cost, count, duration, truncate};

/// Drives all cells of an experiment.
pub struct ExperimentDriver {
    experiment: Experiment,
    cells: Cells,
    config: Config,
    host: Host,
    view: Arc<ExperimentView>,
    out: PathBuf,
    state: PathBuf,
    labels: Labels,
    outages: Outages,
    /// Held while the tables are written.
    tables: Mutex<()>,
    stop: StopSignal,
    /// Set when no further cell may start.
    halted: AtomicBool,
    budget_reported: AtomicBool,
    ended: AtomicUsize,
    /// The other processes that were named.
    others: Mutex<BTreeSet<u32>>,
    beginnings: Beginnings,
}

impl ExperimentDriver {
    /// Creates the driver.
    pub fn new(
        experiment: Experiment,
        cells: Cells,
        config: Config,
        host: Host,
        view: Arc<ExperimentView>,
        out: PathBuf,
        state: &Path,
    ) -> Arc<Self> {
        Arc::new(Self {
            labels: Labels::new(&experiment),
            outages: Outages::default(),
            tables: Mutex::default(),
            experiment,
            cells,
            config,
            host,
            view,
            out,
            state: state.to_owned(),
            stop: StopSignal::default(),
            halted: AtomicBool::new(false),
            budget_reported: AtomicBool::new(false),
            ended: AtomicUsize::new(0),
            others: Mutex::default(),
            beginnings: Beginnings::default(),
        })
    }

    /// Drives all cells, at most `jobs` at once. Returns the results and the worst exit.
    pub async fn drive(self: &Arc<Self>, jobs: usize, signals: &Signals) -> (Results, Exit) {
        let this = Arc::clone(self);
        let halt = move |message: &str| {
            this.halted.store(true, Ordering::Relaxed);
            this.view.note(message);
        };
        stop_on_signal(signals, self.stop.clone(), halt, "repeat the command to continue\n".to_owned());
        let view = Arc::clone(&self.view);
        let waits = tokio::spawn(async move { view.report_waits().await });
        let open = self.open_cells();
        let permits = Arc::new(Semaphore::new(jobs));
        let mut running = JoinSet::new();
        let mut worst = Exit::Passed;
        let mut left = 0;
        for planned in open {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
            if self.halted.load(Ordering::Relaxed) {
                // The runs under way may all pass; this one is not begun because of the signal.
                worst = signals.received().map_or(worst, Signal::exit);
                break;
            }
            if self.outages.is_blocked(self.cells.plan.variants.get(planned.variant)) {
                left += 1;
                continue;
            }
            let (this, permits) = (Arc::clone(self), Arc::clone(&permits));
            running.spawn(async move { this.drive_cell(&planned, permit, &permits).await });
        }
        while let Some(exit) = running.join_next().await {
            worst = worst.max(exit.unwrap_or(Exit::Infrastructure));
        }
        waits.abort();
        self.view.hide();
        self.view.note(&self.outages.render(left));
        (self.cells.results(), worst)
    }

    /// Returns the cells without an end, and writes missing output folders of the others.
    fn open_cells(&self) -> Vec<PlannedRun> {
        let mut open = Vec::new();
        for planned in &self.cells.plan.cells {
            let cell = self.cells.cell(planned);
            match cell.standing.has_ended() {
                true if has_final_result(&self.out_dir(&cell.id.run), &cell.id.run) => {}
                true => self.write_missing(&cell.id.run).unwrap_or_else(|failure| self.view.fail(&failure)),
                false => open.push(planned.clone()),
            }
        }
        let before = self.cells.plan.cells.len() - open.len();
        self.ended.store(before, Ordering::Relaxed);
        if before > 0 {
            self.view.note(&format!(
                "{} ended before and {} kept\n",
                count(before as u64, "run"),
                if before == 1 { "is" } else { "are" }
            ));
        }
        open
    }

    /// Drives a cell. While another process executes its run, other cells have its place.
    async fn drive_cell(
        &self,
        planned: &PlannedRun,
        mut permit: OwnedSemaphorePermit,
        permits: &Arc<Semaphore>,
    ) -> Exit {
        let run = &planned.place.run;
        permit = match self.begin(planned, permit, permits).await {
            Begun::Go(permit) => permit,
            Begun::Done(exit) => return exit,
        };
        loop {
            let driven = self.drive_to_end(planned).await;
            self.view.finish_run(run);
            if driven.is_err() {
                self.write_tables();
            }
            match driven {
                Ok(Some(exit)) => return exit,
                Ok(None) => {}
                Err(failure) => {
                    self.view.fail(&failure);
                    return failure.exit;
                }
            }
            drop(permit);
            self.note_other_process(run);
            tokio::select! {
                () = wait_until_free(self.host.journal().as_ref(), run) => {}
                cause = self.stop.stopped() => return Exit::after_stop(&cause),
            }
            if self.cells.cell(planned).standing.has_ended() {
                self.write_missing(run).unwrap_or_else(|failure| self.view.fail(&failure));
                self.print_cell(planned, Exit::Passed);
                return Exit::Passed;
            }
            match Arc::clone(permits).acquire_owned().await {
                Ok(again) => permit = again,
                Err(_) => return Exit::Infrastructure,
            }
        }
    }

    /// Names the process that executes a run, once for all of its runs.
    fn note_other_process(&self, run: &RunId) {
        let pid = self.host.journal().owner(run).ok().flatten();
        if let Some(pid) = pid.filter(|pid| lock(&self.others).insert(*pid)) {
            self.view.note(&render_other(pid));
        }
    }

    /// Drives a run until it ends, waits or stops; `None` if another process executes it.
    async fn drive_to_end(&self, planned: &PlannedRun) -> Result<Option<Exit>, Failure> {
        let run = &planned.place.run;
        let observer: Arc<dyn Observer> = Arc::clone(&self.view) as Arc<dyn Observer>;
        self.view.add_run(run, &self.labels.of(planned));
        out_dir::check_run_of_experiment(&self.state, run, &self.out, &self.out_dir(run))?;
        let mut created = None;
        if !self.exists(run)? {
            created = match self.create(planned, &observer).await {
                Ok(created) => created,
                Err(error) if is_elsewhere(&error) => return Ok(None),
                Err(error) => return Err(self.record_fault(run, error)),
            };
        }
        out_dir::save_out_dir(&self.state, run, &self.out_dir(run));
        out_dir::claim_out_dir(&self.state, run, &self.out_dir(run));
        let ended = match created {
            Some(created) => self.host.run_created(created, observer, &self.stop).await,
            None => self.host.run(run, observer, &self.stop).await,
        };
        self.outages.record(self.cells.plan.variants.get(planned.variant), ended.as_ref().err());
        let exit = match ended {
            Ok(RunOutcome::Finished(..)) => Exit::Passed,
            Ok(RunOutcome::Waiting { .. }) => Exit::Waiting,
            Ok(RunOutcome::Stopped(why)) => Exit::after_stop(&why),
            Err(error) if is_elsewhere(&error) => return Ok(None),
            Err(error) => {
                // The reason of the stop matters more than a folder that cannot be written. Where the journal failed, another
                // process may have the run.
                if !matches!(error, Error::Journal(_)) {
                    let _ = self.write_out(run);
                }
                return match error {
                    Error::SharedBudget { .. } => self.budget_exceeded(planned, error).map(Some),
                    _ => Err(self.record_fault(run, error)),
                };
            }
        };
        self.write_out(run)?;
        self.print_cell(planned, exit);
        Ok(Some(exit))
    }

    /// Creates a run from its task, or from the common beginning that it continues. The first kind can be executed without
    /// reading it again.
    async fn create(&self, planned: &PlannedRun, observer: &Arc<dyn Observer>) -> Result<Option<OwnedRun>, Error> {
        let run = &planned.place.run;
        // A plan is that of its experiment.
        let new = self.experiment.new_run(&self.cells.plan, planned, &self.config);
        let new = new.ok_or_else(|| Error::NoRun(run.to_string()))?;
        match &planned.start {
            Start::Continue(from) => self.host.continue_beginning(run, from, new, observer).await.map(|()| None),
            Start::Task | Start::SharedBeginning => self.host.create_as(run.clone(), new, observer).await.map(Some),
        }
    }

    /// Whether a run stopped because the budget of the experiment is used up.
    pub fn is_over_budget(&self) -> bool {
        self.budget_reported.load(Ordering::Relaxed)
    }

    /// Whether no further run may start.
    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
    }

    /// Returns the exit of a cell that does not start any more. What halted the experiment has an exit of its own.
    async fn exit_of_halt(&self) -> Exit {
        match self.stop.is_stopped() {
            true => Exit::after_stop(&self.stop.stopped().await),
            false => Exit::Passed,
        }
    }

    /// Reports the exceeded budget in full for the first run, and in the line of the cell for the others.
    fn budget_exceeded(&self, planned: &PlannedRun, error: Error) -> Result<Exit, Failure> {
        self.halted.store(true, Ordering::Relaxed);
        if self.budget_reported.swap(true, Ordering::Relaxed) {
            self.print_cell(planned, Exit::Infrastructure);
            return Ok(Exit::Infrastructure);
        }
        let message = format!("run {}: {error}", planned.place.run);
        Err(Failure::infrastructure(message).with_code(error.code()).with_hints(error.hint()))
    }

    fn record_fault(&self, run: &RunId, error: Error) -> Failure {
        let failure = Failure::from(error).while_running();
        self.cells.record_fault(run, truncate(failure.message(), REASON));
        failure.with_hint(format!("run {run} has not ended; repeat the command to continue"))
    }

    /// Prints a line for a cell that ended or stopped, after the tables are written.
    fn print_cell(&self, planned: &PlannedRun, exit: Exit) {
        self.write_tables();
        let cell = self.cells.cell(planned);
        let spent = &cell.cost;
        let counts = cell.standing.has_ended() && planned.start != Start::SharedBeginning;
        let number = if counts { self.ended.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        let number = if number == 0 { "-".to_owned() } else { number.to_string() };
        let CellId { variant, task, repetition, .. } = &cell.id;
        let label = format!("{task} {variant} #{repetition}");
        let is_complete = planned.start == Start::SharedBeginning && cell.standing == CellStatus::Stopped;
        let (standing, reason) = match cell.standing {
            CellStatus::Stopped if is_complete && exit == Exit::Passed => ("complete", None),
            CellStatus::Passed => match &cell.acceptance {
                Acceptance::NotTested => ("passed", None),
                Acceptance::Accepted => ("passed, accepted", None),
                Acceptance::NotAccepted { reason } => ("passed, not accepted", Some(reason)),
                Acceptance::NotRun { reason } => ("passed, acceptance tests not run", Some(reason)),
            },
            standing => (standing.as_str(), Some(&cell.reason)),
        };
        let reason = reason.map(|reason| format!(": {}", truncate(reason, REASON))).unwrap_or_default();
        let figures = format!(
            "{}, {}, {}",
            count(spent.gate_attempts as u64, "gate attempt"),
            cost(spent.usd, spent.scripted, spent.asks_models),
            duration(spent.elapsed_ms)
        );
        let total = self.cells.plan.cells.len();
        // What a decision needs.
        let run = if exit == Exit::Waiting { format!("; run {}", cell.id.run) } else { String::new() };
        self.view.note(&format!("{number:>4}/{total} {label} {standing} ({figures}){reason}{run}\n"));
    }

    /// Writes the current tables. An error is only logged: the end of the experiment writes the tables again and reports it.
    fn write_tables(&self) {
        let _one_at_a_time = lock(&self.tables);
        if let Err(failure) = files::write(&self.out, &self.cells.results()) {
            tracing::warn!("{}", failure.message());
        }
    }

    fn exists(&self, run: &RunId) -> Result<bool, Failure> {
        self.cells.check_made_here(run)?;
        match load_run(self.host.journal().as_ref(), run) {
            Ok(_) => Ok(true),
            Err(Error::NoRun(_)) => Ok(false),
            Err(error) => Err(self.record_fault(run, error)),
        }
    }

    fn out_dir(&self, run: &RunId) -> PathBuf {
        self.out.join("runs").join(run.as_str())
    }

    fn write_missing(&self, run: &RunId) -> Result<(), Failure> {
        out_dir::check_run_of_experiment(&self.state, run, &self.out, &self.out_dir(run))?;
        self.write_out(run)
    }

    fn write_out(&self, run: &RunId) -> Result<(), Failure> {
        let journal = self.host.journal().as_ref();
        let (state, events) = load_run(journal, run)?;
        match write_out(&self.out_dir(run), journal, &state, &events).map(|written| written.incomplete()) {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(Error::from(error).into()),
        }
    }
}
