//! Measures calls and loads. `cargo bench -p phasegate-sandbox`.
//!
//! Calls per world, loading from the cache, and test runs of the Python runner. Prints once: the memory of an agent that waits
//! for a model, and the latency of a call beside a spinning plugin.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../tests/it/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{MockHost, assignment, call, engine, failure, file, fixture, load, load_in, text_answer, with_limits};
use criterion::{Criterion, criterion_group, criterion_main};
use phasegate_process::Digest;
use phasegate_process::limits::Limits;
use phasegate_sandbox::{Engine, EngineSettings};
use serde_json::json;
use tokio::runtime::Runtime;

/// Tests in a large file.
const PYTHON_TESTS: u64 = 1_000;

fn calls(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let (agent, blocking, strategy, runner) = (load("agent"), load("blocking"), load("strategy"), load("runner"));
    let (host, it, work) = (MockHost::echo(), call("bench"), assignment(json!({"artifacts": {"design": 1}})));
    c.bench_function("agent: instantiate, call, drop", |b| {
        b.to_async(&runtime).iter(|| agent.run_agent(&work, host.clone(), &it));
    });
    let asking = assignment(json!({"ask": "x", "asks": 6}));
    c.bench_function("agent that asks six questions at once", |b| {
        b.to_async(&runtime).iter(|| agent.run_agent(&asking, host.clone(), &it));
    });
    c.bench_function("blocking agent: instantiate, call, drop", |b| {
        b.to_async(&runtime).iter(|| blocking.run_agent(&work, host.clone(), &it));
    });
    let failed = failure(json!({}));
    c.bench_function("strategy: decide", |b| b.to_async(&runtime).iter(|| strategy.decide(&failed, &it)));
    let tests = [file("t.lines", "test one: 1 == 1")];
    c.bench_function("runner (not pooled): run one test", |b| {
        b.to_async(&runtime).iter(|| runner.run_tests(&[], &tests, "t.lines", &it));
    });
}

fn loading(c: &mut Criterion) {
    let bytes = fixture("agent");
    let digest = Digest::from_content(&bytes);
    let settings = || EngineSettings { cache_dir: Some(common::cache_dir()), ..EngineSettings::default() };
    load_in(&Engine::new(settings()).unwrap(), "agent");
    c.bench_function("load an agent from the cache", |b| {
        b.iter_batched(
            || Engine::new(settings()).unwrap(),
            |engine| engine.load(&"agent".parse().unwrap(), &digest, || panic!("not kept")).unwrap(),
            criterion::BatchSize::PerIteration,
        );
    });
    c.bench_function("compile an agent", |b| {
        let settings = EngineSettings::default;
        b.iter_batched(
            || (Engine::new(settings()).unwrap(), bytes.clone()),
            |(engine, bytes)| engine.load(&"agent".parse().unwrap(), &digest, || Ok(bytes)).unwrap(),
            criterion::BatchSize::PerIteration,
        );
    });
}

fn python(c: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/runner-python.wasm.zst");
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let digest = Digest::from_content(&bytes);
    let started = Instant::now();
    let runner = engine().load(&"python".parse().unwrap(), &digest, || Ok(bytes.clone())).unwrap();
    println!("runner-python: loaded (compiled, unless it was kept) in {:?}", started.elapsed());
    let settings = EngineSettings { cache_dir: Some(common::cache_dir()), ..EngineSettings::default() };
    let fresh = Engine::new(settings).unwrap();
    let started = Instant::now();
    fresh.load(&"python".parse().unwrap(), &digest, || panic!("not kept")).unwrap();
    println!("runner-python: loaded from the cache in {:?}", started.elapsed());
    let runtime = Runtime::new().unwrap();
    let it = with_limits(Limits::runner());
    c.bench_function("python: environment (instantiate, call, drop)", |b| {
        b.to_async(&runtime).iter(|| runner.environment(&it));
    });
    let tests = [file("test_a.py", "def test_one():\n    assert 1 + 1 == 2\n")];
    // The first call reads the component's memory from the disk.
    runtime.block_on(runner.run_tests(&[], &tests, "test_a.py", &it)).unwrap().unwrap();
    c.bench_function("python: one-test file after the first", |b| {
        b.to_async(&runtime).iter(|| runner.run_tests(&[], &tests, "test_a.py", &it));
    });
    let test = |n: u64| format!("def test_{n}():\n    assert {n} + 1 == {}\n\n\n", n + 1);
    let tests = [file("test_a.py", &(0..PYTHON_TESTS).map(test).collect::<String>())];
    let mut group = c.benchmark_group("python");
    group.sample_size(10);
    group.bench_function("time per test of a file with 1,000 trivial tests", |b| {
        b.to_async(&runtime).iter_custom(|times| {
            let (runner, tests, it) = (&runner, &tests, &it);
            async move {
                let started = Instant::now();
                for _ in 0..times {
                    runner.run_tests(&[], tests, "test_a.py", it).await.unwrap().unwrap();
                }
                started.elapsed() / PYTHON_TESTS as u32
            }
        });
    });
    group.finish();
}

/// Returns the resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn crowds(_: &mut Criterion) {
    Runtime::new().unwrap().block_on(async {
        let agent = load("agent");
        let host = MockHost::new(|_, _| (Duration::from_secs(3600), text_answer("never")));
        let before = resident();
        let waiting: Vec<_> = (0..1000)
            .map(|_| {
                let (agent, host) = (agent.clone(), host.clone());
                tokio::spawn(async move { agent.run_agent(&assignment(json!({"ask": "x"})), host, &call("x")).await })
            })
            .collect();
        while host.received().asked.len() < waiting.len() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("an agent that waits takes {} KB", (resident() - before) / 1024 / waiting.len() as u64);
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    });
    Runtime::new().unwrap().block_on(async {
        let agent = load("agent");
        let work = assignment(json!({"artifacts": {"design": 1}}));
        let latency = async || {
            let mut all = Vec::new();
            for _ in 0..500 {
                let started = Instant::now();
                agent.run_agent(&work, MockHost::echo(), &call("x")).await.unwrap().unwrap();
                all.push(started.elapsed());
            }
            all.sort();
            (all[250], all[490])
        };
        let alone = latency().await;
        let spin = tokio::spawn({
            let agent = agent.clone();
            async move { agent.run_agent(&assignment(json!({"do": "spin"})), MockHost::echo(), &call("x")).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let beside = latency().await;
        println!("a call's latency (median, 98 %): alone {alone:?}, beside a core of spinning {beside:?}");
        spin.abort();
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = calls, loading, python, crowds
}
criterion_main!(benches);
