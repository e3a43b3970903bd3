//! The moving part of a terminal: for each run a spinner with phase, attempt, calls, tokens, money and time, and one for
//! each component that is being compiled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use phasegate_process::state::State;
use phasegate_process::{Event, Recorded, RunId};
use phasegate_runtime::Seen;

use crate::terminal::format::{cost, count, figure, one_line, short};

const TICK: Duration = Duration::from_millis(120);

/// The bars of all runs.
pub struct Bars {
    multi: MultiProgress,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    runs: HashMap<RunId, Bar>,
    compiling: HashMap<String, ProgressBar>,
}

struct Bar {
    bar: ProgressBar,
    /// Calls under way: what each is for.
    asking: BTreeMap<u32, String>,
    /// What the agent or a model last said of itself.
    note: String,
    /// Phase and sums, as the newest event left them.
    standing: String,
}

impl Bars {
    /// None yet.
    pub fn new() -> Self {
        Self { multi: MultiProgress::new(), known: Mutex::default() }
    }

    /// Prints something above them.
    pub fn above(&self, print: impl FnOnce()) {
        self.multi.suspend(print);
    }

    /// Takes them away.
    pub fn pause(&self) {
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Brings them back.
    pub fn go_on(&self) {
        self.multi.set_draw_target(ProgressDrawTarget::stderr());
    }

    /// A bar for a run that is about to start, under a name of its own.
    pub fn announce(&self, run: &RunId, name: &str) {
        let bar = self.bar(name);
        self.known().runs.insert(run.clone(), bar);
    }

    fn bar(&self, name: &str) -> Bar {
        Bar { bar: self.spinner(name), asking: BTreeMap::new(), note: String::new(), standing: String::new() }
    }

    /// This run's bar is not needed any more.
    pub fn over(&self, run: &RunId) {
        if let Some(bar) = self.known().runs.remove(run) {
            bar.bar.finish_and_clear();
        }
    }

    /// Moves the run's bar on.
    pub fn event(&self, run: &RunId, event: &Recorded, state: &State) {
        let mut known = self.known();
        let bar = known.runs.entry(run.clone()).or_insert_with(|| self.bar(state.created.task_id.as_str()));
        match &event.event {
            Event::PhaseStarted { .. } | Event::PhaseFinished { .. } => {
                bar.asking.clear();
                bar.note.clear();
            }
            Event::ModelAsked { call, label, .. } => {
                bar.asking.insert(*call, one_line(label));
            }
            Event::ModelAnswered { call, .. } => {
                bar.asking.remove(call);
                bar.note.clear();
            }
            _ => {}
        }
        bar.standing = standing(state);
        bar.show();
    }

    /// Shows something of the moment.
    pub fn seen(&self, run: &RunId, seen: &Seen) {
        let mut known = self.known();
        match seen {
            Seen::Compiling { plugin, done: false } => {
                let bar = self.spinner(&format!("compiling {plugin}"));
                bar.set_message("once on this machine");
                known.compiling.insert(plugin.clone(), bar);
            }
            Seen::Compiling { plugin, done: true } => {
                known.compiling.remove(plugin).iter().for_each(ProgressBar::finish_and_clear);
            }
            Seen::Model { what, .. } | Seen::Progress { what, .. } => {
                if let Some(bar) = known.runs.get_mut(run) {
                    bar.note = short(what, 60);
                    bar.show();
                }
            }
            Seen::Log { .. } => {}
        }
    }

    fn spinner(&self, name: &str) -> ProgressBar {
        let bar = self.multi.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(one_line(name));
        bar.enable_steady_tick(TICK);
        bar
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bar {
    fn show(&self) {
        let mut parts = vec![self.standing.clone()];
        match self.asking.values().next() {
            Some(first) if self.asking.len() > 1 => parts.push(format!("asking {first} +{}", self.asking.len() - 1)),
            Some(first) => parts.push(format!("asking {first}")),
            None => {}
        }
        parts.extend(Some(self.note.clone()).filter(|note| !note.is_empty()));
        self.bar.set_message(parts.join(" · "));
    }
}

fn standing(state: &State) -> String {
    let spent = &state.spent;
    let place = match state.phase() {
        Some(phase) => format!("{}#{}", phase.name, state.attempt(&phase.name)),
        None => "done".to_owned(),
    };
    let tokens = figure(spent.input_tokens + spent.output_tokens);
    let usd = if spent.calls == 0 { Some(0.0) } else { spent.usd };
    format!("{place} · {} · {tokens} tokens · {}", count(spent.calls, "call"), cost(usd, state.created.scripted))
}
