//! The cost of the journal: 500 attempts with large artifacts, one durable event, many concurrent runs, memory alone, and
//! loading a run.
//!
//! For comparison, LangGraph 1.2's checkpointers with the same work on a similar machine: a thread of 500 steps, each of
//! which appends an incompressible artifact of 100 KB to its state, with durability `sync`:
//!
//! | saver                        | total s | ms a step, first and last decile | MB on disk | loading, ms |
//! |------------------------------|---------|----------------------------------|------------|-------------|
//! | `SqliteSaver`                | 111     | 17, 278                          | 12 641     | 79          |
//! | `SqliteSaver`, delta (beta)  | 1.9     | 1.9, 1.35                        | 253        | 372         |
//!
//! One of their steps is one durable write, so the attempts are measured with one, and again with the four of the run loop:
//! before the model call, after it, and around the attempt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use phasegate_journal::{Append, Blob, Fence, Journal, MemoryJournal, Ownership, SqliteJournal};
use phasegate_process::{ArtifactRef, AttemptId, Digest, Event, PhaseOutcome, RunId, model::Usage};
use tokio::runtime::Runtime;

const RUNS: usize = 64;
const ATTEMPTS: u32 = 500;
const ARTIFACT_BYTES: usize = 100_000;

fn event() -> Event {
    Event::ModelAsked {
        at: phasegate_process::AttemptId { phase: "code".parse().unwrap(), attempt: 1 },
        call: 1,
        label: "write the files".to_owned(),
        request: Digest::from_content(b"request"),
        model: "scripted:default".to_owned(),
        bound: None,
    }
}

fn run_id(number: usize) -> RunId {
    format!("run-{number}").parse().unwrap()
}

/// A run with its next number, as the run loop keeps it.
struct Writing {
    journal: Arc<dyn Journal>,
    run: RunId,
    next: u64,
    own: Ownership,
}

impl Writing {
    async fn new(journal: Arc<dyn Journal>, number: usize) -> Self {
        let run = run_id(number);
        let own = journal.acquire(&run).await.unwrap();
        Self { journal, run, next: 1, own }
    }

    async fn append(&mut self, events: usize, blobs: Vec<Blob>) {
        self.write(vec![event(); events], blobs).await;
    }

    async fn write(&mut self, events: Vec<Event>, blobs: Vec<Blob>) {
        let fence: Fence = self.own.fence();
        let recorded = self
            .journal
            .append(Append { run: self.run.clone(), fence, next: self.next, at_ms: 0, events, blobs })
            .await
            .unwrap();
        self.next += recorded.len() as u64;
    }
}

fn appending(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite: Arc<dyn Journal> = Arc::new(SqliteJournal::open(folder.path()).unwrap());
    let memory: Arc<dyn Journal> = Arc::new(MemoryJournal::new());

    let mut one = runtime.block_on(Writing::new(sqlite.clone(), 0));
    c.bench_function("append one durable event", |b| b.iter(|| runtime.block_on(one.append(1, Vec::new()))));

    let mut salt = 0_u64;
    let mut fresh = || {
        salt += 1;
        let mut bytes = vec![b'x'; 100_000];
        bytes.extend(salt.to_le_bytes());
        vec![Blob::new(bytes)]
    };
    c.bench_function("append one durable event with a blob of 100 KB", |b| {
        b.iter_batched(&mut fresh, |blobs| runtime.block_on(one.append(1, blobs)), BatchSize::PerIteration)
    });

    let mut in_memory = runtime.block_on(Writing::new(memory, 0));
    c.bench_function("append one event in memory", |b| b.iter(|| runtime.block_on(in_memory.append(1, Vec::new()))));

    let mut many = c.benchmark_group("group commit");
    many.throughput(Throughput::Elements(RUNS as u64));
    let mut runs: Vec<Writing> = (1..=RUNS).map(|n| runtime.block_on(Writing::new(sqlite.clone(), n))).collect();
    many.bench_function("64 runs append one durable event each", |b| {
        b.iter(|| runtime.block_on(futures::future::join_all(runs.iter_mut().map(|run| run.append(1, Vec::new())))))
    });
    many.finish();
}

fn loading(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(folder.path()).unwrap());
    runtime.block_on(async {
        for number in 0..20 {
            Writing::new(journal.clone(), number).await.append(500, Vec::new()).await;
        }
    });
    c.bench_function("load a run of 500 events", |b| b.iter(|| journal.events(&run_id(7)).unwrap().len()));
}

