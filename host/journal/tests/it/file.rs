//! Behavior of the database file: foreign, newer and damaged files are rejected and not changed.

use std::fs;

use phasegate_journal::{Append, SqliteJournal, link};
use phasegate_process::EVENT_FORMAT;

use crate::places::{
    Folder, Place, RESTORE, append, blob, created_now, error_text, folder, noise, note, numbers, rendered, run,
};

async fn with_three_events(place: &Folder) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created_now(&id), note("two"), note("three")]).await.unwrap();
}

/// Replaces event 3 by one whose link fits the chain.
fn replace_the_third(place: &Folder, format: u32, body: &str) {
    let stored = place.open().stored_after(&run("run-a"), 1).unwrap();
    let chain = link(Some(&stored[0].chain), 3, stored[1].at_ms, format, body);
    let raw = place.raw();
    let values = (format, body, chain.as_str());
    raw.execute("UPDATE events SET format = ?1, body = ?2, chain = ?3 WHERE number = 3", values).unwrap();
    raw.execute("UPDATE runs SET chain = ?1", (chain.as_str(),)).unwrap();
}

#[tokio::test]
async fn rejects_newer_files_unchanged() {
    let place = folder();
    with_three_events(&place).await;
    place.raw().pragma_update(None, "user_version", 7).unwrap();
    let before = fs::read(place.file()).unwrap();
    assert_eq!(
        place.refusal(),
        format!(
            "{} has version 7, this phasegate reads versions up to 5\n\
             hint: use the newer phasegate that wrote it, or another folder with `--state DIR`",
            place.name()
        )
    );
    assert!(fs::read(place.file()).unwrap() == before);
}

#[tokio::test]
async fn rejects_a_log_without_its_file() {
    let place = folder();
    with_three_events(&place).await;
    let log = place.0.path().join("journal.db-wal");
    fs::write(&log, "what was written last").unwrap();
    fs::remove_file(place.file()).unwrap();
    assert_eq!(place.refusal(), format!("{} is damaged: all but its log is gone\n{RESTORE}", place.name()));
    assert_eq!(fs::read_to_string(&log).unwrap(), "what was written last");
}

#[test]
fn completes_a_half_created_file() {
    let place = folder();
    fs::create_dir_all(place.0.path().join("locks")).unwrap();
    fs::write(place.file(), "").unwrap();
    place.open();
}

#[test]
fn rejects_files_that_are_not_databases() {
    let place = folder();
    let garbage = "this is no database, whatever its name says\n".repeat(300);
    fs::write(place.file(), &garbage).unwrap();
    assert_eq!(
        place.refusal(),
        format!(
            "{} is not a journal of phasegate and was not changed\n\
             hint: move it away, or use another folder with `--state DIR`",
            place.name()
        )
    );
    assert_eq!(fs::read_to_string(place.file()).unwrap(), garbage);
}

#[test]
fn rejects_databases_of_other_programs() {
    let place = folder();
    place.raw().execute_batch("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('Tom')").unwrap();
    let before = fs::read(place.file()).unwrap();
    assert!(place.refusal().contains("is not a journal of phasegate"), "{}", place.refusal());
    assert!(fs::read(place.file()).unwrap() == before);
}

#[test]
fn names_a_state_folder_that_cannot_be_created() {
    let place = folder();
    let in_the_way = place.0.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let refusal = rendered(&SqliteJournal::open(&in_the_way).err().unwrap());
    assert_eq!(
        refusal,
        format!(
            "{} cannot be written: it is not a folder\nhint: make it writable, or use another folder with `--state DIR`",
            in_the_way.display()
        )
    );
}

#[tokio::test]
async fn damaged_blob_is_named_and_others_load() {
    let (place, good, bad) = (folder(), blob("good"), blob("bad"));
    place.open().put_blobs(vec![good.clone(), bad.clone()]).await.unwrap();
    place.raw().execute("UPDATE blobs SET bytes = x'00' WHERE digest = ?1", (bad.digest.as_str(),)).unwrap();
    let journal = place.open();
    assert_eq!(
        error_text(journal.blob(&bad.digest)),
        format!("blob {} in {} is damaged, its bytes do not have this digest\n{RESTORE}", bad.digest, place.name())
    );
    assert_eq!(journal.blob(&good.digest), Ok(Some(good.bytes.into())));
}

