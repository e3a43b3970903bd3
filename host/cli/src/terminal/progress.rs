//! Progress bars: a spinner for each run with phase, attempt, calls, tokens, cost and time, and one for each component that
//! is compiling.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{Event, Recorded, RunId};
use phasegate_runtime::{Activity, CompileStage};

use crate::terminal::draw_target::stderr_target;
use crate::terminal::format::{compact_number, compiled_how_often, cost, count, one_line, truncate};
use crate::terminal::model_progress::render_model_progress;
use crate::terminal::style::can_redraw;

const TICK: Duration = Duration::from_millis(120);

/// The progress bars of all runs.
pub struct ProgressBars {
    multi: MultiProgress,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    runs: HashMap<RunId, Bar>,
    compiling: HashMap<String, ProgressBar>,
}

struct Bar {
    bar: ProgressBar,
    /// Labels of the model calls without an answer, by number.
    open_calls: BTreeMap<u32, String>,
    /// The last progress message of the agent or a model.
    activity: String,
    /// Phase and totals at the newest event.
    position: String,
}

impl ProgressBars {
    /// Creates an empty set of bars.
    pub fn new() -> Self {
        Self { multi: MultiProgress::with_draw_target(stderr_target()), shown: Mutex::default() }
    }

    /// Prints above the bars.
    pub fn print_above(&self, print: impl FnOnce()) {
        self.multi.suspend(print);
    }

    /// Hides the bars.
    pub fn hide(&self) {
        let _ = self.multi.clear();
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Shows the bars again.
    pub fn show(&self) {
        self.multi.set_draw_target(stderr_target());
    }

    /// Adds a bar with this name for a run that is about to start.
    pub fn add_run(&self, run: &RunId, name: &str) {
        let bar = self.new_bar(name);
        self.lock().runs.insert(run.clone(), bar);
    }

    fn new_bar(&self, name: &str) -> Bar {
        Bar {
            bar: self.add_spinner(name),
            open_calls: BTreeMap::new(),
            activity: String::new(),
            position: String::new(),
        }
    }

    /// Removes the bar of a run.
    pub fn finish_run(&self, run: &RunId) {
        if let Some(bar) = self.lock().runs.remove(run) {
            bar.bar.finish_and_clear();
        }
    }

    /// Updates the bar of a run after an event.
    pub fn on_event(&self, run: &RunId, event: &Recorded, state: &State) {
        let mut shown = self.lock();
        let bar = shown.runs.entry(run.clone()).or_insert_with(|| self.new_bar(state.created.task_id.as_str()));
        match &event.event {
            Event::PhaseStarted { .. } | Event::PhaseFinished { .. } => {
                bar.open_calls.clear();
                bar.activity.clear();
            }
            Event::ModelAsked { call, label, .. } => {
                bar.open_calls.insert(*call, one_line(label));
            }
            Event::ModelAnswered { call, .. } => {
                bar.open_calls.remove(call);
                bar.activity.clear();
            }
            _ => {}
        }
        bar.position = render_position(state);
        bar.show();
    }

    /// Shows current activity.
    pub fn on_activity(&self, run: &RunId, seen: &Activity) {
        let mut shown = self.lock();
        match seen {
            Activity::Compiling { plugin, kept, stage: CompileStage::Begun } => {
                let bar = self.add_spinner(&format!("compiling {plugin}"));
                bar.set_message(compiled_how_often(*kept));
                shown.compiling.insert(plugin.clone(), bar);
            }
            Activity::Compiling { plugin, .. } => {
                shown.compiling.remove(plugin).iter().for_each(ProgressBar::finish_and_clear);
            }
            Activity::Model { progress, .. } => shown.show_activity(run, &render_model_progress(progress)),
            Activity::Progress { what, .. } => shown.show_activity(run, what),
            Activity::Log { .. } => {}
        }
    }

    fn add_spinner(&self, name: &str) -> ProgressBar {
        start_spinner(self.multi.add(ProgressBar::new_spinner()), name)
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        lock(&self.shown)
    }
}

/// Shows a spinner with this name on the terminal, if standard error is one that can draw it.
pub fn spinner(name: &str) -> ProgressBar {
    let bar = if can_redraw() { ProgressBar::with_draw_target(None, stderr_target()) } else { ProgressBar::hidden() };
    start_spinner(bar, name)
}

fn start_spinner(bar: ProgressBar, name: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_prefix(one_line(name));
    bar.enable_steady_tick(TICK);
    bar
}

impl Shown {
    fn show_activity(&mut self, run: &RunId, what: &str) {
        if let Some(bar) = self.runs.get_mut(run) {
            bar.activity = truncate(what, 60);
            bar.show();
        }
    }
}

impl Bar {
    fn show(&self) {
        let mut parts = vec![self.position.clone()];
        match self.open_calls.values().next() {
            Some(first) if self.open_calls.len() > 1 => {
                parts.push(format!("asking {first} +{}", self.open_calls.len() - 1))
            }
            Some(first) => parts.push(format!("asking {first}")),
            None => {}
        }
        parts.extend(Some(self.activity.clone()).filter(|activity| !activity.is_empty()));
        self.bar.set_message(parts.join(" · "));
    }
}

fn render_position(state: &State) -> String {
    let spent = &state.spent;
    let place = match state.phase() {
        Some(phase) => format!("{}#{}", phase.name, state.attempt(&phase.name)),
        None => "done".to_owned(),
    };
    let tokens = compact_number(spent.input_tokens + spent.output_tokens);
    let usd = spent.known_usd();
    format!(
        "{place} · {} · {tokens} tokens · {}",
        count(spent.calls, "call"),
        cost(usd, state.created.scripted, spent.asks_models)
    )
}
