//! One module for each measurement.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Recorded, RunId};
use phasegate_runtime::{Activity, Observer, StopCause, StopSignal};

pub mod attempts;
pub mod bare;
pub mod hot;
pub mod idle;
pub mod journal;
pub mod load;
pub mod python;
pub mod resume;
pub mod single;
pub mod start;
pub mod sync;
pub mod waiting;

mod model_server;
mod program;

/// Records when runs call models, and stops a run at a chosen event.
#[derive(Debug, Default)]
struct Watcher {
    asking: Mutex<HashSet<RunId>>,
    first_request: Mutex<Option<Instant>>,
    /// Stops a run at its first event with this number or a higher one.
    stop_at_event: Option<u64>,
    stop: StopSignal,
}

impl Observer for Watcher {
    fn on_event(&self, _: &RunId, event: &Recorded, _: &State) {
        if self.stop_at_event.is_some_and(|number| event.number >= number) {
            self.stop.stop(StopCause::Interrupted);
        }
    }

    fn on_activity(&self, run: &RunId, _: Option<&AttemptId>, seen: Activity) {
        if matches!(seen, Activity::Model { .. }) {
            lock(&self.first_request).get_or_insert_with(Instant::now);
            lock(&self.asking).insert(run.clone());
        }
    }
}

/// Calls `check` every few milliseconds until it returns something. Fails after a minute.
fn wait_until<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> Result<T> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        if let Some(found) = check() {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("{what}: not within a minute")
}

/// Returns a runtime as the program has it.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
