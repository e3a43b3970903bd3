//! What a run shows while it goes: for the terminal, for `--json`, for tests.

use phasegate_process::state::State;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_sandbox::LogLevel;

/// Something that is not a fact of the run, only of the moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Activity {
    /// A plugin said something.
    Log {
        /// How important it is.
        level: LogLevel,
        /// One line.
        line: String,
    },
    /// A plugin says how far it is.
    Progress {
        /// What it does.
        what: String,
        /// 0.0 to 1.0.
        fraction: Option<f32>,
    },
    /// A model's answer is arriving, or a call is tried again.
    Model {
        /// The call.
        call: u32,
        /// What it is for.
        label: String,
        /// In words.
        what: String,
    },
    /// A component is being compiled, or is ready.
    Compiling {
        /// The plugin.
        plugin: String,
        /// Whether it is done.
        done: bool,
    },
}

/// Watches runs. Called from the middle of things: it must be quick, and it decides nothing.
pub trait Observer: Send + Sync + 'static {
    /// An event is durable and folded.
    fn on_event(&self, run: &RunId, event: &Recorded, state: &State);
    /// Something of the moment.
    fn on_activity(&self, run: &RunId, at: Option<&AttemptId>, seen: Activity);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn on_event(&self, _: &RunId, _: &Recorded, _: &State) {}
    fn on_activity(&self, _: &RunId, _: Option<&AttemptId>, _: Activity) {}
}
