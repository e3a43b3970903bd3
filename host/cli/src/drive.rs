//! Carrying runs to their ends, with a person at hand where there is one: what `run` and `resume` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::{RunId, RunStatus};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{Ended, Error, House, PersonSays, Stop, Watcher, decide};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::approver;
use crate::exit::{Exit, Failure};
use crate::paths;
use crate::terminal::prompt;
use crate::terminal::style::Paint;
use crate::terminal::text::complain;
use crate::view::live::Screen;
use crate::view::next_steps::{waits_at_a_pass, what_a_person_can_do};
use crate::view::{gate, header, summary};

/// A run and where its results go.
#[derive(Debug, Clone)]
pub struct Load {
    /// The run.
    pub run: RunId,
    /// The out folder.
    pub out: PathBuf,
}

/// What all runs of this process share.
pub struct Carrier {
    house: House,
    screen: Arc<Screen>,
    stop: Stop,
    /// One question at a time.
    asking: Mutex<()>,
}

impl Carrier {
    /// Ready to carry; from here on Ctrl-C stops all runs, and the second one ends the process.
    pub fn new(house: House, screen: Arc<Screen>) -> Arc<Self> {
        let carrier = Self { house, screen, stop: Stop::default(), asking: Mutex::default() };
        Arc::new(carrier)
    }

    /// Carries all of them, so many at once; the worst end is the end.
    pub async fn carry_all(self: &Arc<Self>, loads: Vec<Load>, jobs: usize) -> Exit {
        let screen = Arc::clone(&self.screen);
        let farewell = loads.iter().map(|load| format!("go on with: phasegate resume {}\n", load.run)).collect();
        heed_ctrl_c(self.stop.clone(), move |words| screen.say(words), farewell);
        let places = Arc::new(Semaphore::new(jobs));
        let mut under_way = JoinSet::new();
        for load in loads {
            let (this, places) = (Arc::clone(self), Arc::clone(&places));
            under_way.spawn(async move {
                let _place = places.acquire_owned().await;
                this.carry(&load).await
            });
        }
        let mut worst = Exit::Passed;
        while let Some(ended) = under_way.join_next().await {
            worst = worst.max(ended.unwrap_or(Exit::Infrastructure));
        }
        // A component that is still being compiled would leave its spinner behind.
        self.screen.pause();
        worst
    }

    async fn carry(&self, load: &Load) -> Exit {
        let ended = self.to_its_end(load).await;
        self.screen.over(&load.run);
        ended.unwrap_or_else(|failure| {
            self.screen.pause();
            failure.tell();
            self.screen.go_on();
            failure.exit
        })
    }

    async fn to_its_end(&self, load: &Load) -> Result<Exit, Failure> {
        loop {
            let watcher: Arc<dyn Watcher> = Arc::clone(&self.screen) as Arc<dyn Watcher>;
            match self.house.run(&load.run, watcher, &self.stop).await {
                Ok(Ended::Finished(status, _)) => {
                    self.tell(load)?;
                    let passed = status == RunStatus::Passed;
                    return Ok(if passed { Exit::Passed } else { Exit::Failed });
                }
                Ok(Ended::Waiting { .. }) => match self.ask(load).await? {
                    Some(says) => decide(self.house.journal().as_ref(), &load.run, says).await?,
                    None => {
                        self.tell(load)?;
                        let passes = waits_at_a_pass(self.house.journal().as_ref(), &load.run);
                        self.screen.say(&what_a_person_can_do(&load.run, passes));
                        return Ok(Exit::Waiting);
                    }
                },
                Ok(Ended::Stopped(why)) => {
                    self.screen.say(&format!(
                        "\nrun {} stopped: {why}\ngo on with: phasegate resume {}\n",
                        load.run, load.run
                    ));
                    return Ok(Exit::Interrupted);
                }
                Err(error) => return Err(self.with_remedy(error, &load.run)),
            }
        }
    }

    /// Writes the out folder and shows the summary.
    fn tell(&self, load: &Load) -> Result<(), Failure> {
        let journal = self.house.journal().as_ref();
        let (state, events) = phasegate_runtime::load(journal, &load.run)?;
        let written = write_out(&load.out, journal, &state, &events);
        let out = written.is_ok().then(|| paths::shown(&load.out));
        self.screen.say(&summary::of(journal, &state, &events, out.as_deref(), self.screen.paint()));
        match written {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::from(error).into()),
        }
    }

    /// Asks the person at this terminal, if there is one who wants to decide now.
    async fn ask(&self, load: &Load) -> Result<Option<PersonSays>, Failure> {
        if !prompt::somebody_is_here() {
            return Ok(None);
        }
        let _one_at_a_time = self.asking.lock().await;
        let (state, _) = phasegate_runtime::load(self.house.journal().as_ref(), &load.run)?;
        let by = approver::person(None).ok();
        self.screen.pause();
        let answer = tokio::task::spawn_blocking(move || {
            let (phase, judged, question) = state.waiting()?;
            complain(&gate::report(phase, judged, question, Paint::stderr()));
            prompt::person(judged.verdict.passes(), by)
        })
        .await;
        self.screen.go_on();
        Ok(answer.unwrap_or_default())
    }

    fn with_remedy(&self, error: Error, run: &RunId) -> Failure {
        let resumable = match &error {
            Error::Journal(fault) => fault.is_of_the_disk(),
            Error::Fold(_) | Error::MissingBlob { .. } | Error::MissingComponent { .. } | Error::BadBlob { .. } => {
                false
            }
            // A call that may have been billed is gone on with in another way, which its own hint says.
            Error::Unknown { .. } => false,
            _ => true,
        };
        let failure = Failure::from(error);
        let failure = if failure.exit == Exit::Usage { failure.of_the_world() } else { failure };
        if resumable { failure.and(&format!("the run is kept; go on with: phasegate resume {run}")) } else { failure }
    }
}

/// The first Ctrl-C says so and lets what is under way be written down; the second does not wait for it, and leaves these
/// words of farewell.
pub fn heed_ctrl_c(stop: Stop, say: impl FnOnce(&str) + Send + 'static, farewell: String) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        say("stopping; Ctrl-C again ends at once\n");
        stop.stop("interrupted by Ctrl-C");
        if tokio::signal::ctrl_c().await.is_ok() {
            complain(&farewell);
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
}

/// Says what goes on. Its results go where they were to go, if no other folder is given.
pub fn take_up(
    house: &House,
    screen: &Screen,
    state: &Path,
    run: RunId,
    out: Option<PathBuf>,
) -> Result<Load, Failure> {
    let known = paths::out_of(state, &run);
    let out = out.unwrap_or_else(|| known.clone());
    if out != known {
        paths::remember_out(state, &run, &out);
    }
    let (state_shown, out_shown) = (paths::shown(state), paths::shown(&out));
    let places = header::Places { config: None, state: &state_shown, out: &out_shown };
    screen.say(&header::of(house.journal().as_ref(), &run, &places, screen.paint())?);
    Ok(Load { run, out })
}
