//! Drives runs to their end and asks for decisions at a terminal; shared by `run`, `resume` and `fork`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::result::TaskResult;
use phasegate_process::{RunId, RunStatus};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{Error, Host, Observer, OwnedRun, RunOutcome, StopCause, StopSignal};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::ask::{Asked, Asking};
use crate::exit::{Exit, Failure};
use crate::out_dir::{self, OutLock};
use crate::paths;
use crate::signals::{Signal, Signals};
use crate::terminal::prompt;
use crate::view::live::LiveView;
use crate::view::next_steps::{load_decision_commands, render_results};
use crate::view::{header, summary};

/// A run and its output folder.
pub struct RunTarget {
    /// The run.
    pub run: RunId,
    /// The run if it was just created and can start at once.
    pub created: Option<OwnedRun>,
    /// The output folder.
    pub out: PathBuf,
    /// Keeps other processes from the output folder, if a person typed it.
    pub lock: Option<OutLock>,
}

/// Drives all runs of this process.
pub struct RunDriver {
    host: Host,
    view: Arc<LiveView>,
    stop: StopSignal,
    signals: Signals,
    /// Held while a person is asked: one question at a time.
    prompt_lock: Mutex<()>,
}

impl RunDriver {
    /// Creates a driver for the runs of a host.
    pub fn new(host: Host, view: Arc<LiveView>, signals: Signals) -> Arc<Self> {
        let driver = Self { host, view, stop: StopSignal::default(), signals, prompt_lock: Mutex::default() };
        Arc::new(driver)
    }

    /// Drives all runs, at most `jobs` at once, and returns the worst exit. The first signal stops all runs, the second ends
    /// the process.
    pub async fn drive_all(self: &Arc<Self>, targets: Vec<RunTarget>, jobs: usize) -> Exit {
        let view = Arc::clone(&self.view);
        let resume_hints = targets.iter().map(|target| self.render_resume_hint(&target.run)).collect();
        stop_on_signal(&self.signals, self.stop.clone(), move |text| view.print(text), resume_hints);
        let view = Arc::clone(&self.view);
        let waits = tokio::spawn(async move { view.report_waits().await });
        let places = Arc::new(Semaphore::new(jobs));
        let mut under_way = JoinSet::new();
        for target in targets {
            let (this, places) = (Arc::clone(self), Arc::clone(&places));
            under_way.spawn(async move {
                let _place = places.acquire_owned().await;
                this.drive_one(target).await
            });
        }
        let mut worst = Exit::Passed;
        while let Some(ended) = under_way.join_next().await {
            worst = worst.max(ended.unwrap_or(Exit::Infrastructure));
        }
        waits.abort();
        // A component that is still compiling would leave its spinner on the screen.
        self.view.hide();
        worst
    }

    async fn drive_one(&self, mut target: RunTarget) -> Exit {
        // The lock is held until the output is written.
        let (created, _lock) = (target.created.take(), target.lock.take());
        let ended = self.drive_to_end(&target, created).await;
        self.view.finish_run(&target.run);
        let exit = ended.unwrap_or_else(|failure| {
            self.view.note(&failure.render(&self.view.printer()));
            failure.exit
        });
        if self.view.printer().failure().is_some() {
            self.note_unprinted(&target.run);
        }
        exit
    }

    /// Says how a run ended whose result did not reach stdout.
    fn note_unprinted(&self, run: &RunId) {
        let Ok((state, events)) = phasegate_runtime::load_run(self.host.journal().as_ref(), run) else { return };
        let status = TaskResult::from_events(&state, &events).status.as_str();
        let show = self.view.printer().command(&format!("show {run}"));
        self.view.note(&format!("run {run} {status}; see it with: {show}\n"));
    }

    async fn drive_to_end(&self, target: &RunTarget, mut created: Option<OwnedRun>) -> Result<Exit, Failure> {
        loop {
            let observer: Arc<dyn Observer> = Arc::clone(&self.view) as Arc<dyn Observer>;
            let ended = match created.take() {
                Some(created) => self.host.run_created(created, observer, &self.stop).await,
                None => self.host.run(&target.run, observer, &self.stop).await,
            };
            match ended {
                Ok(RunOutcome::Finished(status, _)) => {
                    self.finish(target)?;
                    let passed = status == RunStatus::Passed;
                    return Ok(if passed { Exit::Passed } else { Exit::Failed });
                }
                Ok(RunOutcome::Waiting { .. }) => match self.ask_decision(target).await? {
                    Asked::Decided => {}
                    Asked::Overtaken => self.asking(target).wait_for_other_process().await?,
                    Asked::Later => {
                        self.finish(target)?;
                        let journal = self.host.journal().as_ref();
                        self.view.print(&load_decision_commands(journal, &target.run, &self.view.printer()));
                        return Ok(Exit::Waiting);
                    }
                    Asked::Interrupted => {
                        let resume = self.render_resume_hint(&target.run);
                        self.view.note(&format!("nothing was decided; run {} still waits\n{resume}", target.run));
                        return Ok(self.signals.received().map_or(Exit::Interrupted, Signal::exit));
                    }
                },
                Ok(RunOutcome::Stopped(why)) => {
                    let resume = match why {
                        // Its forks go on, and it has nothing left to do.
                        StopCause::BeforeDecision { .. } => String::new(),
                        _ => self.render_resume_hint(&target.run),
                    };
                    self.view.print(&format!("\nrun {} stopped: {why}\n{resume}", target.run));
                    self.write_stopped(target);
                    return Ok(Exit::after_stop(&why));
                }
                Err(error) => {
                    // Where the journal failed, another process may have the run.
                    if !matches!(error, Error::Journal(_)) {
                        self.write_stopped(target);
                    }
                    return Err(self.explain_failure(error, &target.run));
                }
            }
        }
    }

