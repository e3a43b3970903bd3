//! An agent call in a fresh sandbox with one model call that is answered at once, by the sandbox of Phasegate and by wasmtime
//! alone. Both sides take turns, in one process and task.

mod host;
mod wasmtime_alone;

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use self::host::Host;
use self::wasmtime_alone::WasmtimeAlone;
use super::runtime;
use crate::samples::Samples;

/// Bytes of the model's answer, which the agent submits.
const ANSWER_BYTES: usize = 2000;

/// Calls so often in so many rounds and returns the medians of the rounds.
pub fn measure(calls: u32, rounds: u32) -> Result<Value> {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist/fixtures/agent.wasm");
    let component = std::fs::read(component)?;
    let answer = "x".repeat(ANSWER_BYTES);
    let (host, alone) = (Host::new(&component, &answer)?, WasmtimeAlone::new(&component, &answer)?);
    let runtime = runtime()?;
    // As in the program, which looks for requests to cancel: otherwise each timer would be the next one that is due, and a
    // new one would wake a thread.
    runtime.spawn(async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let measured = runtime.spawn(async move {
        let (mut by_host, mut by_wasmtime) = (Samples::default(), Samples::default());
        for _ in 0..rounds {
            by_host.push(time_calls(calls, || host.call()).await?);
            by_wasmtime.push(time_calls(calls, || alone.call()).await?);
        }
        anyhow::Ok((by_host, by_wasmtime))
    });
    let (by_host, by_wasmtime) = runtime.block_on(measured)??;
    Ok(json!({ "host_ms": by_host.at(0.5), "ms": by_wasmtime.at(0.5) }))
}

/// Makes so many calls, one after another, and returns the time of one. A call returns the size of what the
/// agent submitted.
async fn time_calls<F: Future<Output = Result<usize>>>(calls: u32, call: impl Fn() -> F) -> Result<Duration> {
    let began = Instant::now();
    for _ in 0..calls {
        ensure!(call().await? == ANSWER_BYTES, "the agent submitted something else");
    }
    Ok(began.elapsed() / calls)
}