/// An attempt at a phase, divided as the run loop writes it.
fn attempt(number: u32, noise: &mut u64) -> [(Vec<Event>, Vec<Blob>); 4] {
    let at = || AttemptId { phase: "code".parse().unwrap(), attempt: number };
    let request = Blob::new(format!("{{\"prompt\":\"the files, attempt {number}\"}}").into_bytes());
    let answer = Blob::new(format!("{{\"text\":\"here they are, attempt {number}\"}}").into_bytes());
    let artifact = Blob::new(incompressible(noise));
    let stored = ArtifactRef {
        name: "generated_code".parse().unwrap(),
        kind: "generated_code".parse().unwrap(),
        digest: artifact.digest.clone(),
        size: ARTIFACT_BYTES as u64,
    };
    let usage = Usage { input_tokens: 4_000, output_tokens: 30_000, cached_input_tokens: 0, usd: Some(0.462) };
    let asked = Event::ModelAsked {
        at: at(),
        call: 1,
        label: "write the files".to_owned(),
        request: request.digest.clone(),
        model: "scripted:default".to_owned(),
        bound: None,
    };
    let answered = Event::ModelAnswered {
        at: at(),
        call: 1,
        answer: answer.digest.clone(),
        usage,
        stop: "end".to_owned(),
        elapsed_ms: 21_500,
        recorded: false,
    };
    let outcome = PhaseOutcome::Submitted { artifacts: vec![stored.clone()], findings: None };
    let finished = Event::PhaseFinished { at: at(), outcome, elapsed_ms: 21_700, limit: None, log: None };
    let started = Event::PhaseStarted { at: at(), inputs: vec![stored.clone()] };
    [
        (vec![started], Vec::new()),
        (vec![asked], vec![request]),
        (vec![answered], vec![answer]),
        (vec![Event::ArtifactStored { at: at(), artifact: stored }, finished], vec![artifact]),
    ]
}

fn incompressible(noise: &mut u64) -> Vec<u8> {
    let mut next = || {
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        noise.to_le_bytes()
    };
    (0..ARTIFACT_BYTES.div_ceil(8)).flat_map(|_| next()).take(ARTIFACT_BYTES).collect()
}

/// Writes 500 attempts to one run, with this many durable writes each. Measured once, because the growth is of interest.
fn attempts(writes: usize) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut steps, mut noise) = (Vec::new(), 0x9E37_79B9_7F4A_7C15);
    runtime.block_on(async {
        let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(folder.path()).unwrap());
        let mut run = Writing::new(journal, 0).await;
        for number in 1..=ATTEMPTS {
            let pieces = attempt(number, &mut noise);
            let began = Instant::now();
            for together in pieces.chunks(pieces.len() / writes) {
                let (events, blobs): (Vec<_>, Vec<_>) = together.iter().cloned().unzip();
                run.write(events.concat(), blobs.concat()).await;
            }
            steps.push(began.elapsed());
        }
    });
    let decile = |steps: &[Duration]| ms(steps.iter().sum::<Duration>() / steps.len() as u32);
    let tenth = steps.len() / 10;
    println!(
        "{ATTEMPTS} attempts, an artifact of 100 KB each, {writes} durable writes an attempt: {:.2} s, {} to {} ms an attempt, {:.1} MB, {} ms to load",
        steps.iter().sum::<Duration>().as_secs_f64(),
        decile(&steps[..tenth]),
        decile(&steps[steps.len() - tenth..]),
        std::fs::metadata(folder.path().join("journal.db")).unwrap().len() as f64 / 1e6,
        ms(load(folder.path())),
    );
}

/// Reads, verifies and parses the events of a run in a new process; returns the median of eleven.
fn load(folder: &Path) -> Duration {
    let once = |_| {
        let journal = SqliteJournal::open(folder).unwrap();
        let began = Instant::now();
        assert_eq!(journal.events(&run_id(0)).unwrap().len(), ATTEMPTS as usize * 5);
        began.elapsed()
    };
    let mut times: Vec<_> = (0..11).map(once).collect();
    times.sort();
    times[5]
}

fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

criterion_group!(benches, appending, loading);

fn main() {
    for writes in [1, 4] {
        attempts(writes);
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
