//! The tables of version 4: one row an append, compressed. The tests of damaged events elsewhere use the tables of version 3.

use phasegate_journal::{Fork, Import, Journal, SqliteJournal, link};
use phasegate_process::EVENT_FORMAT;

use crate::places::{
    Folder, Place, RESTORE, append, blob, created_now, error_text, folder, memory, note, numbers, rendered, run,
};

/// A run with the events 1, 2 to 4, and 5, in three appends.
async fn three_rows() -> Folder {
    let (place, id) = (folder(), run("run-a"));
    let journal = place.open();
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created_now(&id)]).await.unwrap();
    append(&*journal, &owner, &id, 2, vec![note("two"), note("three"), note("four")]).await.unwrap();
    append(&*journal, &owner, &id, 5, vec![note("five")]).await.unwrap();
    drop(owner);
    place
}

fn count(place: &Folder, table: &str) -> u64 {
    place.as_it_is().query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn each_append_is_one_row() {
    let (place, id) = (three_rows().await, run("run-a"));
    assert_eq!((count(&place, "appends"), count(&place, "events")), (3, 0));
    let journal = place.open();
    let all = journal.stored_after(&id, 0).unwrap();
    let mut before = None;
    for stored in &all {
        assert_eq!(stored.chain, link(before.as_ref(), stored.number, stored.at_ms, EVENT_FORMAT, &stored.body));
        before = Some(stored.chain.clone());
    }
    for after in 0..=6 {
        let rest = &all[all.len().min(after as usize)..];
        assert_eq!(journal.stored_after(&id, after).unwrap(), rest, "after {after}");
        assert_eq!(journal.events_after(&id, after).unwrap().len(), rest.len(), "after {after}");
    }
}

#[tokio::test]
async fn damaged_rows_name_run_and_event() {
    let changed = |number: u64| format!("event {number} of run `run-a` in JOURNAL was changed after it was written");
    for (change, text) in [
        ("bodies = x'00'", changed(2)),
        ("bodies = x''", changed(2)),
        ("size = size + 1", changed(2)),
        ("count = 2", changed(2)),
        ("count = 4", changed(2)),
        ("chain = x'00'", changed(2)),
        // Only the last link is stored.
        ("chain = zeroblob(32)", changed(4)),
        ("at_ms = at_ms + 1", changed(4)),
        ("format = 0", changed(4)),
        ("size = 16777217", "event 2 of run `run-a` is too large: it has more than 16777216 bytes".to_owned()),
        ("bodies = zeroblob(16777217)", "event 2 of run `run-a` is too large: it has more than 16777216".to_owned()),
        ("first = 6, run_key = 1", "event 2 of run `run-a` is missing in JOURNAL".to_owned()),
    ] {
        let (place, id) = (three_rows().await, run("run-a"));
        place.as_it_is().execute(&format!("UPDATE appends SET {change} WHERE first = 2"), ()).unwrap();
        for after in [0, 1, 2, 3] {
            let found = error_text(place.open().events_after(&id, after)).replace(&place.name(), "JOURNAL");
            let gap = text.contains("missing") || found.contains("is missing");
            assert!(found.starts_with(&text) || gap, "{change}, after {after}: {found}");
            assert!(found.ends_with(RESTORE) || found.contains("too large"), "{found}");
        }
    }
}

#[tokio::test]
async fn missing_row_is_named() {
    let (place, id) = (three_rows().await, run("run-a"));
    place.as_it_is().execute("DELETE FROM appends WHERE first = 2", ()).unwrap();
    for after in 0..4 {
        let found = error_text(place.open().events_after(&id, after));
        let number = if after < 2 { 2 } else { after };
        assert_eq!(found, format!("event {number} of run `run-a` is missing in {}\n{RESTORE}", place.name()));
    }
}

#[tokio::test]
async fn every_flipped_bit_is_found() {
    let (place, id) = (three_rows().await, run("run-a"));
    let bodies: Vec<u8> =
        place.as_it_is().query_row("SELECT bodies FROM appends WHERE first = 2", (), |row| row.get(0)).unwrap();
    let expected = place.open().events(&id).unwrap();
    for bit in 0..bodies.len() * 8 {
        let mut flipped = bodies.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        place.as_it_is().execute("UPDATE appends SET bodies = ?1 WHERE first = 2", (flipped,)).unwrap();
        match place.open().events(&id) {
            // Some bits of the compressed form mean nothing.
            Ok(events) => assert_eq!(events, expected, "bit {bit}"),
            Err(error) => assert!(rendered(&error).contains(" of run `run-a` in "), "bit {bit}: {error}"),
        }
    }
}

#[tokio::test]
async fn forks_begin_in_the_middle_of_a_row() {
    let (place, of) = (three_rows().await, run("run-a"));
    let journal = place.open();
    for (name, origin, shared) in [("fork-1", "run-a", 3), ("fork-2", "fork-1", 5), ("fork-3", "fork-2", 2)] {
        let (id, origin) = (run(name), run(origin));
        let owner = journal.acquire(&id).await.unwrap();
        let events = vec![note("x"), note("y"), note("z")];
        let fork = Fork { run: id.clone(), fence: owner.fence(), origin, shared, at_ms: 9, events, blobs: Vec::new() };
        journal.fork(fork).await.unwrap();
        let all = journal.stored_after(&id, 0).unwrap();
        let mut before = None;
        for stored in &all {
            assert_eq!(stored.chain, link(before.as_ref(), stored.number, stored.at_ms, EVENT_FORMAT, &stored.body));
            before = Some(stored.chain.clone());
        }
        for after in 0..=shared + 3 {
            let expected: Vec<_> = (after + 1..=shared + 3).collect();
            assert_eq!(numbers(&journal.events_after(&id, after).unwrap()), expected, "{name} after {after}");
            assert_eq!(journal.stored_after(&id, after).unwrap(), all[after as usize..], "{name} after {after}");
        }
    }
    assert_eq!(numbers(&journal.events(&of).unwrap()), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn old_and_new_rows_make_one_run() {
    let (place, id) = (three_rows().await, run("run-a"));
    drop(place.raw());
    assert_eq!((count(&place, "appends"), count(&place, "events")), (0, 5));
    let journal = place.open();
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 6, vec![note("six"), note("seven")]).await.unwrap();
    assert_eq!((count(&place, "appends"), count(&place, "events")), (1, 5));
    // An older build that still has the file open writes between two appends of this one.
    append(&*journal, &owner, &id, 8, vec![note("eight")]).await.unwrap();
    let old = &journal.stored_after(&id, 7).unwrap()[0];
    let raw = place.as_it_is();
    let values = (old.number, old.at_ms, old.format, old.body.as_str(), old.chain.as_str());
    raw.execute("INSERT INTO events SELECT 1, ?1, ?2, ?3, 'run_stopped', ?4, ?5", values).unwrap();
    raw.execute("DELETE FROM appends WHERE first = 8", ()).unwrap();
    append(&*journal, &owner, &id, 9, vec![note("nine"), note("ten")]).await.unwrap();
    for after in 0..=10 {
        assert_eq!(numbers(&journal.events_after(&id, after).unwrap()), (after + 1..=10).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn imports_keep_times_formats_and_line_breaks() {
    let (home, place, id) = (memory(), folder(), run("run-a"));
    let journal = home.open();
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created_now(&id)]).await.unwrap();
    let mut events = journal.stored_after(&id, 0).unwrap();
    for (number, at_ms, format, body) in [
        (2, 7, 1, "{\"event\":\"run_stopped\",\n\"reason\":\"lines\"}"),
        (3, 7, 1, "{\"event\":\"run_stopped\",\"reason\":\"a line\"}"),
        (4, 7, 1, "{\"event\":\"run_stopped\",\"reason\":\"a line\"}\n"),
        (5, 8, 1, "{\"event\":\"run_stopped\",\"reason\":\"another time\"}"),
        (6, 8, 2, "{\"event\":\"run_stopped\",\"reason\":\"another format\"}"),
    ] {
        let chain = link(events.last().map(|last| &last.chain), number, at_ms, format, body);
        let body = body.to_owned();
        events.push(phasegate_journal::StoredEvent { number, at_ms, format, body, chain });
    }
    let journal = place.open();
    journal.import(Import { run: id.clone(), events: events.clone(), blobs: Vec::new() }).await.unwrap();
    assert_eq!(journal.stored_after(&id, 0), Ok(events));
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn damaged_contents_are_named() {
    for change in ["bytes = x'00'", "size = size + 1", "size = 99999999", "bytes = x'00', size = 1"] {
        let (place, bad, good) = (folder(), blob(&"bad ".repeat(100)), blob(&"good ".repeat(100)));
        place.open().put_blobs(vec![bad.clone(), good.clone()]).await.unwrap();
        let sql = format!("UPDATE contents SET {change} WHERE digest = ?1");
        assert_eq!(place.as_it_is().execute(&sql, (bad.digest.to_bytes(),)).unwrap(), 1);
        let journal = SqliteJournal::open_to_read(place.0.path()).unwrap();
        assert_eq!(
            error_text(journal.blob(&bad.digest)),
            format!("blob {} in {} is damaged, its bytes do not have this digest\n{RESTORE}", bad.digest, place.name())
        );
        assert_eq!(journal.blob(&good.digest), Ok(Some(good.bytes.to_vec())));
    }
}

#[tokio::test]
async fn unreadable_rows_keep_all_blobs() {
    let (place, left) = (three_rows().await, blob("left"));
    place.open().put_blobs(vec![left.clone()]).await.unwrap();
    place.as_it_is().execute("UPDATE appends SET bodies = x'00' WHERE first = 2", ()).unwrap();
    let journal = place.open();
    assert_eq!(journal.remove(Vec::new(), vec![left.digest.clone()]).await.unwrap().blobs, 0);
    assert_eq!(journal.has_blob(&left.digest), Ok(true));
    journal.remove(vec![run("run-a")], vec![left.digest.clone()]).await.unwrap();
    assert_eq!(journal.has_blob(&left.digest), Ok(false));
}
