//! Damaged files: what is detected, what cannot be, and that reading changes nothing.

use std::fs;

use phasegate_journal::{Append, Fork, Journal, SqliteJournal};
use phasegate_process::RunId;

use crate::places::{
    Folder, Place, RESTORE, append, blob, created_now, error_text, folder, note, numbers, rendered, run,
};
use crate::reading::{bytes_in, to_read};

const PAGE: usize = 4096;

/// Two runs of 100 events, each with two blobs of 17 KB, as version 3 stores them.
async fn large() -> Folder {
    let place = large_and_new().await;
    place.raw().execute_batch("VACUUM").unwrap();
    place
}

/// The same as it is written.
async fn large_and_new() -> Folder {
    let place = folder();
    let journal = place.open();
    for name in ["run-a", "run-b"] {
        let owner = journal.acquire(&run(name)).await.unwrap();
        let mut events = vec![created_now(&run(name))];
        events.extend((2..=100).map(|n| note(&format!("{name} {n:03} {}", "words ".repeat(30)))));
        let blobs = [1, 2].map(|n| blob(&format!("{name} {n}").repeat(2_500)));
        journal
            .append(Append { run: run(name), fence: owner.fence(), next: 1, at_ms: 0, events, blobs: blobs.to_vec() })
            .await
            .unwrap();
    }
    place
}

fn malformed(place: &Folder) -> String {
    format!("{} is damaged: database disk image is malformed\n{RESTORE}", place.name())
}

/// Returns the last position of a text in the file: moved pages leave their old bytes behind.
fn position(file: &[u8], text: &str) -> usize {
    file.windows(text.len()).rposition(|window| window == text.as_bytes()).unwrap()
}

/// Returns the number of events of a run, or the error with its hint.
fn result_of(journal: &dyn Journal, id: &RunId) -> Result<usize, String> {
    journal.events(id).map(|events| events.len()).map_err(|error| rendered(&error))
}

#[tokio::test]
async fn truncated_file_is_readable_but_not_writable() {
    let place = large().await;
    let whole = fs::read(place.file()).unwrap();
    let lost = Err(malformed(&place));
    for (length, a, b) in [(PAGE, &lost, &lost), (whole.len() / 2, &lost, &lost), (whole.len() - PAGE, &Ok(100), &lost)]
    {
        fs::write(place.file(), &whole[..length]).unwrap();
        let before = bytes_in(place.0.path());
        assert_eq!(place.refusal(), malformed(&place));
        let remains = to_read(&place);
        assert_eq!(remains.damage().map(rendered), Some(malformed(&place)));
        assert_eq!(remains.check(), Ok(vec!["database disk image is malformed".to_owned()]));
        assert_eq!(
            (&result_of(&remains, &run("run-a")), &result_of(&remains, &run("run-b"))),
            (a, b),
            "{length} bytes"
        );
        drop(remains);
        assert!(bytes_in(place.0.path()) == before, "{length} bytes");
    }
    fs::write(place.file(), &whole).unwrap();
    assert_eq!(to_read(&place).damage(), None);
}

#[tokio::test]
async fn one_lost_byte_shows_where_it_was() {
    let place = large().await;
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..whole.len() - 1]).unwrap();
    let journal = place.open();
    assert_eq!(result_of(&*journal, &run("run-a")), Ok(100));
    assert_eq!(
        result_of(&*journal, &run("run-b")),
        Err(format!(
            "event 94 of run `run-b` in {} was changed after it was written: its chain of digests breaks there\n{RESTORE}",
            place.name()
        ))
    );
}

#[tokio::test]
async fn nearly_empty_file_is_reported() {
    let place = large().await;
    let whole = fs::read(place.file()).unwrap();
    for length in [0, 1, 50, 99, 511, 512] {
        fs::write(place.file(), &whole[..length]).unwrap();
        let refusal = place.refusal();
        let reason = match length {
            0 | 1 => "it is empty, and runs were written to it before",
            _ => "database disk image is malformed",
        };
        assert_eq!(refusal, format!("{} is damaged: {reason}\n{RESTORE}", place.name()), "{length} bytes");
        if let Ok(remains) = SqliteJournal::open_to_read(place.0.path()) {
            let text = error_text(remains.events(&run("run-a")));
            assert!(text.starts_with(&format!("{} is damaged: ", place.name())), "{length} bytes: {text}");
        }
        assert!(fs::read(place.file()).unwrap() == whole[..length], "{length} bytes");
    }
}

