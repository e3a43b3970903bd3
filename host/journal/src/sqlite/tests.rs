//! What only the inside can bring about: a full disk, and a file that cannot be written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::future::join_all;
use phasegate_process::{Event, RunId};
use rusqlite::Connection;

use super::SqliteJournal;
use crate::{Append, Blob, Import, Journal, JournalError};

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn rendered(error: &JournalError) -> String {
    format!("{error}\nhint: {}", error.hint())
}

fn stop_event() -> Vec<Event> {
    vec![Event::RunStopped { reason: "enough".to_owned() }]
}

/// A blob of 4 MiB that stays as large in the file.
fn incompressible() -> Blob {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    Blob::new((0..1 << 19).flat_map(|_| next()).collect::<Vec<_>>())
}

/// A journal on a disk that holds about a megabyte.
fn narrow(folder: &tempfile::TempDir) -> SqliteJournal {
    SqliteJournal::open_with(folder.path(), |connection: &Connection, _| {
        connection.pragma_update_and_check(None, "max_page_count", 256, |_| Ok(()))
    })
    .unwrap()
}

#[tokio::test]
async fn full_disk_keeps_earlier_events() {
    let folder = tempfile::tempdir().unwrap();
    let journal = narrow(&folder);
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    journal
        .append(Append {
            run: run("run-a"),
            fence: owner.fence(),
            next: 1,
            at_ms: 0,
            events: stop_event(),
            blobs: Vec::new(),
        })
        .await
        .unwrap();
    let large = vec![incompressible()];
    let refused = journal
        .append(Append {
            run: run("run-a"),
            fence: owner.fence(),
            next: 2,
            at_ms: 0,
            events: stop_event(),
            blobs: large,
        })
        .await
        .unwrap_err();
    assert_eq!(
        rendered(&refused),
        format!(
            "the disk is full, {} cannot grow\nhint: free some space, then `phasegate resume` the run",
            journal.path().display()
        )
    );
    assert_eq!(journal.events(&run("run-a")).unwrap().len(), 1);
    journal
        .append(Append {
            run: run("run-a"),
            fence: owner.fence(),
            next: 2,
            at_ms: 0,
            events: stop_event(),
            blobs: Vec::new(),
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn full_disk_fails_only_large_writes() {
    let folder = tempfile::tempdir().unwrap();
    let journal = narrow(&folder);
    let ids: Vec<_> = (0..16).map(|n| run(&format!("run-{n}"))).collect();
    let owners = join_all(ids.iter().map(|id| journal.acquire(id))).await;
    let owners: Vec<_> = owners.into_iter().map(Result::unwrap).collect();
    let appends = ids.iter().zip(&owners).enumerate().map(|(n, (id, owner))| {
        let blobs = if n == 5 { vec![incompressible()] } else { Vec::new() };
        journal.append(Append { run: id.clone(), fence: owner.fence(), next: 1, at_ms: 0, events: stop_event(), blobs })
    });
    for (n, result) in join_all(appends).await.into_iter().enumerate() {
        assert_eq!(matches!(result, Err(JournalError::Full { .. })), n == 5, "run {n}: {result:?}");
        assert_eq!(journal.events(&ids[n]).unwrap().len(), usize::from(n != 5));
    }
}

#[tokio::test]
async fn full_disk_rejects_the_whole_import() {
    let folder = tempfile::tempdir().unwrap();
    let journal = narrow(&folder);
    let events = include_bytes!("../../tests/golden/version-1.db");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("journal.db"), events).unwrap();
    let stored = SqliteJournal::open_to_read(home.path()).unwrap().stored_after(&run("golden-run"), 0).unwrap();
    let large = vec![incompressible()];
    let refused =
        journal.import(Import { run: run("golden-run"), events: stored.clone(), blobs: large }).await.unwrap_err();
    assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
    assert_eq!(journal.runs(), Ok(Vec::new()));
    assert_eq!(
        journal.import(Import { run: run("golden-run"), events: stored, blobs: Vec::new() }).await,
        Ok(crate::Imported::New)
    );
}

#[tokio::test]
async fn failed_migration_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, include_bytes!("../../tests/golden/version-1.db")).unwrap();
    let raw = Connection::open(&path).unwrap();
    // A run_created again and again would not fold, but the journal takes any event.
    let twice =
        "INSERT INTO events SELECT run_key, number + ?1, at_ms, format, name, body FROM events WHERE run_key = 1";
    for known in [10, 20, 40, 80, 160, 320] {
        raw.execute(twice, (known,)).unwrap();
    }
    drop(raw);
    let before = std::fs::read(&path).unwrap();

    let file = super::file::DatabaseFile::new(path.clone());
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", before.len() / 4096 + 2, |_| Ok(())).unwrap();
    let refused = file.migrate(&mut connection).map_err(|error| file.error(&error));
    assert!(matches!(refused, Err(JournalError::Full { .. })), "{refused:?}");
    drop(connection);
    assert!(std::fs::read(&path).unwrap() == before);
    assert_eq!(SqliteJournal::open(folder.path()).unwrap().events(&run("golden-run")).unwrap().len(), 640);
}

