//! Notes about model calls that take long, for a person who sees no progress bars.

use std::sync::Mutex;
use std::time::Instant;

use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Event, RunId};
use phasegate_runtime::Activity;

use crate::terminal::waits::{FIRST, Waits};

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
            // No call that begins meanwhile is due before.
            let at_most = Instant::now() + FIRST;
            let next = lock(&self.0).next_due().map_or(at_most, |due| due.min(at_most));
            tokio::time::sleep_until(next.into()).await;
            let due = lock(&self.0).due(Instant::now());
            due.iter().for_each(|(run, text)| print(run, text));
        }
    }
}
