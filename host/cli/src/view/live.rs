//! What a person or a program sees of runs while they go: JSON lines, lines for people, or bars that move.
//!
//! With `--json` stdout has the journal's events and nothing else, and people's lines go to stderr.

use std::io::IsTerminal;

use phasegate_process::state::State;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_runtime::{Seen, Watcher};

use crate::context::Context;
use crate::terminal::format::one_line;
use crate::terminal::printer::Printer;
use crate::terminal::progress::ProgressBars;
use crate::terminal::style::Paint;
use crate::view::event::{render_json_line, render_progress, render_verbose};

/// Watches all runs of the process.
pub struct LiveView {
    printer: Printer,
    json: bool,
    verbose: u8,
    several: bool,
    events: bool,
    bars: Option<ProgressBars>,
}

impl LiveView {
    /// `several` runs at once name themselves on each line.
    pub fn new(context: &Context, json: bool, several: bool) -> Self {
        let bars = (!json && std::io::stderr().is_terminal()).then(ProgressBars::new);
        Self { printer: context.printer, json, verbose: context.verbose, several, events: true, bars }
    }

    /// Not a word of events on stdout with `--json`: they are in the journal already.
    pub fn without_events(self) -> Self {
        Self { events: false, ..self }
    }

    /// Where this view prints.
    pub fn printer(&self) -> Printer {
        self.printer
    }

    /// The colours of what is said to people.
    pub fn paint(&self) -> Paint {
        if self.json { self.printer.note_paint() } else { self.printer.paint() }
    }

    /// Says something to people, above the bars if there are any.
    pub fn print(&self, text: &str) {
        let print = || if self.json { self.printer.note(text) } else { self.printer.print(text) };
        match &self.bars {
            Some(bars) => bars.print_above(print),
            None => print(),
        }
    }

    /// Takes the bars away while a person is asked.
    pub fn hide(&self) {
        self.bars.iter().for_each(ProgressBars::hide);
    }

    /// Brings them back.
    pub fn show(&self) {
        self.bars.iter().for_each(ProgressBars::show);
    }

    /// Nothing more will happen in this run for now.
    pub fn finish_run(&self, run: &RunId) {
        self.bars.iter().for_each(|bars| bars.finish_run(run));
    }

    fn line(&self, run: &RunId, text: &str) {
        let name = if self.several { format!("{} ", self.paint().dim(run.as_str())) } else { String::new() };
        self.print(&format!("{name}{text}\n"));
    }
}

impl Watcher for LiveView {
    fn event(&self, run: &RunId, event: &Recorded, state: &State) {
        if self.json && self.events {
            self.printer.print(&render_json_line(run, event));
        }
        let more = || if self.verbose > 0 { render_verbose(event) } else { None };
        if let Some(text) = render_progress(event, state, self.paint()).or_else(more) {
            self.line(run, &text);
        }
        self.bars.iter().for_each(|bars| bars.on_event(run, event, state));
    }

    fn seen(&self, run: &RunId, at: Option<&AttemptId>, seen: Seen) {
        let place = at.map(|at| format!("{at} ")).unwrap_or_default();
        match &seen {
            Seen::Log { level, line } => {
                let shown = match *level {
                    "warn" | "error" => true,
                    "info" => self.verbose > 0,
                    _ => self.verbose > 1,
                };
                if shown {
                    self.line(run, &format!("{place}{level}: {}", one_line(line)));
                }
            }
            Seen::Compiling { plugin, done: false } => {
                if self.bars.is_none() {
                    self.line(run, &format!("compiling {plugin} (once on this machine)"));
                }
            }
            Seen::Compiling { plugin, done: true } => self.line(run, &format!("compiled {plugin}")),
            Seen::Model { label, what, .. } => {
                if self.verbose > 1 {
                    self.line(run, &format!("{place}{}: {}", one_line(label), one_line(what)));
                }
            }
            Seen::Progress { what, .. } => {
                if self.verbose > 0 && self.bars.is_none() {
                    self.line(run, &format!("{place}{}", one_line(what)));
                }
            }
        }
        self.bars.iter().for_each(|bars| bars.on_activity(run, &seen));
    }
}
