//! Measures calls beside plugins that spin. `cargo bench -p phasegate-sandbox --bench neighbours`.
//!
//! Goal: beside one spinning plugin a call takes at most twice as long as alone. Measured on a machine with two cores and a
//! load of 6 from builds, median and 99th percentile in ms by number of spinning plugins:
//!
//! | call | 0 | 1 | 2 | 8 |
//! |---|---|---|---|---|
//! | computes a moment | 0.15, 0.23 ms | 0.09, 0.33 | 0.14, 0.35 | 0.11, 0.32 |
//! | asks a model at once | 0.21, 1.2 | 0.16, 2.2 | 0.20, 16 | 0.17, 81 |
//! | waits 5 ms for a model | 6.4, 7.7 | 6.4, 11 | 6.7, 20 | 6.4, 89 |
//!
//! Medians stay below twice the time alone, and so does the 99th percentile beside one spinning plugin. If every core spins,
//! one call in a hundred waits for many ticks, probably because the system delays it so long that it is offloaded itself.
//! Before spinning plugins were offloaded, two of them raised the median of the second call to 2.2 ms (11 times).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../tests/it/common/mod.rs"]
mod common;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{MockHost, assignment, call, load, text_answer, with_limits};
use phasegate_process::Assignment;
use phasegate_process::limits::Limits;
use phasegate_sandbox::Plugin;
use serde_json::json;
use tokio::runtime::Builder;

const CALLS: usize = 1_000;

/// A measured call, with the host that answers it.
struct Neighbour {
    does: &'static str,
    work: Assignment,
    host: Arc<MockHost>,
}

fn main() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let slowly = |_: u32, _: &_| (Duration::from_millis(5), text_answer("answer"));
    let neighbours = [
        Neighbour {
            does: "computes a moment",
            work: assignment(json!({"artifacts": {"design": 1}})),
            host: MockHost::echo(),
        },
        Neighbour { does: "asks a model at once", work: assignment(json!({"ask": "x"})), host: MockHost::echo() },
        Neighbour {
            does: "waits 5 ms for a model",
            work: assignment(json!({"ask": "x"})),
            host: MockHost::new(slowly),
        },
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
    // The same settings as in the binary.
    let runtime = Builder::new_multi_thread().enable_all().event_interval(2).build().unwrap();
    let limits = Limits { cpu_ms: NonZeroU64::new(600_000).unwrap(), ..Limits::default() };
    for _ in 0..spinners {
        let agent = agent.clone();
        runtime.spawn(async move {
            agent.run_agent(&assignment(json!({"do": "spin"})), MockHost::echo(), &with_limits(limits)).await
        });
    }
    let (agent, work, host) = (agent.clone(), neighbour.work.clone(), neighbour.host.clone());
    let measured = runtime.spawn(async move {
        let mut all = Vec::new();
        for _ in 0..CALLS {
            // A pause between calls, as in a real run.
            tokio::time::sleep(Duration::from_millis(2)).await;
            let started = Instant::now();
            agent.run_agent(&work, host.clone(), &call("x")).await.unwrap().unwrap();
            all.push(started.elapsed());
        }
        all.sort();
        (all[CALLS / 2], all[CALLS * 99 / 100])
    });
    let measured = runtime.block_on(measured).unwrap();
    runtime.shutdown_background();
    measured
}
