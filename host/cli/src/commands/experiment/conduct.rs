//! Carrying every cell of an experiment to its end, some at once.
//!
//! Promises: a run that ended before is not touched; cells start in the order of the plan; once the shared budget has
//! refused a call, or the person stopped, no further cell starts. Nobody is asked anything: a run that needs a person waits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use phasegate_experiment::{Experiment, Plan, Planned};
use phasegate_process::RunId;
use phasegate_process::experiment::{Cell, Place, Standing};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{Config, Ended, Error, House, Stop, Watcher, load};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::drive::heed_ctrl_c;
use crate::exit::{Exit, Failure};
use crate::paths;
use crate::terminal::format::{cost, count, short, time};
use crate::terminal::text::complain;
use crate::view::next_steps::{waits_at_a_pass, what_a_person_can_do};

/// How long a reason may be on the line of a cell.
const REASON: usize = 120;

/// All that the cells share.
pub struct Conductor {
    experiment: Experiment,
    plan: Plan,
    config: Config,
    house: House,
    progress: Arc<Progress>,
    out: PathBuf,
    state: PathBuf,
    stop: Stop,
    /// No further cell is to start.
    halted: AtomicBool,
    told_of_budget: AtomicBool,
    ended: AtomicUsize,
    /// Why a cell has no end, where the journal does not say it.
    faults: Mutex<BTreeMap<RunId, String>>,
}

impl Conductor {
    /// Ready to conduct.
    pub fn new(
        experiment: Experiment,
        plan: Plan,
        config: Config,
        house: House,
        progress: Progress,
        out: PathBuf,
        state: &Path,
    ) -> Arc<Self> {
        Arc::new(Self {
            experiment,
            plan,
            config,
            house,
            progress: Arc::new(progress),
            out,
            state: state.to_owned(),
            stop: Stop::default(),
            halted: AtomicBool::new(false),
            told_of_budget: AtomicBool::new(false),
            ended: AtomicUsize::new(0),
            faults: Mutex::default(),
        })
    }

    /// Every cell as it stands in the end, and the worst of what kept one from its end.
    pub async fn conduct(self: &Arc<Self>, jobs: usize) -> (Vec<Cell>, Exit) {
        let this = Arc::clone(self);
        let halt = move |words: &str| {
            this.halted.store(true, Ordering::Relaxed);
            this.progress.above(|| complain(words));
        };
        heed_ctrl_c(self.stop.clone(), halt, "go on with the same command\n".to_owned());
        let open = self.open_cells();
        let places = Arc::new(Semaphore::new(jobs));
        let mut under_way = JoinSet::new();
        for planned in open {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            if self.halted.load(Ordering::Relaxed) {
                break;
            }
            let this = Arc::clone(self);
            under_way.spawn(async move {
                let _place = place;
                this.one(&planned).await
            });
        }
        let mut worst = Exit::Passed;
        while let Some(exit) = under_way.join_next().await {
            worst = worst.max(exit.unwrap_or(Exit::Infrastructure));
        }
        self.progress.done();
        (self.plan.cells.iter().map(|planned| self.cell(planned)).collect(), worst)
    }

    /// The cells that have no end yet; of the others it is made sure that their results are where they should be.
    fn open_cells(&self) -> Vec<Planned> {
        let mut open = Vec::new();
        for planned in &self.plan.cells {
            let cell = self.cell(planned);
            match cell.standing.ended() {
                true if self.out_of(&planned.place.run).is_dir() => {}
                true => self.write(&planned.place.run).unwrap_or_else(|failure| failure.tell()),
                false => open.push(planned.clone()),
            }
        }
        let before = self.plan.cells.len() - open.len();
        self.ended.store(before, Ordering::Relaxed);
        if before > 0 {
            complain(&format!(
                "{} ended before and {} taken as {}\n",
                count(before as u64, "run"),
                is(before),
                it(before)
            ));
        }
        open
    }

    async fn one(&self, planned: &Planned) -> Exit {
        let carried = self.carry(planned).await;
        self.progress.over(&planned.place.run);
        carried.unwrap_or_else(|failure| {
            self.progress.above(|| failure.tell());
            failure.exit
        })
    }

