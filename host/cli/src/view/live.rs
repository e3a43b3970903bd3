//! Progress of runs while they execute: JSON lines, lines for people, or progress bars.
//!
//! With `--json`, stdout has only the journal's events, and lines for people go to stderr. While a person is asked something,
//! what would go to the terminal waits, and is printed afterwards.

use std::io::{IsTerminal, stdout};
use std::sync::Mutex;

use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Event, Recorded, RunId};
use phasegate_runtime::{Activity, CompileStage, Observer};
use phasegate_sandbox::LogLevel;

use crate::context::Context;
use crate::terminal::format::{compiled_how_often, one_line};
use crate::terminal::model_progress::render_model_progress;
use crate::terminal::printer::Printer;
use crate::terminal::progress::ProgressBars;
use crate::terminal::style::{Paint, can_redraw, is_pipe};
use crate::terminal::width::wrap_lines;
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
    /// What is printed after the question; `None` while nobody is asked.
    held: Mutex<Option<Vec<Output>>>,
}

/// Text for one of the two streams.
enum Output {
    Result(String),
    Note(String),
}

impl LiveView {
    /// With `several`, each line starts with the id of its run.
    pub fn new(context: &Context, json: bool, several: bool) -> Self {
        // What goes through a pipe may be shown at the same terminal, below or above the bars, and they would leave remains.
        let bars = (!json && can_redraw() && !is_pipe(&stdout())).then(ProgressBars::new);
        Self {
            printer: context.printer,
            json,
            verbose: context.verbose,
            several,
            events: true,
            bars,
            waits: WaitNotes::default(),
            held: Mutex::default(),
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
        match self.json {
            true => self.note(text),
            false => self.output(Output::Result(text.to_owned())),
        }
    }

    /// Prints text for people before what is held.
    pub fn print_at_once(&self, text: &str) {
        match self.json {
            true => self.printer.note(text),
            false => self.printer.print(text),
        }
    }

    /// Prints a note for people, above the progress bars.
    pub fn note(&self, text: &str) {
        self.output(Output::Note(text.to_owned()));
    }

    fn output(&self, output: Output) {
        // A program that reads stdout does not wait for a person.
        let waits = matches!(output, Output::Note(_)) || stdout().is_terminal();
        if let Some(held) = lock(&self.held).as_mut().filter(|_| waits) {
            return held.push(output);
        }
        match &self.bars {
            Some(bars) => bars.print_above(|| self.write(&output)),
            None => self.write(&output),
        }
    }

    fn write(&self, output: &Output) {
        match output {
            Output::Result(text) => self.printer.print(text),
            Output::Note(text) => self.printer.note(text),
        }
    }

    /// Hides the progress bars, and keeps everything that is printed from now on until [`Self::release`].
    pub fn hold(&self) {
        self.hide();
        lock(&self.held).get_or_insert_with(Vec::new);
    }

    /// Prints what was kept, and shows the progress bars again.
    pub fn release(&self) {
        let held = lock(&self.held).take();
        held.iter().flatten().for_each(|output| self.write(output));
        self.bars.iter().for_each(ProgressBars::show);
    }

    /// Hides the progress bars for good.
    pub fn hide(&self) {
        self.bars.iter().for_each(ProgressBars::hide);
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
        wrap_lines(&format!("{name}{text}\n"), paint.width())
    }
}

impl Observer for LiveView {
    fn on_event(&self, run: &RunId, event: &Recorded, state: &State) {
        self.waits.on_event(run, &event.event);
        if self.json && self.events {
            self.output(Output::Result(render_json_line(run, event)));
        }
        let more = || if self.verbose > 0 { render_verbose(event) } else { None };
        // The reason of a stop is the error or the signal that this process tells at its end.
        let is_told = matches!(event.event, Event::RunStopped { .. });
        if let Some(text) = render_progress(event, state, self.paint()).or_else(more).filter(|_| !is_told) {
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
            Activity::Compiling { plugin, kept, stage: CompileStage::Begun } => {
                if self.bars.is_none() {
                    self.line(run, &format!("compiling {plugin} ({})", compiled_how_often(*kept)));
                }
            }
            Activity::Compiling { plugin, stage: CompileStage::Done(took), .. } => {
                self.line(run, &format!("compiled {plugin} in {:.1} s", took.as_secs_f32()));
            }
            Activity::Compiling { stage: CompileStage::Failed, .. } => {}
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
