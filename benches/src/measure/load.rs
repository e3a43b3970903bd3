//! Runs at once, as the command line starts them.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use super::runtime;
use crate::process::{cpu, folder_bytes, memory};
use crate::workload::{Durability, Shape, Workload};

/// Executes so many runs at once, once.
pub fn measure(durability: Durability, runs: usize, delay_ms: u64) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let state = dir.path().join("state");
    let workload = Workload::new(dir.path(), durability, Shape { delay_ms, ..Shape::default() })?;
    let runtime = runtime()?;
    // Compiles the components and fills the caches of the process.
    runtime.block_on(workload.run())?;
    let (idle, stored_before) = (memory().now, folder_bytes(&state));
    let (began, cpu_before) = (Instant::now(), cpu());
    let at_once = workload.clone();
    runtime.block_on(runtime.spawn(async move { at_once.runs(runs).await }))??;
    let (seconds, cpu_after, peak) = (began.elapsed().as_secs_f64(), cpu(), memory().peak);
    drop(workload);
    drop(runtime);
    let stored = folder_bytes(&state).saturating_sub(stored_before);
    Ok(json!({
        "seconds": seconds,
        "runs_per_second": runs as f64 / seconds,
        "cpu_s": (cpu_after.0 - cpu_before.0 + cpu_after.1 - cpu_before.1).as_secs_f64(),
        "idle_bytes": idle,
        "peak_bytes": peak,
        "stored_bytes_a_run": stored / runs as u64,
    }))
}
