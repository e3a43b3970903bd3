//! What only the inside can bring about: a full disk, and a file that cannot be written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::future::join_all;
use phasegate_process::{Event, RunId};
use rusqlite::Connection;

use super::SqliteJournal;
use crate::{Blob, Journal, JournalError};

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn said() -> Vec<Event> {
    vec![Event::RunStopped { reason: "enough".to_owned() }]
}

/// A journal on a disk with room for about a megabyte.
fn narrow(folder: &tempfile::TempDir) -> SqliteJournal {
    SqliteJournal::open_with(folder.path(), |connection: &Connection| {
        connection.pragma_update_and_check(None, "max_page_count", 256, |_| Ok(()))
    })
    .unwrap()
}

#[tokio::test]
async fn a_full_disk_is_said_in_words_and_what_was_written_before_stays() {
    let folder = tempfile::tempdir().unwrap();
    let journal = narrow(&folder);
    let owner = journal.own(&run("run-a")).await.unwrap();
    journal.append(&run("run-a"), owner.fence(), 1, 0, said(), Vec::new()).await.unwrap();
    let large = vec![Blob::new(vec![7; 4 << 20])];
    let refused = journal.append(&run("run-a"), owner.fence(), 2, 0, said(), large).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the disk is full, {} cannot grow\nhint: free some space, then `phasegate resume` the run",
            journal.path().display()
        )
    );
    assert_eq!(journal.events(&run("run-a")).unwrap().len(), 1);
    journal.append(&run("run-a"), owner.fence(), 2, 0, said(), Vec::new()).await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_the_runs_that_need_little_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = narrow(&folder);
    let ids: Vec<_> = (0..16).map(|n| run(&format!("run-{n}"))).collect();
    let owners = join_all(ids.iter().map(|id| journal.own(id))).await;
    let owners: Vec<_> = owners.into_iter().map(Result::unwrap).collect();
    let appends = ids.iter().zip(&owners).enumerate().map(|(n, (id, owner))| {
        let blobs = if n == 5 { vec![Blob::new(vec![7; 4 << 20])] } else { Vec::new() };
        journal.append(id, owner.fence(), 1, 0, said(), blobs)
    });
    for (n, result) in join_all(appends).await.into_iter().enumerate() {
        assert_eq!(matches!(result, Err(JournalError::Full { .. })), n == 5, "run {n}: {result:?}");
        assert_eq!(journal.events(&ids[n]).unwrap().len(), usize::from(n != 5));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named_and_can_still_be_read() {
    let folder = tempfile::tempdir().unwrap();
    {
        let journal = SqliteJournal::open(folder.path()).unwrap();
        let owner = journal.own(&run("run-a")).await.unwrap();
        journal.append(&run("run-a"), owner.fence(), 1, 0, said(), Vec::new()).await.unwrap();
    }
    let journal = SqliteJournal::open_with(folder.path(), |c| c.pragma_update(None, "query_only", true)).unwrap();
    assert_eq!(
        journal.own(&run("run-a")).await.unwrap_err().to_string(),
        format!(
            "{} cannot be written: attempt to write a readonly database\n\
             hint: make it writable, or use another folder with `--state DIR`",
            journal.path().display()
        )
    );
    assert_eq!(journal.events(&run("run-a")).unwrap().len(), 1);
    assert_eq!(journal.owner(&run("run-a")), Ok(None), "the lock is given free when taking the run fails");
}
