//! Notes about model calls that take long, for a person who sees no progress bars.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Event, RunId};
use phasegate_runtime::Activity;

use crate::terminal::waits::Waits;

/// The interval at which the waiting times are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Follows the model calls of all runs of the process.
#[derive(Default)]
pub struct WaitNotes(Mutex<Waits>);

impl WaitNotes {
    /// Notes which calls begin and end.
    pub fn on_event(&self, run: &RunId, event: &Event) {
        lock(&self.0).on_event(run, event, Instant::now());
    }

    /// Notes the progress of calls; ignores all other activity.
    pub fn on_activity(&self, run: &RunId, at: Option<&AttemptId>, seen: &Activity) {
        if let (Some(at), Activity::Model { call, label, progress }) = (at, seen) {
            lock(&self.0).on_progress(run, at, (*call, label), progress, Instant::now());
        }
    }

    /// Calls `print` with a line for each call that takes long. Never ends.
    pub async fn report(&self, print: impl Fn(&RunId, &str)) {
        loop {
            tokio::time::sleep(TICK).await;
            let due = lock(&self.0).due(Instant::now());
            due.iter().for_each(|(run, text)| print(run, text));
        }
    }
}
