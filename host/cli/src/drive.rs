//! Drives runs to their end and asks for decisions at a terminal; shared by `run`, `resume` and `fork`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::state::{DecisionRequest, JudgedAttempt};
use phasegate_process::{RunId, RunStatus};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{Error, Host, Observer, OwnedRun, RunOutcome, StopCause, StopSignal, record_decision};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::approver;
use crate::exit::{Exit, Failure};
use crate::out_dir;
use crate::paths;
use crate::terminal::printer::Printer;
use crate::terminal::prompt;
use crate::view::event::render_choice;
use crate::view::live::LiveView;
use crate::view::next_steps::{load_decision_commands, render_decided};
use crate::view::{gate, header, summary};

/// A run and its output folder.
pub struct RunTarget {
    /// The run.
    pub run: RunId,
    /// The run if it was just created and can start at once.
    pub created: Option<OwnedRun>,
    /// The output folder.
    pub out: PathBuf,
}

/// Drives all runs of this process.
pub struct RunDriver {
    host: Host,
    view: Arc<LiveView>,
    stop: StopSignal,
    /// Held while a person is asked: one question at a time.
    prompt_lock: Mutex<()>,
}

impl RunDriver {
    /// Creates a driver for the runs of a host.
    pub fn new(host: Host, view: Arc<LiveView>) -> Arc<Self> {
        let driver = Self { host, view, stop: StopSignal::default(), prompt_lock: Mutex::default() };
        Arc::new(driver)
    }

    /// Drives all runs, at most `jobs` at once, and returns the worst exit. The first Ctrl-C stops all runs, the second ends
    /// the process.
    pub async fn drive_all(self: &Arc<Self>, targets: Vec<RunTarget>, jobs: usize) -> Exit {
        let view = Arc::clone(&self.view);
        let resume_hints =
            targets.iter().map(|target| format!("resume with: phasegate resume {}\n", target.run)).collect();
        stop_on_ctrl_c(self.stop.clone(), view.printer(), move |text| view.print(text), resume_hints);
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
        let created = target.created.take();
        let ended = self.drive_to_end(&target, created).await;
        self.view.finish_run(&target.run);
        ended.unwrap_or_else(|failure| {
            self.view.hide();
            failure.print(&self.view.printer());
            self.view.show();
            failure.exit
        })
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
                    Some(decision) => self.record(&target.run, decision).await?,
                    None => {
                        self.finish(target)?;
                        self.view.print(&load_decision_commands(self.host.journal().as_ref(), &target.run));
                        return Ok(Exit::Waiting);
                    }
                },
                Ok(RunOutcome::Stopped(why)) => {
                    self.view.print(&format!(
                        "\nrun {} stopped: {why}\nresume with: phasegate resume {}\n",
                        target.run, target.run
                    ));
                    self.write_stopped(target);
                    return Ok(Exit::Interrupted);
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
        self.view.print(&summary::render_summary(journal, &state, &events, out.as_deref(), self.view.paint()));
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

    /// Records a decision of the person at this terminal. One that is not allowed is only printed: the run may have moved
    /// on meanwhile, and what waits now is asked next.
    async fn record(&self, run: &RunId, decision: DecisionRequest) -> Result<(), Failure> {
        let (choice, by) = (render_choice(&decision.choice), decision.by.clone());
        let about = decision.about.clone();
        match record_decision(self.host.journal().as_ref(), run, decision).await {
            Ok(()) => self.view.print(&render_decided(run, &choice, &about, by.as_str())),
            Err(error @ Error::Decision(_)) => {
                self.view.hide();
                Failure::from(error).print(&self.view.printer());
                self.view.show();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Asks the person at this terminal for a decision. `None` if nobody is there or wants to decide later.
    async fn ask_decision(&self, target: &RunTarget) -> Result<Option<DecisionRequest>, Failure> {
        if !prompt::is_interactive() {
            return Ok(None);
        }
        let _one_at_a_time = self.prompt_lock.lock().await;
        let (state, _) = phasegate_runtime::load_run(self.host.journal().as_ref(), &target.run)?;
        let by = approver::name(None).ok();
        self.view.hide();
        let printer = self.view.printer();
        let answer = tokio::task::spawn_blocking(move || {
            let (phase, judged, _) = state.waiting()?;
            printer.note(&gate::render_gate(&state, printer.note_paint()));
            prompt::ask_decision(&printer, JudgedAttempt::new(phase, judged), judged.verdict.passes(), by)
        })
        .await;
        self.view.show();
        Ok(answer.unwrap_or_default())
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

/// On the first Ctrl-C, announces the stop and lets running work be recorded; on the second, prints the hints and ends the
/// process.
pub fn stop_on_ctrl_c(
    stop: StopSignal,
    printer: Printer,
    announce: impl FnOnce(&str) + Send + 'static,
    resume_hints: String,
) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        announce("stopping; press Ctrl-C again to end at once\n");
        stop.stop(StopCause::Interrupted);
        if tokio::signal::ctrl_c().await.is_ok() {
            printer.note(&resume_hints);
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
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
    let known = out_dir::out_dir(state, &run);
    let out = out.unwrap_or_else(|| known.clone());
    if out != known {
        out_dir::save_out_dir(state, &run, &out);
        out_dir::claim_out_dir(state, &run, &out);
    }
    print_header(host, view, state, RunTarget { run, created: None, out }, None)
}

/// Prints the header of a run that starts or continues; `config` describes the configuration of a new run.
pub fn print_header(
    host: &Host,
    view: &LiveView,
    state: &Path,
    target: RunTarget,
    config: Option<String>,
) -> Result<RunTarget, Failure> {
    let (state, out) = (paths::display_path(state), paths::display_path(&target.out));
    let header_paths = header::HeaderPaths { config, state: &state, out: &out };
    let settings = host.settings(&target.run)?;
    let journal = host.journal().as_ref();
    view.print(&header::render_header(journal, &target.run, &settings, &header_paths, view.paint())?);
    Ok(target)
}
