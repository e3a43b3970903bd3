//! The program while its only run waits for a model.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::program::Program;
use crate::process::activity;

/// Observes the program for so many seconds.
pub fn measure(binary: &Path, seconds: u64) -> Result<Value> {
    let program = Program::new(binary)?;
    let (running, _) = program.start()?;
    running.wait_until_idle()?;
    let before = activity(running.id());
    std::thread::sleep(Duration::from_secs(seconds));
    let passed = activity(running.id()).since(&before);
    Ok(json!({
        "cpu_ms_a_second": passed.cpu.as_secs_f64() * 1e3 / seconds as f64,
        "wake_ups_a_second": passed.wake_ups as f64 / seconds as f64,
    }))
}
