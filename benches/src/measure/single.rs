//! Runs one after another: what a run and a step take while nothing else happens.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

use super::runtime;
use crate::process::cpu;
use crate::samples::Samples;
use crate::workload::{Durability, Shape, Workload};

/// Runs that are executed before the first that is measured.
const WARM_UP: usize = 5;

/// Executes so many runs and returns the median.
pub fn measure(durability: Durability, runs: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let workload = Workload::new(dir.path(), durability, Shape::default())?;
    let executed = async move {
        let mut times = Samples::default();
        let mut cpu_before = cpu();
        for run in 0..WARM_UP + runs {
            if run == WARM_UP {
                cpu_before = cpu();
            }
            let began = Instant::now();
            workload.run().await?;
            if run >= WARM_UP {
                times.add(began);
            }
        }
        let (user, system) = (cpu().0 - cpu_before.0, cpu().1 - cpu_before.1);
        anyhow::Ok((times, (user + system).as_secs_f64()))
    };
    let (times, cpu_s) = {
        let runtime = runtime()?;
        runtime.block_on(runtime.spawn(executed))??
    };
    Ok(json!({ "ms": times.at(0.5), "p90_ms": times.at(0.9), "cpu_ms": cpu_s * 1e3 / runs as f64 }))
}
