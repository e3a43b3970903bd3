//! Property tests: in any order of writers, numbers have no gaps and no acknowledged event is lost.

use std::sync::Arc;

use futures::future::join_all;
use phasegate_journal::{Fork, Journal};
use phasegate_process::{Event, model::Usage};
use proptest::prelude::*;

use crate::places::{Place, append, at, folder, memory, note, numbers, run};

/// One append of one writer: the run, the number of events, and the error of the expected number.
#[derive(Debug, Clone)]
struct Step {
    run: usize,
    events: usize,
    off_by: u64,
}

fn step() -> impl Strategy<Value = Step> {
    (0..3_usize, 0..4_usize, prop_oneof![4 => Just(0_u64), 1 => 1..3_u64]).prop_map(|(run, events, off_by)| Step {
        run,
        events,
        off_by,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn interleaved_writers_leave_no_gaps(
        writers in prop::collection::vec(prop::collection::vec(step(), 0..8), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(interleave(&memory(), &writers));
        runtime.block_on(interleave(&folder(), &writers));
    }

    #[test]
    fn forked_runs_read_as_if_written_alone(
        steps in prop::collection::vec((any::<bool>(), 0..8_usize, 0..12_u64, 0..3_usize), 0..24)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(grow(&memory(), &steps));
        runtime.block_on(grow(&folder(), &steps));
    }

    #[test]
    fn amounts_of_money_round_trip_exactly(usd in 0.0..1.0e6_f64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (place, id) = (folder(), run("run-a"));
            let journal = place.open();
            let owner = journal.acquire(&id).await.unwrap();
            let usage = Usage { input_tokens: 1, output_tokens: 1, cached_input_tokens: 0, usd: Some(usd) };
            let answered = Event::ModelAnswered {
                at: at("code", 1),
                call: 1,
                answer: phasegate_process::Digest::from_content(b"a"),
                usage,
                stop: "end".to_owned(),
                elapsed_ms: 1, recorded: false };
            let written = append(&*journal, &owner, &id, 1, vec![answered]).await;
            assert_eq!(journal.events(&id), written);
        });
    }
}

/// Each step forks a run at some event or appends to it; the result is compared with a model in memory.
async fn grow(place: &impl Place, steps: &[(bool, usize, u64, usize)]) {
    let journal = place.open();
    let root = run("run-0");
    let owner = journal.acquire(&root).await.unwrap();
    append(&*journal, &owner, &root, 1, vec![note("first")]).await.unwrap();
    let mut tree = vec![(root, owner, vec![note("first")])];
    for (n, (forks, which, shared, count)) in steps.iter().enumerate() {
        let which = which % tree.len();
        let added: Vec<_> = (0..*count).map(|event| note(&format!("step {n} event {event}"))).collect();
        let (of, owner, known) = &mut tree[which];
        if *forks {
            let shared = 1 + shared % known.len() as u64;
            let (id, mut events) = (run(&format!("run-{}", n + 1)), known[..shared as usize].to_vec());
            let owner = journal.acquire(&id).await.unwrap();
            journal
                .fork(Fork {
                    run: id.clone(),
                    fence: owner.fence(),
                    origin: of.clone(),
                    shared,
                    at_ms: 9,
                    events: added.clone(),
                    blobs: Vec::new(),
                })
                .await
                .unwrap();
            events.extend(added);
            tree.push((id, owner, events));
        } else {
            append(&*journal, owner, of, known.len() as u64 + 1, added.clone()).await.unwrap();
            known.extend(added);
        }
    }
    for (id, _, known) in &tree {
        let events = place.open().events(id).unwrap();
        assert_eq!(numbers(&events), (1..=known.len() as u64).collect::<Vec<_>>());
        assert_eq!(&events.into_iter().map(|event| event.event).collect::<Vec<_>>(), known);
    }
}

/// Each writer has its own handle, and all write to the same runs.
async fn interleave(place: &impl Place, writers: &[Vec<Step>]) {
    let journal = place.open();
    let ids = [run("run-0"), run("run-1"), run("run-2")];
    let owners = join_all(ids.iter().map(|id| journal.acquire(id))).await;
    let owners: Arc<Vec<_>> = Arc::new(owners.into_iter().map(Result::unwrap).collect());

    let tasks = writers.iter().cloned().enumerate().map(|(writer, steps)| {
        let (journal, owners, ids) = (place.open(), owners.clone(), ids.clone());
        tokio::spawn(async move { write(&*journal, &owners, &ids, writer, steps).await })
    });
    let mut acknowledged = Vec::new();
    for task in join_all(tasks).await {
        acknowledged.extend(task.unwrap());
    }
    for (n, id) in ids.iter().enumerate() {
        let events = place.open().events(id).unwrap();
        let mut expected: Vec<_> = acknowledged.iter().filter(|(run, _)| *run == n).map(|(_, event)| event).collect();
        expected.sort_by_key(|event| event.number);
        assert_eq!(numbers(&events), (1..=events.len() as u64).collect::<Vec<_>>());
        assert_eq!(events.iter().collect::<Vec<_>>(), expected);
    }
}

async fn write(
    journal: &dyn Journal,
    owners: &[phasegate_journal::Ownership],
    ids: &[phasegate_process::RunId],
    writer: usize,
    steps: Vec<Step>,
) -> Vec<(usize, phasegate_process::Recorded)> {
    let mut acknowledged = Vec::new();
    for (n, step) in steps.into_iter().enumerate() {
        let id = &ids[step.run];
        let next = journal.events(id).unwrap().len() as u64 + 1 + step.off_by;
        let events = (0..step.events).map(|event| note(&format!("writer {writer} step {n} event {event}"))).collect();
        if let Ok(recorded) = append(journal, &owners[step.run], id, next, events).await {
            acknowledged.extend(recorded.into_iter().map(|event| (step.run, event)));
        }
    }
    acknowledged
}