#[tokio::test]
async fn missing_event_is_named() {
    let place = folder();
    with_three_events(&place).await;
    place.raw().execute("DELETE FROM events WHERE number = 2", ()).unwrap();
    let journal = place.open();
    let missing = format!("event 2 of run `run-a` is missing in {}\n{RESTORE}", place.name());
    assert_eq!(error_text(journal.events(&run("run-a"))), missing);
    assert_eq!(error_text(journal.events_after(&run("run-a"), 1)), missing);
    assert_eq!(error_text(journal.events_after(&run("run-a"), 2)), missing);
}

#[tokio::test]
async fn altered_event_is_named() {
    for change in [
        "UPDATE events SET body = replace(body, 'two', 'TWO') WHERE number = 2",
        "UPDATE events SET at_ms = at_ms + 1 WHERE number = 2",
        "UPDATE events SET format = 0 WHERE number = 2",
        "UPDATE events SET chain = replace(chain, '1', '2') WHERE number = 2",
        "UPDATE events SET chain = 'none' WHERE number = 2",
        "UPDATE events SET number = 9 WHERE number = 2; UPDATE events SET number = 2 WHERE number = 3;
         UPDATE events SET number = 3 WHERE number = 9; UPDATE runs SET chain = (SELECT chain FROM events WHERE number = 3)",
    ] {
        let place = folder();
        with_three_events(&place).await;
        place.raw().execute_batch(change).unwrap();
        let broken = format!(
            "event 2 of run `run-a` in {} was changed after it was written: its chain of digests breaks there\n{RESTORE}",
            place.name()
        );
        assert_eq!(error_text(place.open().events(&run("run-a"))), broken, "{change}");
        assert_eq!(error_text(place.open().events_after(&run("run-a"), 1)), broken, "{change}");
    }
}

#[tokio::test]
async fn long_runs_are_checked_throughout() {
    let (place, id) = (folder(), run("run-a"));
    {
        let journal = place.open();
        let owner = journal.acquire(&id).await.unwrap();
        let events = (1..=2_300).map(|number| note(&format!("number {number}"))).collect();
        append(&*journal, &owner, &id, 1, events).await.unwrap();
        assert_eq!(numbers(&journal.events(&id).unwrap()), (1..=2_300).collect::<Vec<_>>());
        assert_eq!(numbers(&journal.events_after(&id, 7).unwrap()), (8..=2_300).collect::<Vec<_>>());
    }
    let raw = place.raw();
    let change = |number: u64, by: i64| {
        raw.execute("UPDATE events SET at_ms = at_ms + ?2 WHERE number = ?1", (number, by)).unwrap();
    };
    // The last event of each chunk for two, three or four threads.
    for number in [1, 2, 500, 501, 575, 576, 766, 767, 768, 1_150, 1_151, 1_534, 1_535, 2_299, 2_300] {
        change(number, 1);
        change(2_300, 5);
        let broken = error_text(place.open().events(&id));
        assert!(broken.starts_with(&format!("event {number} of run `run-a` in ")), "{broken}");
        change(number, -1);
        change(2_300, -5);
    }
    raw.execute("DELETE FROM events WHERE number = 1151", ()).unwrap();
    let missing = error_text(place.open().events(&id));
    assert!(missing.starts_with("event 1151 of run `run-a` is missing in "), "{missing}");
}

#[tokio::test]
async fn checks_the_link_before_the_first_event() {
    let place = folder();
    with_three_events(&place).await;
    place.raw().execute("UPDATE events SET chain = replace(chain, '1', '2') WHERE number = 1", ()).unwrap();
    let broken = error_text(place.open().events_after(&run("run-a"), 1));
    assert!(broken.starts_with("event 2 of run `run-a` in "), "{broken}");
}

