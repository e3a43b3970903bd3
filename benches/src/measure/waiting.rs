//! Memory, CPU time and wake-ups while runs wait for a model that does not answer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use phasegate_process::sync::lock;
use serde_json::{Value, json};

use super::{Watcher, runtime, wait_until};
use crate::process::{activity, memory};
use crate::workload::{Durability, Shape, Workload};

const OBSERVED: Duration = Duration::from_secs(5);

/// Starts so many runs and returns what they take while all of them wait. The first one is part of the idle process, so that
/// no more run at once than the sandbox has places for.
pub fn measure(runs: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let runtime = runtime()?;
    // Compiles the components and fills the caches of the process.
    runtime.block_on(Workload::new(dir.path(), Durability::Disk, Shape::default())?.run())?;
    let shape = Shape { delay_ms: 3_600_000, ..Shape::default() };
    let workload = Workload::new(dir.path(), Durability::Disk, shape)?;
    let watcher = Arc::new(Watcher::default());
    let start = |count: usize| {
        for _ in 0..count {
            let (workload, watcher) = (workload.clone(), Arc::clone(&watcher));
            runtime.spawn(async move {
                let run = workload.create().await?;
                workload.execute(&run, watcher.clone(), &watcher.stop).await
            });
        }
    };
    let all_ask = |count: usize| {
        let waiting = || (lock(&watcher.asking).len() == count).then_some(());
        wait_until("not every run called its model", waiting)
    };
    start(1);
    all_ask(1)?;
    let idle = memory().now;
    let more = runs.saturating_sub(1);
    start(more);
    all_ask(1 + more)?;
    let above = memory().now.saturating_sub(idle);
    let before = activity(std::process::id());
    std::thread::sleep(OBSERVED);
    let passed = activity(std::process::id()).since(&before);
    runtime.shutdown_background();
    Ok(json!({
        "idle_bytes": idle,
        "above_idle_bytes": above,
        "bytes_a_run": above / more.max(1) as u64,
        "cpu_ms_a_second": passed.cpu.as_secs_f64() * 1e3 / OBSERVED.as_secs_f64(),
        "wake_ups_a_second": passed.wake_ups as f64 / OBSERVED.as_secs_f64(),
    }))
}
