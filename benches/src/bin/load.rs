//! `load mem|disk RUNS DELAY_MS ROUNDS`: executes so many runs at once, several times, and prints one line of JSON a round.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use phasegate_bench::process::{cpu, memory};
use phasegate_bench::workload::{Durability, Shape, Workload};
use serde_json::json;

/// The allocator of the binary `phasegate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, runs, delay_ms, rounds] = args.as_slice() else { bail!("usage: load mem|disk RUNS DELAY_MS ROUNDS") };
    let durability = match mode.as_str() {
        "mem" => Durability::Memory,
        "disk" => Durability::Disk,
        other => bail!("{other} is neither mem nor disk"),
    };
    let runs: usize = runs.parse().context("RUNS")?;
    let dir = tempfile::tempdir()?;
    let shape = Shape { delay_ms: delay_ms.parse().context("DELAY_MS")?, ..Shape::default() };
    let workload = Workload::new(dir.path(), durability, shape)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Compiles the components.
    runtime.block_on(workload.run())?;
    let idle = memory().now;
    for round in 0..rounds.parse::<u32>().context("ROUNDS")? {
        let (began, cpu_before) = (Instant::now(), cpu());
        let finished = runtime.block_on(async {
            let workload = workload.clone();
            tokio::spawn(async move { workload.runs(runs).await }).await
        })??;
        let (seconds, cpu_after) = (began.elapsed().as_secs_f64(), cpu());
        let events: usize =
            finished.iter().take(1).map(|run| workload.journal.events(run).map_or(0, |all| all.len())).sum();
        let figures = json!({
            "round": round,
            "seconds": seconds,
            "ms_per_run": seconds * 1e3 / runs as f64,
            "runs_per_second": runs as f64 / seconds,
            "cpu_user_s": (cpu_after.0 - cpu_before.0).as_secs_f64(),
            "cpu_system_s": (cpu_after.1 - cpu_before.1).as_secs_f64(),
            "idle_bytes": idle,
            "peak_bytes": memory().peak,
            "events_per_run": events,
            "database_bytes": std::fs::metadata(dir.path().join("state/journal.db")).map_or(0, |file| file.len()),
        });
        println!("{figures}");
    }
    Ok(())
}
