//! Behavior of every journal: forks.

use phasegate_journal::{Blob, Fence, Fork, Journal, Ownership, link};
use phasegate_process::{Event, Recorded, RunId};

use crate::places::{Place, append, blob, error_text, note, numbers, run};

/// Makes `run` a fork of `of` after event `shared`, with these words as its own events.
async fn fork(journal: &dyn Journal, id: &RunId, of: &RunId, shared: u64, its: &[&str]) -> Ownership {
    let owner = journal.acquire(id).await.unwrap();
    let events = its.iter().map(|word| note(word)).collect();
    journal
        .fork(Fork {
            run: id.clone(),
            fence: owner.fence(),
            origin: of.clone(),
            shared,
            at_ms: 50,
            events,
            blobs: Vec::new(),
        })
        .await
        .unwrap();
    owner
}

async fn three_events(journal: &dyn Journal, id: &RunId) -> Ownership {
    let owner = journal.acquire(id).await.unwrap();
    append(journal, &owner, id, 1, vec![note("a"), note("b"), note("c")]).await.unwrap();
    owner
}

fn heard(events: &[Recorded]) -> String {
    let word = |event: &Recorded| match &event.event {
        Event::RunStopped { reason } => reason.clone(),
        other => panic!("{other:?}"),
    };
    events.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn story(journal: &dyn Journal, id: &RunId) -> String {
    heard(&journal.events(id).unwrap())
}

pub async fn fork_shares_events_and_appends_its_own(place: &impl Place) {
    let (journal, of, id) = (place.open(), run("run-a"), run("run-b"));
    let _origin = three_events(&*journal, &of).await;
    let owner = journal.acquire(&id).await.unwrap();
    let with = blob("with");
    let events = vec![note("x"), note("y")];
    let returned = journal
        .fork(Fork {
            run: id.clone(),
            fence: owner.fence(),
            origin: of.clone(),
            shared: 2,
            at_ms: 77,
            events,
            blobs: vec![with.clone()],
        })
        .await
        .unwrap();
    append(&*journal, &owner, &id, 5, vec![note("z")]).await.unwrap();

    assert_eq!(story(&*journal, &id), "a b x y z");
    let events = journal.events(&id).unwrap();
    assert_eq!(numbers(&events), [1, 2, 3, 4, 5]);
    assert_eq!(events[..2], journal.events(&of).unwrap()[..2]);
    assert_eq!(events[2..4], returned);
    assert_eq!(returned[0].at_ms, 77);
    for number in 0..=6 {
        let after = journal.events_after(&id, number).unwrap();
        assert_eq!(after, events[events.len().min(number as usize)..], "after {number}");
    }
    assert_eq!(journal.has_blob(&with.digest), Ok(true));
    assert_eq!(journal.runs(), Ok(vec![id.clone(), of]));
    assert_eq!(numbers(&place.open().events(&id).unwrap()), [1, 2, 3, 4, 5]);
}

pub async fn fork_continues_the_chain_of_its_origin(place: &impl Place) {
    let (journal, of, id) = (place.open(), run("run-a"), run("run-b"));
    let _origin = three_events(&*journal, &of).await;
    let _fork = fork(&*journal, &id, &of, 2, &["x"]).await;
    let (origin, fork) = (journal.stored_after(&of, 0).unwrap(), journal.stored_after(&id, 0).unwrap());
    assert_eq!(fork[..2], origin[..2]);
    assert_eq!(fork[2].chain, link(Some(&origin[1].chain), 3, 50, fork[2].format, &fork[2].body));
}

pub async fn origin_and_fork_are_independent(place: &impl Place) {
    let (journal, of, id) = (place.open(), run("run-a"), run("run-b"));
    let origin = three_events(&*journal, &of).await;
    let owner = fork(&*journal, &id, &of, 3, &[]).await;
    assert_eq!(story(&*journal, &id), "a b c");
    append(&*journal, &origin, &of, 4, vec![note("d")]).await.unwrap();
    append(&*journal, &owner, &id, 4, vec![note("x")]).await.unwrap();
    append(&*journal, &origin, &of, 5, vec![note("e")]).await.unwrap();
    assert_eq!(story(&*journal, &of), "a b c d e");
    assert_eq!(story(&*journal, &id), "a b c x");
}

pub async fn forks_of_forks_share_their_ancestors_events(place: &impl Place) {
    let (journal, first, second) = (place.open(), run("run-a"), run("run-b"));
    let _first = three_events(&*journal, &first).await;
    let _second = fork(&*journal, &second, &first, 2, &["x", "y"]).await;
    let mut held = Vec::new();
    for (name, shared, expected) in
        [("run-c", 1, "a z"), ("run-d", 2, "a b z"), ("run-e", 3, "a b x z"), ("run-f", 4, "a b x y z")]
    {
        held.push(fork(&*journal, &run(name), &second, shared, &["z"]).await);
        assert_eq!(story(&*journal, &run(name)), expected);
        assert_eq!(heard(&journal.events_after(&run(name), shared).unwrap()), "z");
    }
    held.push(fork(&*journal, &run("run-g"), &run("run-c"), 2, &["w"]).await);
    assert_eq!(story(&*journal, &run("run-g")), "a z w");
}

pub async fn lists_forks_and_origins(place: &impl Place) {
    let (journal, of) = (place.open(), run("run-m"));
    let _origin = three_events(&*journal, &of).await;
    let mut held = Vec::new();
    for (name, origin, shared) in [("run-z", "run-m", 2), ("run-a", "run-m", 3), ("run-b", "run-z", 1)] {
        held.push(fork(&*journal, &run(name), &run(origin), shared, &["x"]).await);
    }
    assert_eq!(journal.forks(&of), Ok(vec![(run("run-z"), 2), (run("run-a"), 3)]));
    assert_eq!(journal.forks(&run("run-z")), Ok(vec![(run("run-b"), 1)]));
    assert_eq!(journal.forks(&run("run-b")), Ok(Vec::new()));
    assert_eq!(journal.forks(&run("nowhere")), Ok(Vec::new()));
    assert_eq!(journal.origin(&run("run-b")), Ok(Some((run("run-z"), 1))));
    assert_eq!(journal.origin(&of), Ok(None));
    assert_eq!(journal.origin(&run("nowhere")), Ok(None));
}

pub async fn invalid_forks_write_nothing(place: &impl Place) {
    let (journal, of, id, late) = (place.open(), run("run-a"), run("run-b"), blob("late"));
    let origin = three_events(&*journal, &of).await;
    let owner = journal.acquire(&id).await.unwrap();
    let (_began, never) = (journal.acquire(&run("run-q")).await.unwrap(), run("nowhere"));
    let try_it = async |id: &RunId, fence: Fence, of: &RunId, shared| {
        let late: Vec<Blob> = vec![late.clone()];
        error_text(
            journal
                .fork(Fork {
                    run: id.clone(),
                    fence,
                    origin: of.clone(),
                    shared,
                    at_ms: 0,
                    events: vec![note("x")],
                    blobs: late,
                })
                .await,
        )
    };
    let cannot = |id: &str, shared: u64, reason: &str| {
        format!(
            "run `{id}` cannot fork run `run-a` after event {shared}: {reason}\n\
             hint: see `phasegate log run-a` for its events"
        )
    };
    assert_eq!(try_it(&id, owner.fence(), &of, 4).await, cannot("run-b", 4, "that run has 3 events"));
    assert_eq!(try_it(&id, owner.fence(), &of, u64::MAX).await, cannot("run-b", u64::MAX, "that run has 3 events"));
    assert_eq!(try_it(&id, owner.fence(), &of, 0).await, cannot("run-b", 0, "events count from 1"));
    assert_eq!(try_it(&of, origin.fence(), &of, 1).await, cannot("run-a", 1, "run `run-a` has events already"));
    for nowhere in [&never, &id, &run("run-q")] {
        assert_eq!(
            try_it(&id, owner.fence(), nowhere, 1).await,
            format!("there is no run `{nowhere}` in {}\nhint: `phasegate runs` lists the runs", place.name())
        );
    }
    let stale = Fence::new(owner.fence().number() - 1);
    assert!(try_it(&id, stale, &of, 1).await.starts_with("run `run-b` was taken over"));
    assert!(try_it(&never, stale, &of, 1).await.starts_with("run `nowhere` was taken over"));

    assert_eq!(journal.events(&id), Ok(Vec::new()));
    assert_eq!(journal.origin(&id), Ok(None));
    assert_eq!(journal.has_blob(&late.digest), Ok(false));
    assert_eq!(story(&*journal, &of), "a b c");
}