#[tokio::test]
async fn read_only_file_is_named_and_readable() {
    let folder = tempfile::tempdir().unwrap();
    {
        let journal = SqliteJournal::open(folder.path()).unwrap();
        let owner = journal.acquire(&run("run-a")).await.unwrap();
        journal
            .append(Append {
                run: run("run-a"),
                fence: owner.fence(),
                next: 1,
                at_ms: 0,
                events: stop_event(),
                blobs: Vec::new(),
            })
            .await
            .unwrap();
    }
    let journal = SqliteJournal::open_with(folder.path(), |c, _| c.pragma_update(None, "query_only", true)).unwrap();
    assert_eq!(
        rendered(&journal.acquire(&run("run-a")).await.unwrap_err()),
        format!(
            "{} cannot be written: attempt to write a readonly database\n\
             hint: make it writable, or use another folder with `--state DIR`",
            journal.path().display()
        )
    );
    assert_eq!(journal.events(&run("run-a")).unwrap().len(), 1);
    assert_eq!(journal.owner(&run("run-a")), Ok(None), "the lock is given free when taking the run fails");
}

#[tokio::test]
async fn failed_sync_fails_all_later_writes() {
    let (folder, broken) = (tempfile::tempdir().unwrap(), Arc::new(AtomicBool::new(false)));
    let is_broken = broken.clone();
    let journal = SqliteJournal::open_with(folder.path(), |_, log| {
        log.sync = Box::new(move || match is_broken.load(Ordering::SeqCst) {
            true => Err(std::io::Error::from_raw_os_error(5)),
            false => Ok(()),
        });
        Ok(())
    })
    .unwrap();
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    let append = |next| Append {
        run: run("run-a"),
        fence: owner.fence(),
        next,
        at_ms: 0,
        events: stop_event(),
        blobs: Vec::new(),
    };
    journal.append(append(1)).await.unwrap();
    broken.store(true, Ordering::SeqCst);
    let text = format!(
        "{}-wal could not be synced to the disk: Input/output error (os error 5); nothing more is written\n\
         hint: check the disk, then `phasegate resume` the run",
        journal.path().display()
    );
    assert_eq!(rendered(&journal.append(append(2)).await.unwrap_err()), text);
    // A later sync would succeed, but what the first one covered may be gone.
    broken.store(false, Ordering::SeqCst);
    assert_eq!(rendered(&journal.append(append(3)).await.unwrap_err()), text);
    assert_eq!(rendered(&journal.put_blobs(vec![Blob::new(vec![1])]).await.unwrap_err()), text);
    assert_eq!(rendered(&journal.acquire(&run("run-b")).await.unwrap_err()), text);
    assert!(journal.events(&run("run-a")).unwrap().len() <= 2);
}

/// Counts the syncs of the log.
fn counted(folder: &tempfile::TempDir) -> (SqliteJournal, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let journal = SqliteJournal::open_with(folder.path(), |_, log| {
        let mut sync = std::mem::replace(&mut log.sync, Box::new(|| Ok(())));
        log.sync = Box::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            sync()
        });
        Ok(())
    });
    (journal.unwrap(), count)
}

#[tokio::test]
async fn one_sync_serves_all_earlier_appends() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, syncs) = counted(&folder);
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    assert_eq!(syncs.load(Ordering::SeqCst), 0, "an ownership needs none");
    let answered = Arc::new(AtomicUsize::new(0));
    for next in 1..=20 {
        let append =
            Append { run: run("run-a"), fence: owner.fence(), next, at_ms: 0, events: stop_event(), blobs: Vec::new() };
        match next {
            20 => drop(journal.append(append).await.unwrap()),
            _ => {
                let (answered, syncs) = (answered.clone(), syncs.clone());
                journal.submit(
                    append,
                    Box::new(move |written| {
                        assert!(written.is_ok() && syncs.load(Ordering::SeqCst) > 0, "answered before a sync");
                        answered.fetch_add(1, Ordering::SeqCst);
                    }),
                );
            }
        }
    }
    assert_eq!(answered.load(Ordering::SeqCst), 19);
    // One, unless this thread was stopped for longer than an append waits for company.
    assert!(syncs.load(Ordering::SeqCst) < 20);
}

#[tokio::test]
async fn callback_may_drop_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(SqliteJournal::open(folder.path()).unwrap());
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    let (sender, done) = tokio::sync::oneshot::channel();
    let (held, (let_go, gone)) = (journal.clone(), std::sync::mpsc::channel::<()>());
    let append =
        Append { run: run("run-a"), fence: owner.fence(), next: 1, at_ms: 0, events: stop_event(), blobs: Vec::new() };
    journal.submit(
        append,
        Box::new(move |written| {
            let _ = gone.recv();
            drop(held);
            sender.send(written.is_ok()).unwrap();
        }),
    );
    drop(journal);
    drop(let_go);
    assert_eq!(done.await, Ok(true));
}

/// A panic of one callback ends the thread that syncs.
#[tokio::test]
async fn callers_do_not_wait_for_ended_threads() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(folder.path()).unwrap();
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    let append = |next| Append {
        run: run("run-a"),
        fence: owner.fence(),
        next,
        at_ms: 0,
        events: stop_event(),
        blobs: Vec::new(),
    };
    journal.submit(append(1), Box::new(|_| panic!("the panic of this test")));
    let closed = format!(
        "{} takes no more events, its writer has ended\nhint: start again; what was written is safe",
        journal.path().display()
    );
    for next in [2, 3] {
        assert_eq!(rendered(&journal.append(append(next)).await.unwrap_err()), closed);
    }
    drop((owner, journal));
    let events = SqliteJournal::open(folder.path()).unwrap().events(&run("run-a")).unwrap();
    assert!((1..=3).contains(&events.len()), "what was committed stays: {events:?}");
}