#[tokio::test]
async fn changed_event_byte_affects_one_event() {
    let place = large().await;
    let mut bytes = fs::read(place.file()).unwrap();
    let at = position(&bytes, "run-a 042");
    bytes[at + 20] ^= 1;
    fs::write(place.file(), &bytes).unwrap();
    let journal = place.open();
    assert_eq!(
        error_text(journal.events(&run("run-a"))),
        format!(
            "event 42 of run `run-a` in {} was changed after it was written: its chain of digests breaks there\n{RESTORE}",
            place.name()
        )
    );
    assert_eq!(numbers(&journal.events_after(&run("run-a"), 42).unwrap()).len(), 58);
    assert_eq!((result_of(&*journal, &run("run-b")), journal.check()), (Ok(100), Ok(Vec::new())));
    drop(journal);
    assert!(fs::read(place.file()).unwrap() == bytes);
}

#[tokio::test]
async fn changed_blob_byte_affects_one_blob() {
    let place = large().await;
    let (bad, good) = (blob(&"run-a 2".repeat(2_500)), blob(&"run-a 1".repeat(2_500)));
    let mut bytes = fs::read(place.file()).unwrap();
    let at = position(&bytes, &"run-a 2".repeat(20));
    bytes[at + 10] ^= 1;
    fs::write(place.file(), &bytes).unwrap();
    let journal = place.open();
    assert_eq!(
        error_text(journal.blob(&bad.digest)),
        format!("blob {} in {} is damaged, its bytes do not have this digest\n{RESTORE}", bad.digest, place.name())
    );
    assert_eq!(journal.blob(&good.digest), Ok(Some(good.bytes.into())));
    assert_eq!((result_of(&*journal, &run("run-a")), journal.check()), (Ok(100), Ok(Vec::new())));
    drop(journal);
    assert!(fs::read(place.file()).unwrap() == bytes);
}

#[tokio::test]
async fn overwritten_pages_never_yield_false_data() {
    for place in [large().await, large_and_new().await] {
        overwrite_each_page(&place);
    }
}

fn overwrite_each_page(place: &Folder) {
    let whole = fs::read(place.file()).unwrap();
    let (events, blobs) = {
        let journal = place.open();
        let events = ["run-a", "run-b"].map(|name| journal.events(&run(name)).unwrap());
        let blobs: Vec<_> = journal.blob_sizes().unwrap().into_iter().map(|(digest, _)| digest).collect();
        (events, blobs)
    };
    for page in 0..whole.len() / PAGE {
        let mut bytes = whole.clone();
        bytes[page * PAGE..][..PAGE].fill(0xA5);
        fs::write(place.file(), &bytes).unwrap();
        let Ok(journal) = SqliteJournal::open(place.0.path()) else {
            assert_eq!(page, 0);
            assert!(place.refusal().contains("is not a journal of phasegate and was not changed"));
            continue;
        };
        for (name, events) in ["run-a", "run-b"].iter().zip(&events) {
            match journal.events(&run(name)) {
                Ok(read) => assert!(read == *events, "page {page}"),
                Err(error) => assert!(rendered(&error).ends_with(RESTORE), "page {page}: {error}"),
            }
        }
        for digest in &blobs {
            // A blob is checked when it is read; a missing one is noticed by the caller that knows its digest.
            if let Err(error) = journal.blob(digest) {
                assert!(rendered(&error).ends_with(RESTORE), "page {page}: {error}");
            }
        }
        assert!(!journal.check().unwrap().is_empty(), "page {page}");
        drop(journal);
        assert!(fs::read(place.file()).unwrap() == bytes, "page {page}");
    }
}

