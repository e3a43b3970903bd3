//! Observers of runs: the terminal, `--json` output, tests.

use std::time::Duration;

use phasegate_broker::Progress;
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_sandbox::LogLevel;

/// Something that happens in a run and is not recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Activity {
    /// A plugin logs a line.
    Log {
        /// Severity, as the plugin gives it.
        level: LogLevel,
        /// Text without a line break at its end.
        line: String,
    },
    /// A plugin reports progress.
    Progress {
        /// What the plugin does at the moment, in its words.
        what: String,
        /// The part that is done, from 0.0 to 1.0, if the plugin says.
        fraction: Option<f32>,
    },
    /// A model call makes progress: a request is sent, an answer arrives, or the call is retried.
    Model {
        /// Number of the call within its attempt, from 1.
        call: u32,
        /// Label of the request.
        label: String,
        /// What happens to the call.
        progress: Progress,
    },
    /// A component is compiled.
    Compiling {
        /// Name of the plugin.
        plugin: String,
        /// Whether the result is kept for later runs on this machine.
        kept: bool,
        /// How far it is.
        stage: CompileStage,
    },
}

/// How far a compilation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileStage {
    /// It begins.
    Begun,
    /// It took so long.
    Done(Duration),
    /// The component cannot be used, or the compiler failed.
    Failed,
}

/// A receiver of the events and the activity of runs. Called from the run loop, so it must return quickly; it cannot influence the run.
pub trait Observer: Send + Sync + 'static {
    /// Called when an event is durable, with the state that its batch of events leads to.
    fn on_event(&self, run: &RunId, event: &Recorded, state: &State);
    /// Called for what is not recorded. `at` is the attempt, if the activity belongs to one.
    fn on_activity(&self, run: &RunId, at: Option<&AttemptId>, seen: Activity);
}

/// Ignores everything.
#[derive(Debug, Clone, Copy)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn on_event(&self, _: &RunId, _: &Recorded, _: &State) {}
    fn on_activity(&self, _: &RunId, _: Option<&AttemptId>, _: Activity) {}
}
