//! Appends that are rejected, and a journal that fails.
#![allow(clippy::unwrap_used)]

use phasegate_journal::{MemoryJournal, Ownership};
use phasegate_process::pipeline::parse;
use phasegate_process::source::Source;
use phasegate_process::{AttemptId, RunCreated};

use super::*;
use crate::observer::NoObserver;
use crate::store::blobs::json_blob;
use crate::store::load::load_run;

const PIPELINE: &str = r#"
name = "one"
feedback = { strategy = "nearest-phase" }
[[phase]]
name = "plan"
agent = "a"
produces = [{ name = "project_plan", kind = "project_plan" }]
"#;

/// A run that was just created, with its writer.
async fn created() -> (Arc<dyn Journal>, Ownership, JournalWriter) {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let run: RunId = "run-1".parse().unwrap();
    let pipeline = parse(Source { file: "one.toml", text: PIPELINE }, &|_| Err(String::new())).unwrap();
    let blob = json_blob(&pipeline);
    let created = RunCreated {
        format: 1,
        run_id: run.clone(),
        task_id: "TASK".parse().unwrap(),
        pipeline: blob.digest.clone(),
        inputs: Vec::new(),
        base: Vec::new(),
        components: Default::default(),
        settings: blob.digest.clone(),
        history: blob.digest.clone(),
        scripted: true,
        started_by: None,
        repository: None,
        acceptance: None,
    };
    let owned = journal.acquire(&run).await.unwrap();
    let events = vec![Event::RunCreated(Box::new(created))];
    let append = Append { run: run.clone(), fence: owned.fence(), next: 1, at_ms: 1, events, blobs: vec![blob] };
    journal.append(append).await.unwrap();
    let (state, events) = load_run(journal.as_ref(), &run).unwrap();
    let target = WriteTarget::Journal(owned.fence());
    let writer = JournalWriter::new(Arc::clone(&journal), target, state, events, Arc::new(NoObserver));
    (journal, owned, writer)
}

fn started(attempt: u32) -> Event {
    Event::PhaseStarted { at: AttemptId { phase: "plan".parse().unwrap(), attempt }, inputs: Vec::new() }
}

#[tokio::test]
async fn a_rejected_append_changes_nothing() {
    let (journal, _owned, writer) = created().await;
    let before = format!("{:?}", writer.state());
    for rejected in [vec![started(2)], vec![started(1), started(2)]] {
        let error = writer.append(rejected, Vec::new()).unwrap_err();
        assert!(error.to_string().contains("cannot follow the events before it: it is about plan#2"), "{error}");
        assert_eq!(format!("{:?}", writer.state()), before);
        assert_eq!(writer.events().len(), 1);
    }
    writer.append(vec![started(1)], Vec::new()).unwrap();
    writer.durable().await.unwrap();
    assert_eq!(*writer.events(), journal.events(writer.run()).unwrap());
    assert_eq!(writer.events().len(), 2);
}

#[tokio::test]
async fn accepts_nothing_after_the_journal_failed() {
    let (journal, owned, writer) = created().await;
    drop(owned);
    let _new_owner = journal.acquire(writer.run()).await.unwrap();
    writer.append(vec![started(1)], Vec::new()).unwrap();
    let failed = writer.durable().await.unwrap_err().to_string();
    let error = writer.append(vec![Event::RunStopped { reason: "late".into() }], Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), failed);
    assert_eq!(journal.events(writer.run()).unwrap().len(), 1);
}
