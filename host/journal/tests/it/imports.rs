//! Behavior of every journal: imports.

use phasegate_journal::{Fork, Import, Imported, StoredEvent, link};
use phasegate_process::{Digest, EVENT_FORMAT, Event, RunCreated, RunForked, RunId};

use crate::places::{Place, append, at, blob, created_now, error_text, folder, memory, note, numbers, run};

/// Returns a run of four events as another journal stores it.
async fn elsewhere(id: &RunId) -> Vec<StoredEvent> {
    let other = memory().open();
    let owner = other.acquire(id).await.unwrap();
    append(&*other, &owner, id, 1, vec![created_now(id), note("b"), note("c"), note("d")]).await.unwrap();
    other.stored_after(id, 0).unwrap()
}

/// Links the events anew, as if they had been written like this.
fn linked(mut events: Vec<StoredEvent>) -> Vec<StoredEvent> {
    let mut before: Option<Digest> = None;
    for event in &mut events {
        event.chain = link(before.as_ref(), event.number, event.at_ms, event.format, &event.body);
        before = Some(event.chain.clone());
    }
    events
}

pub async fn imported_runs_are_equal_and_can_go_on(place: &impl Place) {
    let (id, events, with) = (run("run-a"), elsewhere(&run("run-a")).await, blob("with"));
    let journal = place.open();
    assert_eq!(
        journal.import(Import { run: id.clone(), events: events.clone(), blobs: vec![with.clone()] }).await,
        Ok(Imported::New)
    );
    assert_eq!(journal.stored_after(&id, 0).unwrap(), events);
    assert_eq!(journal.events(&id).unwrap().len(), 4);
    assert_eq!(journal.blob(&with.digest), Ok(Some(with.bytes.into())));
    assert_eq!((journal.runs(), journal.origin(&id)), (Ok(vec![id.clone()]), Ok(None)));

    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 5, vec![note("e")]).await.unwrap();
    assert_eq!(numbers(&place.open().events(&id).unwrap()), [1, 2, 3, 4, 5]);
}

pub async fn repeated_import_adds_missing_blobs(place: &impl Place) {
    let (id, events, lost) = (run("run-a"), elsewhere(&run("run-a")).await, blob("lost"));
    let journal = place.open();
    journal.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await.unwrap();
    let owner = journal.acquire(&id).await.unwrap();
    let again = journal.import(Import { run: id.clone(), events: events.clone(), blobs: vec![lost.clone()] }).await;
    assert_eq!(again, Ok(Imported::AlreadyPresent));
    assert_eq!(journal.has_blob(&lost.digest), Ok(true));
    append(&*journal, &owner, &id, 5, vec![note("its owner was not disturbed")]).await.unwrap();
}

pub async fn rejects_imports_that_differ(place: &impl Place) {
    let (id, events, late) = (run("run-a"), elsewhere(&run("run-a")).await, blob("late"));
    let journal = place.open();
    journal.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await.unwrap();
    let mut changed = events.clone();
    changed[2].at_ms += 1;
    let longer = StoredEvent { number: 5, ..events[3].clone() };
    for (other, number) in
        [(linked(changed), 3), (events[..3].to_vec(), 4), (linked([events.clone(), vec![longer]].concat()), 5)]
    {
        assert_eq!(
            error_text(journal.import(Import { run: id.clone(), events: other, blobs: vec![late.clone()] }).await),
            format!(
                "run `run-a` exists here with other events from number {number} on, nothing was imported\n\
                 hint: import it into another state folder with `--state DIR`"
            )
        );
    }
    assert_eq!(journal.stored_after(&id, 0).unwrap(), events);
    assert_eq!(journal.has_blob(&late.digest), Ok(false));
}

pub async fn rejects_imports_of_incomplete_runs(place: &impl Place) {
    let (id, events, late) = (run("run-a"), elsewhere(&run("run-a")).await, blob("late"));
    let journal = place.open();
    let with = |change: &dyn Fn(&mut Vec<StoredEvent>)| {
        let mut changed = events.clone();
        change(&mut changed);
        changed
    };
    for (bad, reason) in [
        (with(&|e| drop(e.remove(1))), "event 2 is missing"),
        (with(&|e| drop(e.remove(0))), "event 1 is missing"),
        (with(&|e| e[2].at_ms += 1), "event 3 was changed after it was written: its chain of digests breaks there"),
        (
            with(&|e| e[2].body = e[1].body.clone()),
            "event 3 was changed after it was written: its chain of digests breaks there",
        ),
        (
            linked(with(&|e| e[1].body = "{}".to_owned())),
            "event 2 cannot be read: missing field `event` at line 1 column 2",
        ),
        (with(&Vec::clear), "it does not begin with `run_created`"),
        (linked(with(&|e| e[0].body = e[1].body.clone())), "it does not begin with `run_created`"),
        (elsewhere(&run("run-b")).await, "its events are those of run `run-b`"),
    ] {
        assert_eq!(
            error_text(journal.import(Import { run: id.clone(), events: bad, blobs: vec![late.clone()] }).await),
            format!(
                "run `run-a` cannot be imported: {reason}\n\
                 hint: nothing was imported; export the run again from an intact journal"
            )
        );
    }
    assert_eq!(
        error_text(
            journal
                .import(Import {
                    run: id.clone(),
                    events: linked(with(&|e| e[3].format = EVENT_FORMAT + 1)),
                    blobs: vec![late.clone()]
                })
                .await
        ),
        format!(
            "event 4 of run `run-a` in the import has format {}, this phasegate reads formats up to {EVENT_FORMAT}\n\
             hint: use the newer phasegate that wrote it",
            EVENT_FORMAT + 1
        )
    );
    assert_eq!((journal.runs(), journal.has_blob(&late.digest)), (Ok(Vec::new()), Ok(false)));
}

