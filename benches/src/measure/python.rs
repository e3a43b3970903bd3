//! The Python test runner: what one more test in a file takes.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use phasegate_process::Digest;
use phasegate_process::limits::Limits;
use phasegate_process::testing::File;
use phasegate_runtime::read_component;
use phasegate_sandbox::{Call, CpuMeter, Engine, EngineSettings, TestProgress};
use serde_json::{Value, json};

use super::runtime;
use crate::samples::Samples;

const REPETITIONS: usize = 5;

/// Runs a file with so many trivial tests and one with a single test.
pub fn measure(tests: usize) -> Result<Value> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist");
    let bytes = read_component(&dist.join("runner-python.wasm.zst"))?;
    let engine = Engine::new(EngineSettings::default())?;
    let runner = engine.load(&"python".parse()?, &Digest::from_content(&bytes), || Ok(bytes))?;
    let call = Call {
        doing: "measure".to_owned(),
        seed: 1,
        limits: Limits::runner(),
        cpu: CpuMeter::default(),
        log: None,
        progress: TestProgress::default(),
    };
    let test = |n: usize| format!("def test_{n}():\n    assert {n} + 1 == {}\n\n\n", n + 1);
    let file = |count: usize| File { path: "test_a.py".to_owned(), content: (0..count).map(test).collect() };
    let runtime = runtime()?;
    let run = |count: usize| -> Result<Samples> {
        let files = [file(count)];
        let mut times = Samples::default();
        // The first run of a process reads the component's memory from the disk.
        for repetition in 0..=REPETITIONS {
            let began = Instant::now();
            let ran = runtime.block_on(runner.run_tests(&[], &files, "test_a.py", &call))?;
            let ran = ran.map_err(|failed| anyhow!("{failed:?}"))?;
            let cases = ran.tests.len();
            (cases == count).then_some(()).with_context(|| format!("{cases} of {count} tests ran"))?;
            if repetition > 0 {
                times.add(began);
            }
        }
        Ok(times)
    };
    let (one, many) = (run(1)?.at(0.5), run(1 + tests)?.at(0.5));
    Ok(json!({ "file_ms": one, "test_ms": (many - one) / tests as f64 }))
}
