//! Progress of runs while they execute: JSON lines, lines for people, or progress bars.
//!
//! With `--json`, stdout has only the journal's events, and lines for people go to stderr.

use std::io::IsTerminal;

use phasegate_process::state::State;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_runtime::{Activity, Observer};
use phasegate_sandbox::LogLevel;

use crate::context::Context;
use crate::terminal::format::one_line;
use crate::terminal::model_progress::render_model_progress;
use crate::terminal::printer::Printer;
use crate::terminal::progress::ProgressBars;
use crate::terminal::style::Paint;
use crate::view::event::{render_json_line, render_progress, render_verbose};
use crate::view::wait_notes::WaitNotes;

/// Shows the progress of all runs of the process.
pub struct LiveView {
    printer: Printer,
    json: bool,
    verbose: u8,
    several: bool,
    events: bool,
    bars: Option<ProgressBars>,
    waits: WaitNotes,
}

impl LiveView {
    /// With `several`, each line starts with the id of its run.
    pub fn new(context: &Context, json: bool, several: bool) -> Self {
        let bars = (!json && std::io::stderr().is_terminal()).then(ProgressBars::new);
        Self {
            printer: context.printer,
            json,
            verbose: context.verbose,
            several,
            events: true,
            bars,
            waits: WaitNotes::default(),
        }
    }

    /// Prints no events with `--json`: a replay only repeats the journal.
    pub fn without_events(self) -> Self {
        Self { events: false, ..self }
    }

    /// The printer of this view.
    pub fn printer(&self) -> Printer {
        self.printer
    }

    /// The colours of lines for people.
    pub fn paint(&self) -> Paint {
        if self.json { self.printer.note_paint() } else { self.printer.paint() }
    }

    /// Prints text for people, above the progress bars.
    pub fn print(&self, text: &str) {
        let print = || if self.json { self.printer.note(text) } else { self.printer.print(text) };
        match &self.bars {
            Some(bars) => bars.print_above(print),
            None => print(),
        }
    }

    /// Hides the progress bars while something else is printed.
    pub fn hide(&self) {
        self.bars.iter().for_each(ProgressBars::hide);
    }

    /// Shows the progress bars again.
    pub fn show(&self) {
        self.bars.iter().for_each(ProgressBars::show);
    }

    /// Removes the progress bar of a run.
    pub fn finish_run(&self, run: &RunId) {
        self.bars.iter().for_each(|bars| bars.finish_run(run));
    }

    /// Prints a note for each model call that takes long, until the future is dropped. Progress bars show the calls
    /// already, so there are no notes beside them.
    pub async fn report_waits(&self) {
        if self.bars.is_none() {
            let paint = self.printer.note_paint();
            self.waits.report(|run, text| self.printer.note(&self.render_line(run, text, paint))).await;
        }
    }

    fn line(&self, run: &RunId, text: &str) {
        self.print(&self.render_line(run, text, self.paint()));
    }

    fn render_line(&self, run: &RunId, text: &str, paint: Paint) -> String {
        let name = if self.several { format!("{} ", paint.dim(run.as_str())) } else { String::new() };
        format!("{name}{text}\n")
    }
}

impl Observer for LiveView {
    fn on_event(&self, run: &RunId, event: &Recorded, state: &State) {
        self.waits.on_event(run, &event.event);
        if self.json && self.events {
            self.printer.print(&render_json_line(run, event));
        }
        let more = || if self.verbose > 0 { render_verbose(event) } else { None };
        if let Some(text) = render_progress(event, state, self.paint()).or_else(more) {
            self.line(run, &text);
        }
        self.bars.iter().for_each(|bars| bars.on_event(run, event, state));
    }

    fn on_activity(&self, run: &RunId, at: Option<&AttemptId>, seen: Activity) {
        self.waits.on_activity(run, at, &seen);
        let place = at.map(|at| format!("{at} ")).unwrap_or_default();
        match &seen {
            Activity::Log { level, line } => {
                let shown = match level {
                    LogLevel::Warn | LogLevel::Error => true,
                    LogLevel::Info => self.verbose > 0,
                    LogLevel::Debug => self.verbose > 1,
                };
                if shown {
                    self.line(run, &format!("{place}{level}: {}", one_line(line)));
                }
            }
            Activity::Compiling { plugin, done: false } => {
                if self.bars.is_none() {
                    self.line(run, &format!("compiling {plugin} (once on this machine)"));
                }
            }
            Activity::Compiling { plugin, done: true } => self.line(run, &format!("compiled {plugin}")),
            Activity::Model { label, progress, .. } => {
                if self.verbose > 1 {
                    let what = render_model_progress(progress);
                    self.line(run, &format!("{place}{}: {}", one_line(label), one_line(&what)));
                }
            }
            Activity::Progress { what, .. } => {
                if self.verbose > 0 && self.bars.is_none() {
                    self.line(run, &format!("{place}{}", one_line(what)));
                }
            }
        }
        self.bars.iter().for_each(|bars| bars.on_activity(run, &seen));
    }
}