pub async fn imported_forks_become_independent_runs(place: &impl Place) {
    let (of, id) = (run("run-a"), run("run-b"));
    let at_home = folder();
    let (home, abroad) = (at_home.open(), place.open());
    let origin = home.acquire(&of).await.unwrap();
    append(&*home, &origin, &of, 1, vec![created_now(&of), note("b"), note("c")]).await.unwrap();
    let fork = home.acquire(&id).await.unwrap();
    let Event::RunCreated(pinned) = created_now(&of) else { panic!() };
    let forked = Event::RunForked(Box::new(RunForked {
        at_decision: false,
        origin: of.clone(),
        at: at("code", 1),
        changes: vec!["the code agent".to_owned()],
        created: RunCreated { run_id: id.clone(), ..*pinned },
    }));
    home.fork(Fork {
        run: id.clone(),
        fence: fork.fence(),
        origin: of.clone(),
        shared: 2,
        at_ms: 0,
        events: vec![forked],
        blobs: Vec::new(),
    })
    .await
    .unwrap();

    let events = home.stored_after(&id, 0).unwrap();
    assert_eq!(
        abroad.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await,
        Ok(Imported::New)
    );
    assert_eq!(abroad.events(&id), home.events(&id));
    assert_eq!((abroad.origin(&id), abroad.runs()), (Ok(None), Ok(vec![id.clone()])));
    assert_eq!(
        home.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await,
        Ok(Imported::AlreadyPresent)
    );
    let refused = error_text(abroad.import(Import { run: of.clone(), events, blobs: Vec::new() }).await);
    assert!(refused.starts_with("run `run-a` cannot be imported: its events are those of run `run-b`"), "{refused}");
}

pub async fn rejects_imports_of_owned_runs(place: &impl Place) {
    let (id, events) = (run("run-a"), elsewhere(&run("run-a")).await);
    let journal = place.open();
    let owner = journal.acquire(&id).await.unwrap();
    let refused =
        error_text(journal.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await);
    assert!(refused.starts_with("run `run-a` is in use by process "), "{refused}");
    drop(owner);
    assert_eq!(journal.import(Import { run: id.clone(), events, blobs: Vec::new() }).await, Ok(Imported::New));
}

pub async fn imported_runs_are_marked_for_good(place: &impl Place) {
    let (id, mine, events) = (run("run-a"), run("run-b"), elsewhere(&run("run-a")).await);
    let journal = place.open();
    assert_eq!(journal.imported(&id), Ok(None));
    let import = || Import { run: id.clone(), events: events.clone(), blobs: Vec::new() };
    journal.import(import()).await.unwrap();
    assert_eq!(journal.imported(&id), Ok(Some(4)));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 5, vec![note("e")]).await.unwrap();
    drop(owner);
    drop(journal.acquire(&id).await.unwrap());
    assert_eq!(place.open().imported(&id), Ok(Some(4)), "neither events nor owners change it");

    let owner = journal.acquire(&mine).await.unwrap();
    append(&*journal, &owner, &mine, 1, vec![created_now(&mine), note("b")]).await.unwrap();
    assert_eq!(journal.imported(&mine), Ok(None));
    let events = journal.stored_after(&mine, 0).unwrap();
    let again = journal.import(Import { run: mine.clone(), events, blobs: Vec::new() }).await;
    assert_eq!((again, journal.imported(&mine)), (Ok(Imported::AlreadyPresent), Ok(None)));
    drop(owner);

    journal.remove(vec![id.clone()], Vec::new()).await.unwrap();
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created_now(&id)]).await.unwrap();
    assert_eq!(journal.imported(&id), Ok(None), "another run of the same name");
}

pub async fn forks_of_imported_runs_count_as_imported(place: &impl Place) {
    let (id, events) = (run("run-a"), elsewhere(&run("run-a")).await);
    let journal = place.open();
    journal.import(Import { run: id.clone(), events, blobs: Vec::new() }).await.unwrap();
    let mut owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 5, vec![note("e"), note("f")]).await.unwrap();
    let mine = run("run-m");
    owner = journal.acquire(&mine).await.unwrap();
    append(&*journal, &owner, &mine, 1, vec![created_now(&mine), note("b")]).await.unwrap();
    for (fork, origin, shared, imported) in [
        ("run-b", "run-a", 2, Some(2)),
        ("run-c", "run-a", 6, Some(4)),
        ("run-d", "run-c", 7, Some(4)),
        ("run-e", "run-d", 1, Some(1)),
        ("run-n", "run-m", 2, None),
    ] {
        let owner = journal.acquire(&run(fork)).await.unwrap();
        let (run, origin, fence) = (run(fork), run(origin), owner.fence());
        let events = vec![note("x"), note("y")];
        journal
            .fork(Fork { run: run.clone(), fence, origin, shared, at_ms: 0, events, blobs: Vec::new() })
            .await
            .unwrap();
        assert_eq!(place.open().imported(&run), Ok(imported), "{fork}");
    }
}
