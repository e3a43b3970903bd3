//! A long run, resumed by a new host: the time until it calls its model again.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use phasegate_process::sync::lock;
use phasegate_runtime::{StopCause, StopSignal};
use serde_json::{Value, json};

use super::{Watcher, runtime};
use crate::workload::{Durability, Shape, Workload};

/// More attempts than any measurement needs; each writes about twelve events.
const ATTEMPTS: u32 = 1_000_000;

/// Executes a run until it has so many events, and resumes it.
pub fn measure(events: u64) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let endless = Shape { attempts: Some(ATTEMPTS), ..Shape::default() };
    let run = {
        let workload = Workload::new(dir.path(), Durability::Disk, endless)?;
        let stop = StopSignal::default();
        let watcher = Watcher { stop_at_event: Some(events), stop: stop.clone(), ..Watcher::default() };
        let runtime = runtime()?;
        runtime.block_on(runtime.spawn(async move {
            let run = workload.create().await?;
            workload.execute(&run, Arc::new(watcher), &stop).await?;
            anyhow::Ok(run)
        }))??
    };
    let runtime = runtime()?;
    let workload = Workload::new(dir.path(), Durability::Disk, Shape::default())?;
    // Loads the component.
    runtime.block_on(workload.run())?;
    let recorded = workload.journal.events(&run)?.len();
    let watcher = Arc::new(Watcher { stop_at_event: Some(recorded as u64 + 4), ..Watcher::default() });
    let began = Instant::now();
    let resumed = {
        let watcher = Arc::clone(&watcher);
        async move { workload.execute(&run, watcher.clone(), &watcher.stop).await }
    };
    runtime.block_on(runtime.spawn(resumed))??;
    let asked = lock(&watcher.first_request).context("the resumed run called no model")?;
    watcher.stop.stop(StopCause::Interrupted);
    Ok(json!({ "ms": (asked - began).as_secs_f64() * 1e3, "events": recorded }))
}