#[tokio::test]
async fn shared_events_are_checked_with_the_fork() {
    let place = folder();
    {
        let (journal, of, id) = (place.open(), run("run-a"), run("run-b"));
        let owner = journal.acquire(&of).await.unwrap();
        append(&*journal, &owner, &of, 1, vec![note("a"), note("b"), note("c")]).await.unwrap();
        let owner = journal.acquire(&id).await.unwrap();
        journal
            .fork(Fork {
                run: id.clone(),
                fence: owner.fence(),
                origin: of.clone(),
                shared: 2,
                at_ms: 0,
                events: vec![note("x")],
                blobs: Vec::new(),
            })
            .await
            .unwrap();
    }
    let raw = place.raw();
    let change = |sql: &str| raw.execute(sql, ()).unwrap();
    change("UPDATE events SET body = replace(body, '\"b\"', '\"B\"') WHERE run_key = 1 AND number = 2");
    for name in ["run-a", "run-b"] {
        let broken = error_text(place.open().events(&run(name)));
        assert!(broken.starts_with(&format!("event 2 of run `{name}` in ")), "{broken}");
    }
    change("UPDATE events SET body = replace(body, '\"B\"', '\"b\"') WHERE run_key = 1 AND number = 2");
    change("DELETE FROM events WHERE run_key = 1 AND number = 3");
    assert_eq!(result_of(&*place.open(), &run("run-b")), Ok(3));
    change("DELETE FROM events WHERE run_key = 1 AND number = 2");
    let gap = error_text(place.open().events(&run("run-b")));
    assert!(gap.starts_with("event 2 of run `run-b` is missing in "), "{gap}");
    change("PRAGMA foreign_keys = OFF");
    change("DELETE FROM runs WHERE run_key = 1");
    let gap = error_text(place.open().events(&run("run-b")));
    assert!(gap.starts_with("event 1 of run `run-b` is missing in "), "{gap}");
    let faults = ["events names a run that is not there", "runs names a run that is not there"];
    assert_eq!(place.open().check(), Ok(faults.map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn cyclic_fork_lines_terminate() {
    let place = folder();
    {
        let (journal, of, id) = (place.open(), run("run-a"), run("run-b"));
        let owner = journal.acquire(&of).await.unwrap();
        append(&*journal, &owner, &of, 1, vec![note("a"), note("b")]).await.unwrap();
        let owner = journal.acquire(&id).await.unwrap();
        journal
            .fork(Fork {
                run: id.clone(),
                fence: owner.fence(),
                origin: of.clone(),
                shared: 1,
                at_ms: 0,
                events: vec![note("x")],
                blobs: Vec::new(),
            })
            .await
            .unwrap();
    }
    place.raw().execute("UPDATE runs SET parent_key = 2, shared = 1 WHERE run_key = 1", ()).unwrap();
    assert_eq!(result_of(&*place.open(), &run("run-b")), Ok(2));
    let refusal = error_text(place.open().events(&run("run-a")));
    assert!(refusal.ends_with(RESTORE), "{refusal}");
}

/// The folder while a process has it open: the log contains events that the database file does not.
async fn with_a_log(events: u64) -> (Folder, Vec<u8>) {
    let (place, left) = (folder(), folder());
    let journal = place.open();
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    for number in 1..=events {
        append(&*journal, &owner, &run("run-a"), number, vec![note(&format!("number {number}"))]).await.unwrap();
    }
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(place.0.path().join(name), left.0.path().join(name)).unwrap();
    }
    let log = fs::read(place.0.path().join("journal.db-wal")).unwrap();
    (left, log)
}

/// A truncated log cannot be result_of from one that a power cut left: its complete part counts, the rest is ignored.
#[tokio::test]
async fn damaged_log_keeps_a_whole_prefix() {
    let (_kept, log) = with_a_log(10).await;
    let mut most = 0;
    for part in 0..=20 {
        for damage in ["cut", "flip"] {
            let (place, _) = with_a_log(10).await;
            let at = (log.len() - 1) * part / 20;
            let mut bytes = log.clone();
            match damage {
                "cut" => bytes.truncate(at),
                _ => bytes[at] ^= 0x55,
            }
            fs::write(place.0.path().join("journal.db-wal"), bytes).unwrap();
            let found = match SqliteJournal::open_to_read(place.0.path()) {
                Ok(journal) => journal.events(&run("run-a")).unwrap(),
                Err(error) => {
                    assert!(error.to_string().starts_with("there is no journal "), "{error}");
                    Vec::new()
                }
            };
            assert_eq!(numbers(&found), (1..=found.len() as u64).collect::<Vec<_>>());
            for event in &found {
                assert_eq!(event.event, note(&format!("number {}", event.number)));
            }
            most = most.max(found.len());
            assert_eq!(place.open().events(&run("run-a")), Ok(found), "{damage} at {at}");
        }
    }
    assert!(most >= 9, "{most}");
}

#[tokio::test]
async fn reading_rejects_foreign_and_newer_files() {
    let place = large().await;
    place.raw().pragma_update(None, "user_version", 7).unwrap();
    let before = bytes_in(place.0.path());
    let refusal = rendered(&SqliteJournal::open_to_read(place.0.path()).err().unwrap());
    assert!(refusal.contains(" has version 7, this phasegate reads versions up to 5\n"), "{refusal}");
    assert_eq!(refusal, place.refusal());
    assert!(bytes_in(place.0.path()) == before);
    fs::write(place.file(), "no database at all\n".repeat(500)).unwrap();
    let refusal = rendered(&SqliteJournal::open_to_read(place.0.path()).err().unwrap());
    assert!(refusal.contains("is not a journal of phasegate and was not changed"), "{refusal}");
}