    /// Writes the output folder and prints the summary.
    fn finish(&self, target: &RunTarget) -> Result<(), Failure> {
        let journal = self.host.journal().as_ref();
        let (state, events) = phasegate_runtime::load_run(journal, &target.run)?;
        let written = write_out(&target.out, journal, &state, &events);
        let out = written.is_ok().then(|| paths::display_path(&target.out));
        let summary = summary::render_summary(journal, &state, &events, out.as_deref(), self.view.paint());
        self.view.print(&self.view.printer().complete(&summary));
        if let (Ok(written), Some(_)) = (&written, state.ended()) {
            self.view.print(&render_results(&target.run, written, &self.view.printer()));
        }
        match written.map(|written| written.incomplete()) {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(Error::from(error).into()),
        }
    }

    /// Writes the output folder of a run that stopped before its end. A failure is only told: the reason of the stop matters
    /// more.
    fn write_stopped(&self, target: &RunTarget) {
        let journal = self.host.journal().as_ref();
        let Ok((state, events)) = phasegate_runtime::load_run(journal, &target.run) else { return };
        if state.stopped.is_none() {
            return;
        }
        let out = paths::display_path(&target.out);
        let written = write_out(&target.out, journal, &state, &events);
        match written.map(|written| written.incomplete()) {
            Ok(None) => self.view.print(&format!("what there is so far: {out}\n")),
            Ok(Some(error)) | Err(error) => {
                self.view.print(&format!("what there is so far was not written: {error}\n"))
            }
        }
    }

    /// Asks the person at this terminal for a decision, if there is one: one question at a time.
    async fn ask_decision(&self, target: &RunTarget) -> Result<Asked, Failure> {
        if !prompt::is_interactive() {
            return Ok(Asked::Later);
        }
        let _one_at_a_time = self.prompt_lock.lock().await;
        if self.stop.is_stopped() {
            return Ok(Asked::Interrupted);
        }
        let asked = self.asking(target).ask().await;
        // What else runs here is recorded and stops, as after any Ctrl-C. No other run asks any more.
        if matches!(asked, Ok(Asked::Interrupted)) && !self.stop.is_stopped() {
            self.stop.stop(StopCause::Interrupted);
        }
        asked
    }

    fn asking<'a>(&'a self, target: &'a RunTarget) -> Asking<'a> {
        let RunTarget { run, out, .. } = target;
        Asking { journal: self.host.journal(), view: &self.view, stop: &self.stop, run, out }
    }

    fn render_resume_hint(&self, run: &RunId) -> String {
        format!("resume with: {}\n", self.view.printer().command(&format!("resume {run}")))
    }

    fn explain_failure(&self, error: Error, run: &RunId) -> Failure {
        // The hints of these errors say how to resume.
        let has_own_hint = matches!(error, Error::Unanswered { .. } | Error::NoAnswer { .. } | Error::RunBudget { .. });
        let needs_hint = error.is_resumable() && !has_own_hint;
        let failure = Failure::from(error).while_running();
        match needs_hint {
            true => failure.with_hint(format!("the run is recorded; resume it with `phasegate resume {run}`")),
            false => failure,
        }
    }
}

/// On the first signal, announces the stop and lets running work be recorded; on the second, prints the hints and ends the
/// process.
pub fn stop_on_signal(
    signals: &Signals,
    stop: StopSignal,
    announce: impl FnOnce(&str) + Send + 'static,
    resume_hints: String,
) {
    let mut first = signals.take_first(resume_hints);
    tokio::spawn(async move {
        let signal = first.wait().await;
        announce(signal.announcement());
        stop.stop(signal.cause());
    });
}

/// Prints the header of a run that is resumed. Its output folder stays the same unless `out` is given.
pub fn resume_target(
    host: &Host,
    view: &LiveView,
    state: &Path,
    run: RunId,
    out: Option<PathBuf>,
) -> Result<RunTarget, Failure> {
    let lock = out.as_deref().map(out_dir::try_lock).transpose()?;
    let known = out_dir::out_dir(state, &run);
    let out = out.unwrap_or_else(|| known.clone());
    if out != known {
        out_dir::save_out_dir(state, &run, &out);
        out_dir::claim_out_dir(state, &run, &out);
    }
    print_header(host, view, state, RunTarget { run, created: None, out, lock }, false)
}

/// Prints the header of a run that starts or continues; only its rest if its beginning was printed.
pub fn print_header(
    host: &Host,
    view: &LiveView,
    state: &Path,
    target: RunTarget,
    begun: bool,
) -> Result<RunTarget, Failure> {
    let (state, out) = (paths::display_path(state), paths::display_path(&target.out));
    let expected = target.created.as_ref().and_then(OwnedRun::expected_effort);
    let header_paths = header::HeaderPaths { state: &state, out: &out, begun, expected };
    let settings = host.settings(&target.run)?;
    let journal = host.journal().as_ref();
    view.print(&header::render_header(journal, &target.run, &settings, &header_paths, view.paint())?);
    Ok(target)
}