    async fn carry(&self, planned: &Planned) -> Result<Exit, Failure> {
        let run = &planned.place.run;
        let watcher: Arc<dyn Watcher> = Arc::clone(&self.progress) as Arc<dyn Watcher>;
        self.progress.announce(run, &self.label(planned));
        if !self.exists(run)? {
            let Some(new) = self.experiment.new_run(&self.plan, planned, &self.config) else { return Ok(Exit::Usage) };
            self.house.create_as(run.clone(), new, &watcher).await.map_err(|error| self.fault(run, error))?;
        }
        paths::remember_out(&self.state, run, &self.out_of(run));
        let exit = match self.house.run(run, watcher, &self.stop).await {
            Ok(Ended::Finished(..)) => Exit::Passed,
            Ok(Ended::Waiting { .. }) => Exit::Waiting,
            Ok(Ended::Stopped(_)) => Exit::Interrupted,
            Err(Error::Purse(words)) => return self.out_of_money(planned, words),
            Err(error) => return Err(self.fault(run, error)),
        };
        if exit != Exit::Interrupted {
            self.write(run)?;
        }
        self.tell(planned, exit);
        Ok(exit)
    }

    /// The first run that the shared budget stops says so at length; the others in their line.
    fn out_of_money(&self, planned: &Planned, words: String) -> Result<Exit, Failure> {
        self.halted.store(true, Ordering::Relaxed);
        if self.told_of_budget.swap(true, Ordering::Relaxed) {
            self.tell(planned, Exit::Infrastructure);
            return Ok(Exit::Infrastructure);
        }
        Err(Failure::infrastructure(format!("run {}: {words}", planned.place.run)))
    }

    fn fault(&self, run: &RunId, error: Error) -> Failure {
        let failure = Failure::from(error);
        let failure = if failure.exit == Exit::Usage { failure.of_the_world() } else { failure };
        let words = short(failure.words(), REASON);
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(run.clone(), words);
        failure.and(&format!("run {run} has no end yet; go on with the same command"))
    }

    /// One line for a cell that came to an end or a halt.
    fn tell(&self, planned: &Planned, exit: Exit) {
        let cell = self.cell(planned);
        let took = &cell.took;
        let number = if cell.standing.ended() { self.ended.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        let number = if number == 0 { "-".to_owned() } else { number.to_string() };
        let standing = cell.standing.as_str();
        let label = self.label(planned);
        let so = match cell.standing {
            Standing::Passed => String::new(),
            _ => format!(": {}", short(&cell.reason, REASON)),
        };
        let figures = format!(
            "{}, {}, {}",
            count(took.gate_attempts as u64, "gate attempt"),
            cost(took.usd, took.scripted),
            time(took.elapsed_ms)
        );
        let of = self.plan.cells.len();
        self.progress.above(|| {
            complain(&format!("{number:>4}/{of} {label} {standing} ({figures}){so}\n"));
            if exit == Exit::Waiting {
                let passes = waits_at_a_pass(self.house.journal().as_ref(), &planned.place.run);
                complain(&format!(
                    "{}and then with the experiment\n",
                    what_a_person_can_do(&planned.place.run, passes)
                ));
            }
        });
    }

    fn label(&self, planned: &Planned) -> String {
        let Place { variant, task, repetition, .. } = &planned.place;
        format!("{task} {variant} #{repetition}")
    }

    fn cell(&self, planned: &Planned) -> Cell {
        let place = planned.place.clone();
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.get(&planned.place.run);
        match load(self.house.journal().as_ref(), &planned.place.run) {
            Ok((state, events)) => {
                let cell = Cell::of(place, &state, &events);
                let reason = fault.filter(|_| !cell.standing.ended()).cloned();
                Cell { reason: reason.unwrap_or(cell.reason), ..cell }
            }
            Err(Error::NoRun(_)) => {
                let cell = Cell::not_started(place);
                Cell { reason: fault.cloned().unwrap_or(cell.reason), ..cell }
            }
            // A journal that cannot be read is no reason to forget what the other cells came to.
            Err(error) => {
                let reason = short(&error.to_string(), REASON);
                Cell { standing: Standing::Stopped, reason, ..Cell::not_started(place) }
            }
        }
    }

    fn exists(&self, run: &RunId) -> Result<bool, Failure> {
        match load(self.house.journal().as_ref(), run) {
            Ok(_) => Ok(true),
            Err(Error::NoRun(_)) => Ok(false),
            Err(error) => Err(self.fault(run, error)),
        }
    }

    fn out_of(&self, run: &RunId) -> PathBuf {
        self.out.join("runs").join(run.as_str())
    }

    fn write(&self, run: &RunId) -> Result<(), Failure> {
        let journal = self.house.journal().as_ref();
        let (state, events) = load(journal, run)?;
        write_out(&self.out_of(run), journal, &state, &events).map(drop).map_err(|error| Error::from(error).into())
    }
}

fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn it(number: usize) -> &'static str {
    if number == 1 { "it is" } else { "they are" }
}
