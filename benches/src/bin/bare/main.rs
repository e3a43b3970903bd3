//! `bare CALLS ROUNDS`: an agent call in a fresh sandbox with one model call that is answered at once, by the sandbox of
//! Phasegate and by wasmtime alone. Both sides take turns, in one process and task; prints the time of a call as JSON.

mod host;
mod wasmtime_alone;

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::host::Host;
use crate::wasmtime_alone::WasmtimeAlone;

/// The allocator of the binary `phasegate`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of the model's answer, which the agent submits.
const ANSWER_BYTES: usize = 2000;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [calls, rounds] = args.as_slice() else { bail!("usage: bare CALLS ROUNDS") };
    let (calls, rounds): (u32, u32) = (calls.parse().context("CALLS")?, rounds.parse().context("ROUNDS")?);
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist/fixtures/agent.wasm");
    let component = std::fs::read(component)?;
    let answer = "x".repeat(ANSWER_BYTES);
    let (host, alone) = (Host::new(&component, &answer)?, WasmtimeAlone::new(&component, &answer)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // As in the program, which looks for requests to cancel: otherwise each timer would be the next one that is due, and a
    // new one would wake a thread.
    runtime.spawn(async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let measured = runtime.spawn(async move {
        let (mut host_us, mut alone_us) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            host_us.push(time_calls(calls, || host.call()).await?);
            alone_us.push(time_calls(calls, || alone.call()).await?);
        }
        anyhow::Ok((host_us, alone_us))
    });
    let (host_us, alone_us) = runtime.block_on(measured)??;
    let (host, alone) = (median(&host_us), median(&alone_us));
    let figures = json!({
        "calls": calls, "host_us": host, "wasmtime_us": alone, "times": host / alone,
        "host_us_of_rounds": host_us, "wasmtime_us_of_rounds": alone_us,
    });
    println!("{figures}");
    Ok(())
}

/// Makes so many calls, one after another, and returns the time of one in microseconds. A call returns the size of what the
/// agent submitted.
async fn time_calls<F: Future<Output = Result<usize>>>(calls: u32, call: impl Fn() -> F) -> Result<f64> {
    let began = Instant::now();
    for _ in 0..calls {
        ensure!(call().await? == ANSWER_BYTES, "the agent submitted something else");
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls))
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
