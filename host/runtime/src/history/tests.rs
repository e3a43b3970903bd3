//! Runs in a journal in memory, through which two histories stand for two processes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use phasegate_journal::{Append, Blob, MemoryJournal};
use phasegate_process::pipeline::{Pipeline, parse, standard};
use phasegate_process::source::Source;
use phasegate_process::{EVENT_FORMAT, RunCreated, RunStatus};
use serde_json::json;

use super::*;
use crate::history::proposals::record_proposal_decision;
use crate::store::blobs::{artifact_of, json_blob};

struct Process {
    history: History,
    pipelines: Pipelines,
}

impl Process {
    fn new() -> Self {
        Self { history: History::default(), pipelines: Pipelines::default() }
    }

    fn notes(&self, journal: &dyn Journal) -> Value {
        self.history.summarize(journal, &self.pipelines).unwrap().1
    }

    /// The runs whose events were read or handed over, with the number of the last event.
    fn known(&self) -> BTreeMap<String, u64> {
        let known = lock(&self.history.0);
        known.runs.iter().map(|(run, summary)| (run.to_string(), summary.last)).collect()
    }
}

/// Creates a run whose postmortem has submitted one proposal.
async fn create(journal: &MemoryJournal, name: &str) -> RunId {
    let run: RunId = name.parse().unwrap();
    let source = Source { file: "tsp", text: standard("tsp").unwrap() };
    let pipeline: Pipeline = parse(source, &|_| Err(String::new())).unwrap();
    let pips = json!({ "proposals": [{ "id": "PIP-1", "proposed_changes": ["read twice"] }] });
    let [pipeline, pips, empty] = [json_blob(&pipeline), json_blob(&pips), Blob::new(b"[]".to_vec())];
    let created = RunCreated {
        format: EVENT_FORMAT,
        run_id: run.clone(),
        task_id: "TASK-1".parse().unwrap(),
        pipeline: pipeline.digest.clone(),
        base: Vec::new(),
        inputs: vec![artifact_of(&pips, kinds::PIPS.parse().unwrap(), kinds::PIPS.parse().unwrap())],
        components: BTreeMap::new(),
        settings: empty.digest.clone(),
        history: empty.digest.clone(),
        scripted: true,
        started_by: None,
        repository: None,
        acceptance: None,
    };
    append(journal, &run, 1, Event::RunCreated(Box::new(created)), vec![pipeline, pips, empty]).await;
    run
}

async fn append(journal: &MemoryJournal, run: &RunId, next: u64, event: Event, blobs: Vec<Blob>) {
    let owned = journal.acquire(run).await.unwrap();
    let (run, events) = (run.clone(), vec![event]);
    journal.append(Append { run, fence: owned.fence(), next, at_ms: 0, events, blobs }).await.unwrap();
}

#[tokio::test]
async fn sees_decisions_of_other_processes() {
    let journal = MemoryJournal::new();
    let run = create(&journal, "task-1-0a1b2c").await;
    let process = Process::new();
    assert_eq!(process.notes(&journal), json!({ "approved": [], "rejected": [] }));
    record_proposal_decision(&journal, &format!("{run}/PIP-1"), true, "ann", "").await.unwrap();
    let approved = json!([{ "run_id": run, "id": "PIP-1", "decided_by": "ann", "proposed_changes": ["read twice"] }]);
    assert_eq!(process.notes(&journal), json!({ "approved": approved, "rejected": [] }));
}

#[tokio::test]
async fn reads_the_newest_runs_once() {
    let journal = MemoryJournal::new();
    for number in 0..MAX_RUNS + 5 {
        create(&journal, &format!("task-1-{number:06}")).await;
    }
    let process = Process::new();
    process.notes(&journal);
    let newest: BTreeMap<String, u64> = (5..MAX_RUNS + 5).map(|number| (format!("task-1-{number:06}"), 1)).collect();
    assert_eq!(process.known(), newest);
    let read: Vec<_> = journal.newest(true, MAX_RUNS).unwrap();
    assert_eq!(lock(&process.history.0).unread(&read), []);
}

#[tokio::test]
async fn takes_runs_of_this_process_from_memory() {
    let journal = MemoryJournal::new();
    let run = create(&journal, "task-1-0a1b2c").await;
    let process = Process::new();
    let under_way = process.history.begin(run.clone());
    process.notes(&journal);
    assert_eq!(process.known(), BTreeMap::new());
    let ended = Event::RunFinished { status: RunStatus::Failed, reason: "no".to_owned() };
    append(&journal, &run, 2, ended, Vec::new()).await;
    let (state, events) = load_run_sharing(&journal, &run, &process.pipelines).unwrap();
    under_way.update(&journal, &state, &events);
    drop(under_way);
    assert_eq!(process.known(), BTreeMap::from([(run.to_string(), 2)]));
}

#[tokio::test]
async fn reads_a_run_that_was_given_up() {
    let journal = MemoryJournal::new();
    let run = create(&journal, "task-1-0a1b2c").await;
    let process = Process::new();
    drop(process.history.begin(run.clone()));
    process.notes(&journal);
    assert_eq!(process.known(), BTreeMap::from([(run.to_string(), 1)]));
}

#[tokio::test]
async fn follows_runs_of_other_processes() {
    let journal = MemoryJournal::new();
    let run = create(&journal, "task-1-0a1b2c").await;
    let process = Process::new();
    process.notes(&journal);
    append(&journal, &run, 2, Event::RunStopped { reason: "later".to_owned() }, Vec::new()).await;
    process.notes(&journal);
    assert_eq!(process.known(), BTreeMap::from([(run.to_string(), 2)]));
}
