//! One run whose gate fails again and again.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use phasegate_runtime::{NoObserver, StopSignal};
use serde_json::{Value, json};

use super::runtime;
use crate::process::{folder_bytes, memory};
use crate::workload::{Durability, Shape, Workload};

/// Executes a run with so many attempts at each of its two phases.
pub fn measure(attempts: u32, artifact_bytes: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let runtime = runtime()?;
    let warm_up = Shape { attempts: Some(1), ..Shape::default() };
    execute(&runtime, &Workload::new(dir.path(), Durability::Disk, warm_up)?)?;
    let shape = Shape { attempts: Some(attempts), artifact_bytes, ..Shape::default() };
    let workload = Workload::new(dir.path(), Durability::Disk, shape)?;
    let stored_before = folder_bytes(&dir.path().join("state"));
    let began = Instant::now();
    let events = execute(&runtime, &workload)?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    drop(workload);
    drop(runtime);
    let stored = folder_bytes(&dir.path().join("state")).saturating_sub(stored_before);
    Ok(json!({
        "ms": ms,
        "ms_an_attempt": ms / f64::from(attempts),
        "events": events,
        "peak_bytes": memory().peak,
        "stored_bytes": stored,
    }))
}

/// Creates and executes a run, and returns the number of its events.
fn execute(runtime: &tokio::runtime::Runtime, workload: &Workload) -> Result<usize> {
    let workload = workload.clone();
    runtime.block_on(runtime.spawn(async move {
        let run = workload.create().await?;
        workload.execute(&run, Arc::new(NoObserver), &StopSignal::default()).await?;
        Ok(workload.journal.events(&run)?.len())
    }))?
}
