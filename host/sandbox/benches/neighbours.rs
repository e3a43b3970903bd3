//! What spinning plugins do to a neighbour's calls. `cargo bench -p phasegate-sandbox --bench neighbours`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Desk, assignment, call, load, says, with_limits};
use phasegate_process::Assignment;
use phasegate_sandbox::{Limits, Plugin};
use serde_json::json;
use tokio::runtime::Builder;

const CALLS: usize = 1_000;

/// A neighbour: what it does, and how long the host keeps it waiting.
struct Neighbour {
    does: &'static str,
    work: Assignment,
    desk: Arc<Desk>,
}

fn main() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let slowly = |_: u32, _: &_| (Duration::from_millis(5), says("answer"));
    let neighbours = [
        Neighbour {
            does: "computes a moment",
            work: assignment(json!({"artifacts": {"design": 1}})),
            desk: Desk::echo(),
        },
        Neighbour { does: "asks a model at once", work: assignment(json!({"ask": "x"})), desk: Desk::echo() },
        Neighbour { does: "waits 5 ms for a model", work: assignment(json!({"ask": "x"})), desk: Desk::new(slowly) },
    ];
    let agent = load("agent");
    println!("{cores} cores; latency of {CALLS} calls: median, 99 %");
    for neighbour in &neighbours {
        let mut alone = None;
        for spinners in [0, 1, cores, 4 * cores] {
            let (median, most) = measure(&agent, neighbour, spinners);
            let (m, p) = alone.get_or_insert((median, most));
            let times = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64();
            println!(
                "{}, beside {spinners} spinning: {median:?} ({:.1}x), {most:?} ({:.1}x)",
                neighbour.does,
                times(median, *m),
                times(most, *p)
            );
        }
    }
}

fn measure(agent: &Plugin, neighbour: &Neighbour, spinners: usize) -> (Duration, Duration) {
    // As the binary has it.
    let runtime = Builder::new_multi_thread().enable_all().event_interval(2).build().unwrap();
    let limits = Limits { cpu_ms: NonZeroU64::new(600_000).unwrap(), ..Limits::default() };
    for _ in 0..spinners {
        let agent = agent.clone();
        runtime.spawn(async move {
            agent.run_agent(&assignment(json!({"do": "spin"})), Desk::echo(), &with_limits(limits)).await
        });
    }
    let (agent, work, desk) = (agent.clone(), neighbour.work.clone(), neighbour.desk.clone());
    let measured = runtime.spawn(async move {
        let mut all = Vec::new();
        for _ in 0..CALLS {
            // Calls come when something else has ended, not one right after another.
            tokio::time::sleep(Duration::from_millis(2)).await;
            let started = Instant::now();
            agent.run_agent(&work, desk.clone(), &call("x")).await.unwrap().unwrap();
            all.push(started.elapsed());
        }
        all.sort();
        (all[CALLS / 2], all[CALLS * 99 / 100])
    });
    let measured = runtime.block_on(measured).unwrap();
    runtime.shutdown_background();
    measured
}
