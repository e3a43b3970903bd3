//! What the journal costs: one durable event, many runs at once, memory alone, and loading a run.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use phasegate_journal::{Blob, Fence, Journal, MemoryJournal, Ownership, SqliteJournal};
use phasegate_process::{Digest, Event, RunId};
use tokio::runtime::Runtime;

const RUNS: usize = 64;

fn event() -> Event {
    Event::ModelAsked {
        at: phasegate_process::AttemptId { phase: "code".parse().unwrap(), attempt: 1 },
        call: 1,
        label: "write the files".to_owned(),
        request: Digest::of(b"request"),
        model: "scripted:default".to_owned(),
    }
}

fn run_id(number: usize) -> RunId {
    format!("run-{number}").parse().unwrap()
}

/// A run that knows its next number, as the loop does.
struct Writing {
    journal: Arc<dyn Journal>,
    run: RunId,
    next: u64,
    own: Ownership,
}

impl Writing {
    async fn new(journal: Arc<dyn Journal>, number: usize) -> Self {
        let run = run_id(number);
        let own = journal.own(&run).await.unwrap();
        Self { journal, run, next: 1, own }
    }

    async fn append(&mut self, events: usize, blobs: Vec<Blob>) {
        let fence: Fence = self.own.fence();
        let events = vec![event(); events];
        let recorded = self.journal.append(&self.run, fence, self.next, 0, events, blobs).await.unwrap();
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

criterion_group!(benches, appending, loading);
criterion_main!(benches);
