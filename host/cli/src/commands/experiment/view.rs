//! Progress of an experiment on stderr: progress bars, or a line for each cell.

use phasegate_process::state::State;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_runtime::{Activity, CompileStage, Observer};

use crate::context::Context;
use crate::exit::Failure;
use crate::terminal::format::{compiled_how_often, one_line};
use crate::terminal::printer::Printer;
use crate::terminal::progress::ProgressBars;
use crate::terminal::style::can_redraw;
use crate::view::event::render_progress;
use crate::view::wait_notes::WaitNotes;

/// Shows the progress of all runs.
pub struct ExperimentView {
    verbose: u8,
    printer: Printer,
    bars: Option<ProgressBars>,
    waits: WaitNotes,
}

impl ExperimentView {
    /// Uses progress bars if stderr is a terminal that can draw them.
    pub fn new(context: &Context) -> Self {
        Self {
            verbose: context.verbose,
            printer: context.printer,
            bars: can_redraw().then(ProgressBars::new),
            waits: WaitNotes::default(),
        }
    }

    /// Prints a note above the bars.
    pub fn note(&self, text: &str) {
        self.print_above(|| self.printer.note(text));
    }

    /// Prints why a run has no end, above the bars.
    pub fn fail(&self, failure: &Failure) {
        self.print_above(|| failure.print(&self.printer));
    }

    fn print_above(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.print_above(print),
            None => print(),
        }
    }

    /// Adds a run under the name of its cell.
    pub fn add_run(&self, run: &RunId, name: &str) {
        self.bars.iter().for_each(|bars| bars.add_run(run, name));
    }

    /// Removes the progress bar of a run.
    pub fn finish_run(&self, run: &RunId) {
        self.bars.iter().for_each(|bars| bars.finish_run(run));
    }

    /// Hides the progress bars.
    pub fn hide(&self) {
        self.bars.iter().for_each(ProgressBars::hide);
    }

    /// Prints a note for each model call that takes long, until the future is dropped; none beside progress bars.
    pub async fn report_waits(&self) {
        if self.bars.is_none() {
            self.waits.report(|run, text| self.line(run, text)).await;
        }
    }

    fn line(&self, run: &RunId, text: &str) {
        self.note(&format!("{} {text}\n", self.printer.note_paint().dim(run.as_str())));
    }
}

impl Observer for ExperimentView {
    fn on_event(&self, run: &RunId, event: &Recorded, state: &State) {
        if let Some(text) = render_progress(event, state, self.printer.note_paint()).filter(|_| self.verbose > 0) {
            self.line(run, &text);
        }
        self.waits.on_event(run, &event.event);
        self.bars.iter().for_each(|bars| bars.on_event(run, event, state));
    }

    fn on_activity(&self, run: &RunId, at: Option<&AttemptId>, seen: Activity) {
        self.waits.on_activity(run, at, &seen);
        match &seen {
            Activity::Compiling { plugin, kept, stage: CompileStage::Begun } if self.bars.is_none() => {
                self.printer.note(&format!("compiling {plugin} ({})\n", compiled_how_often(*kept)));
            }
            Activity::Log { level, line } if self.verbose > 0 => {
                self.line(run, &format!("{level}: {}", one_line(line)))
            }
            _ => {}
        }
        self.bars.iter().for_each(|bars| bars.on_activity(run, &seen));
    }
}
