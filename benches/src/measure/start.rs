//! The program from its start until its first request arrives at a model.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::program::Program;
use crate::samples::Samples;

/// Starts the program so often in each of three conditions.
pub fn measure(binary: &Path, starts: usize) -> Result<Value> {
    let program = Program::new(binary)?;
    let (mut cold, mut fresh, mut warm) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..starts.div_ceil(3) {
        program.clear_project()?;
        program.clear_cache()?;
        let (running, time) = program.start()?;
        cold.push(time);
        running.wait_until_idle()?;
    }
    for _ in 0..starts {
        program.clear_project()?;
        let (running, time) = program.start()?;
        fresh.push(time);
        running.wait_until_idle()?;
    }
    for _ in 0..starts {
        let (running, time) = program.start()?;
        warm.push(time);
        running.wait_until_idle()?;
    }
    Ok(json!({ "warm_ms": warm.at(0.5), "fresh_ms": fresh.at(0.5), "cold_ms": cold.at(0.5) }))
}
