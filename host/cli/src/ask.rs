//! Asks the person at the terminal about a gate that waits, while other runs go on and others may decide.
//!
//! The work is in the output folder before the question is shown. A decision of somebody else ends the question; the caller
//! then goes on with the run, unless another process does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use phasegate_journal::Journal;
use phasegate_process::calendar::format_utc;
use phasegate_process::state::{DecisionRequest, JudgedAttempt, State};
use phasegate_process::{Event, Recorded, RunId};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{Error, StopSignal, load_run, record_decision};

use crate::approver;
use crate::exit::Failure;
use crate::paths::display_path;
use crate::terminal::decision::{Answer, DecisionQuestion, ask_decision};
use crate::terminal::format::one_line;
use crate::view::artifact::render_work;
use crate::view::event::render_choice;
use crate::view::gate::render_gate;
use crate::view::live::LiveView;
use crate::view::next_steps::render_decided;

/// How often the journal is read for decisions of others.
const POLL: Duration = Duration::from_millis(200);
/// How long another process may take to continue a run after its decision.
const GRACE: Duration = Duration::from_secs(2);

/// How a question ended.
pub enum Asked {
    /// With a decision, which is recorded, or refused and told.
    Decided,
    /// The person decides later.
    Later,
    /// Ctrl-C, or the process is to stop.
    Interrupted,
    /// Somebody else decided.
    Overtaken,
}

/// Asks at the terminal of this process.
pub struct Asking<'a> {
    /// The journal with the run.
    pub journal: &'a Arc<dyn Journal>,
    /// What is printed meanwhile waits in it.
    pub view: &'a LiveView,
    /// Ends the question when it stops.
    pub stop: &'a StopSignal,
    /// The run that waits.
    pub run: &'a RunId,
    /// Its output folder.
    pub out: &'a Path,
}

impl Asking<'_> {
    /// Writes the output folder, asks, and records the decision. Says it if somebody else decides.
    pub async fn ask(&self) -> Result<Asked, Failure> {
        let (state, events) = load_run(self.journal.as_ref(), self.run)?;
        let Some((phase, judged, _)) = state.waiting() else { return Ok(Asked::Overtaken) };
        let (about, passes) = (JudgedAttempt::new(phase, judged), judged.verdict.passes());
        let written = write_out(self.out, self.journal.as_ref(), &state, &events).map_err(Error::from)?;
        if let Some(error) = written.incomplete() {
            return Err(Error::from(error).into());
        }
        self.view.hold();
        let printer = self.view.printer();
        printer.note(&format!("\nthe work so far: {}\n", display_path(self.out)));
        let overtaken = Arc::new(AtomicBool::new(false));
        let known = state.events;
        let answer = tokio::task::spawn_blocking({
            let (journal, overtaken) = (Arc::clone(self.journal), Arc::clone(&overtaken));
            let about = about.clone();
            move || {
                let question = DecisionQuestion {
                    task: &state.created.task_id,
                    run: &state.created.run_id,
                    about: about.clone(),
                    passes,
                    by: approver::name(None).ok(),
                    report: &|paint| render_gate(&state, paint),
                    load_work: &|| render_work(journal.as_ref(), &state, &about),
                };
                ask_decision(&printer, question, &overtaken)
            }
        });
        let mut answer = std::pin::pin!(answer);
        let answer = tokio::select! {
            answer = &mut answer => answer,
            _ = self.stop.stopped() => {
                overtaken.store(true, Ordering::Relaxed);
                let typed = answer.await;
                self.note_typed(typed.as_ref().ok());
                self.view.release();
                return Ok(Asked::Interrupted);
            }
            () = self.wait_for_others(known, &about) => {
                overtaken.store(true, Ordering::Relaxed);
                answer.await
            }
        };
        let answer = answer.unwrap_or(Answer::Later);
        if let Answer::Overtaken(_) = answer {
            printer.note(&self.render_overtaken(known)?);
            self.note_typed(Some(&answer));
        }
        let asked = match answer {
            Answer::Decided(decision) => self.record(decision).await.map(|()| Asked::Decided),
            Answer::Later => Ok(Asked::Later),
            Answer::Interrupted => Ok(Asked::Interrupted),
            Answer::Overtaken(_) => Ok(Asked::Overtaken),
        };
        self.view.release();
        asked
    }

    /// Records the decision and says so, before anything that was held is printed. One that is not allowed is only told: the
    /// run may have moved on meanwhile, and what waits now is asked next.
    async fn record(&self, decision: DecisionRequest) -> Result<(), Failure> {
        let (choice, by, about) = (render_choice(&decision.choice), decision.by.clone(), decision.about.clone());
        match record_decision(self.journal.as_ref(), self.run, decision).await {
            Ok(()) => self.view.print_at_once(&render_decided(self.run, &choice, &about, by.as_str())),
            Err(error @ Error::Decision(_)) => {
                let printer = self.view.printer();
                printer.note(&Failure::from(error).render(&printer));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Waits until the run no longer waits for a decision about this judgement. A journal that cannot be read is read again:
    /// the person's own decision will tell.
    async fn wait_for_others(&self, known: u64, about: &JudgedAttempt) {
        let is_same = |state: &State| {
            state.waiting().is_some_and(|(phase, judged, _)| JudgedAttempt::new(phase, judged) == *about)
        };
        loop {
            tokio::time::sleep(POLL).await;
            let newest = self.journal.last_number(self.run).ok().flatten();
            if newest.is_some_and(|newest| newest > known)
                && load_run(self.journal.as_ref(), self.run).is_ok_and(|(state, _)| !is_same(&state))
            {
                return;
            }
        }
    }

    /// Renders the decision of somebody else: the person, the time and the reason.
    fn render_overtaken(&self, known: u64) -> Result<String, Failure> {
        let decided = self.journal.events_after(self.run, known)?.iter().find_map(render_given);
        Ok(decided.unwrap_or_else(|| format!("run {} went on without this question\n", self.run)))
    }

    fn note_typed(&self, answer: Option<&Answer>) {
        if let Some(Answer::Overtaken(typed)) = answer
            && !typed.trim().is_empty()
        {
            self.view.printer().note(&format!("you had typed: {}\n", one_line(typed)));
        }
    }

    /// After a decision of somebody else, gives their process the time to continue the run, and waits while it does.
    pub async fn wait_for_other_process(&self) -> Result<(), Failure> {
        let mut free_at = Instant::now() + GRACE;
        let mut told = false;
        let (state, _) = load_run(self.journal.as_ref(), self.run)?;
        if state.ended().is_some() {
            return Ok(());
        }
        while Instant::now() < free_at {
            let owner = self.journal.owner(self.run)?;
            if let Some(pid) = owner {
                free_at = Instant::now() + GRACE;
                if !told {
                    told = true;
                    self.view.print(&format!("process {pid} continues run {}; waiting for it\n", self.run));
                }
            } else if told {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                _ = self.stop.stopped() => return Ok(()),
            }
        }
        Ok(())
    }
}

fn render_given(recorded: &Recorded) -> Option<String> {
    let Event::ApprovalGiven { at, choice, by, reason, .. } = &recorded.event else { return None };
    let reason = if reason.is_empty() { String::new() } else { format!(": {}", one_line(reason)) };
    let (choice, by, when) = (render_choice(choice), one_line(by), format_utc(recorded.at_ms));
    Some(format!("decided meanwhile: {at} {choice} by {by} at {when}{reason}\n"))
}