#[tokio::test]
async fn lost_end_names_the_first_missing_event() {
    let place = folder();
    with_three_events(&place).await;
    place.raw().execute("DELETE FROM events WHERE number >= 2", ()).unwrap();
    let journal = place.open();
    let missing = format!("event 2 of run `run-a` is missing in {}\n{RESTORE}", place.name());
    assert_eq!(error_text(journal.events(&run("run-a"))), missing);
    assert_eq!(error_text(journal.events_after(&run("run-a"), 1)), missing);
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    let refused = error_text(append(&*journal, &owner, &run("run-a"), 2, vec![note("in its place")]).await);
    assert!(refused.starts_with("event 2 cannot be appended to run `run-a`: the next number is 4\n"), "{refused}");
}

#[tokio::test]
async fn unparsable_event_is_named() {
    let place = folder();
    with_three_events(&place).await;
    for (body, reason) in [
        ("{\"event\":\"run_stopped\"", "EOF while parsing an object at line 1 column 22"),
        ("{\"event\":\"run_stopped\"}", "missing field `reason`"),
    ] {
        replace_the_third(&place, EVENT_FORMAT, body);
        assert_eq!(
            error_text(place.open().events(&run("run-a"))),
            format!("event 3 of run `run-a` in {} cannot be read: {reason}\n{RESTORE}", place.name())
        );
    }
}

#[tokio::test]
async fn rejects_events_of_newer_builds() {
    let place = folder();
    with_three_events(&place).await;
    replace_the_third(&place, EVENT_FORMAT + 1, "{\"event\":\"news\"}");
    assert_eq!(
        error_text(place.open().events(&run("run-a"))),
        format!(
            "event 3 of run `run-a` in {} has format {}, this phasegate reads formats up to {EVENT_FORMAT}\n\
             hint: use the newer phasegate that wrote it",
            place.name(),
            EVENT_FORMAT + 1
        )
    );
}

#[tokio::test]
async fn truncated_file_is_named() {
    let place = folder();
    with_three_events(&place).await;
    place.open().put_blobs((0..50).map(|n| blob(&n.to_string().repeat(5_000))).collect()).await.unwrap();
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..whole.len() / 2]).unwrap();
    let refusal = place.refusal();
    assert!(refusal.starts_with(&format!("{} is damaged: ", place.name())), "{refusal}");
    assert!(refusal.ends_with(RESTORE), "{refusal}");
}

#[tokio::test]
async fn database_enforces_unique_event_numbers() {
    let place = folder();
    with_three_events(&place).await;
    let twice = "INSERT INTO events SELECT * FROM events WHERE number = 2";
    assert!(place.raw().execute(twice, ()).unwrap_err().to_string().contains("UNIQUE"));
}

#[tokio::test]
async fn dropping_the_journal_closes_the_file() {
    let place = folder();
    with_three_events(&place).await;
    let log = place.0.path().join("journal.db-wal");
    assert!(!log.exists(), "the log is folded in when the last handle goes");
    let journal = place.open();
    journal.put_blobs(vec![blob("a")]).await.unwrap();
    assert!(log.exists());
}

#[tokio::test]
async fn concurrent_opening_creates_one_journal() {
    let place = folder();
    let opened = std::thread::scope(|threads| {
        let all: Vec<_> = (0..8).map(|_| threads.spawn(|| SqliteJournal::open(place.0.path()).map(drop))).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(opened, vec![Ok(()); 8]);
}

#[tokio::test]
async fn file_size_is_bounded_by_its_content() {
    let place = folder();
    let journal = place.open();
    let id = run("run-a");
    let owner = journal.acquire(&id).await.unwrap();
    let stored = 100 * 100_000;
    for next in 1..=100 {
        let artifact = noise(next, 100_000);
        let again = artifact.clone();
        journal
            .append(Append {
                run: id.clone(),
                fence: owner.fence(),
                next,
                at_ms: 0,
                events: vec![note("a")],
                blobs: vec![artifact, again],
            })
            .await
            .unwrap();
    }
    let log = fs::metadata(place.0.path().join("journal.db-wal")).unwrap().len();
    assert!(log < 8 << 20, "the log has {log} bytes");
    drop(journal);
    let file = fs::metadata(place.file()).unwrap().len();
    assert!((stored..stored * 11 / 10).contains(&file), "{stored} bytes were stored, the file has {file}");
}
