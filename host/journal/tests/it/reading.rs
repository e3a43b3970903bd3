//! Journals that are opened to read: no version and no folder is written to.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use phasegate_journal::{Append, Fork, Import, Imported, Journal, SqliteJournal};

use crate::places::{Folder, Place, append, blob, created_now, error_text, folder, note, numbers, rendered, run};

/// Returns the files of the folder except the small ones of the database, which only record its readers.
pub fn bytes_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let empty_log = name.ends_with("-wal") && entry.metadata().unwrap().len() == 0;
        if entry.file_type().unwrap().is_file() && !name.ends_with("-shm") && !empty_log {
            all.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    all
}

pub fn to_read(place: &Folder) -> SqliteJournal {
    SqliteJournal::open_to_read(place.0.path()).unwrap()
}

async fn with_a_run(place: &Folder) {
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    let events = vec![created_now(&id), note("b"), note("c")];
    journal
        .append(Append {
            run: id.clone(),
            fence: owner.fence(),
            next: 1,
            at_ms: 0,
            events,
            blobs: vec![blob("pinned")],
        })
        .await
        .unwrap();
    let fork = journal.acquire(&run("run-b")).await.unwrap();
    journal
        .fork(Fork {
            run: run("run-b"),
            fence: fork.fence(),
            origin: id.clone(),
            shared: 2,
            at_ms: 0,
            events: vec![note("x")],
            blobs: Vec::new(),
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn read_only_journal_reads_everything_and_rejects_writes() {
    let (place, id) = (folder(), run("run-a"));
    with_a_run(&place).await;
    let before = bytes_in(place.0.path());
    let journal = to_read(&place);
    assert_eq!(journal.runs(), Ok(vec![run("run-b"), id.clone()]));
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2, 3]);
    assert_eq!(numbers(&journal.events(&run("run-b")).unwrap()), [1, 2, 3]);
    assert_eq!(journal.origin(&run("run-b")), Ok(Some((id.clone(), 2))));
    assert_eq!(journal.blob(&blob("pinned").digest), Ok(Some(b"pinned".to_vec())));
    assert_eq!((journal.check(), journal.owner(&id)), (Ok(Vec::new()), Ok(None)));

    let refusal = format!(
        "{} cannot be written: it was opened to read only\n\
         hint: make it writable, or use another folder with `--state DIR`",
        place.name()
    );
    let stored = journal.stored_after(&id, 0).unwrap();
    assert_eq!(error_text(journal.acquire(&id).await), refusal);
    assert_eq!(error_text(journal.request_cancel(&id, "Ada").await), refusal);
    assert_eq!(error_text(journal.put_blobs(vec![blob("new")]).await), refusal);
    assert_eq!(error_text(journal.remove(vec![id.clone()], Vec::new()).await), refusal);
    assert_eq!(
        error_text(journal.import(Import { run: id.clone(), events: stored, blobs: Vec::new() }).await),
        refusal
    );
    drop(journal);
    assert!(bytes_in(place.0.path()) == before);
}

#[tokio::test]
async fn reads_while_another_handle_writes() {
    let (place, id) = (folder(), run("run-a"));
    let writer = place.open();
    let owner = writer.acquire(&id).await.unwrap();
    let reader = to_read(&place);
    for number in 1..=3 {
        append(&*writer, &owner, &id, number, vec![note("a")]).await.unwrap();
        assert_eq!(reader.events(&id).unwrap().len() as u64, number);
    }
    assert_eq!(reader.owner(&id), Ok(Some(std::process::id())));
}

#[test]
fn reading_creates_no_journal() {
    let place = folder();
    let none = format!(
        "there is no journal {}\nhint: run a task first, or name the state folder with `--state DIR`",
        place.name()
    );
    assert_eq!(rendered(&SqliteJournal::open_to_read(place.0.path()).err().unwrap()), none);
    assert!(bytes_in(place.0.path()).is_empty());
    fs::write(place.file(), "").unwrap();
    assert_eq!(rendered(&SqliteJournal::open_to_read(place.0.path()).err().unwrap()), none);
}

#[tokio::test]
async fn reads_version_1_as_after_migration() {
    let (place, id) = (folder(), run("golden-run"));
    fs::write(place.file(), include_bytes!("../golden/version-1.db")).unwrap();
    let before = bytes_in(place.0.path());
    let (runs, stored, events, later) = {
        let old = to_read(&place);
        assert_eq!((old.check(), old.origin(&id), old.forks(&id)), (Ok(Vec::new()), Ok(None), Ok(Vec::new())));
        assert_eq!(old.blob_sizes().unwrap().len(), 10);
        (old.runs(), old.stored_after(&id, 0), old.events(&id), old.events_after(&id, 7))
    };
    assert!(bytes_in(place.0.path()) == before);
    let new = place.open();
    assert_eq!((new.runs(), new.stored_after(&id, 0)), (runs, stored.clone()));
    assert_eq!((new.events(&id), new.events_after(&id, 7)), (events, later.clone()));
    assert_eq!(numbers(&later.unwrap()), [8, 9, 10]);

    let elsewhere = folder();
    assert_eq!(
        elsewhere.open().import(Import { run: id.clone(), events: stored.unwrap(), blobs: Vec::new() }).await,
        Ok(Imported::New)
    );
}

#[tokio::test]
#[ignore = "a child of the test here, does nothing by itself"]
async fn child_prints_what_it_can_read() {
    let Some(folder) = std::env::var_os("PHASEGATE_TEST_STATE") else { return };
    let folder = Path::new(&folder);
    let report = |text: String| println!("\nreport {}", text.replace('\n', " | "));
    report(rendered(&SqliteJournal::open(folder).err().unwrap()));
    match SqliteJournal::open_to_read(folder) {
        Ok(journal) => {
            let events = journal.events(&run("run-a")).unwrap();
            report(format!("{:?} {:?} {:?}", journal.runs().unwrap(), numbers(&events), journal.check().unwrap()));
            report(rendered(&journal.acquire(&run("run-a")).await.unwrap_err()));
        }
        Err(error) => report(rendered(&error)),
    }
}

/// Returns what a process prints that may not write to the folder. Root may write everywhere, so root starts the process as
/// `nobody`; where `nobody` may not execute this program, the result is empty.
fn output_without_write_permission(place: &Folder) -> Option<Vec<String>> {
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for entry in fs::read_dir(place.0.path()).unwrap().map(Result::unwrap) {
        mode(&entry.path(), if entry.path().is_dir() { 0o555 } else { 0o444 });
    }
    mode(place.0.path(), 0o555);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "reading::child_prints_what_it_can_read", "--nocapture"]);
    child.env("PHASEGATE_TEST_STATE", place.0.path());
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        child.uid(65_534).gid(65_534);
    }
    let output = child.output();
    mode(place.0.path(), 0o755);
    let text = String::from_utf8(output.ok()?.stdout).unwrap();
    Some(text.lines().filter_map(|line| line.strip_prefix("report ")).map(|line| line.replace(" | ", "\n")).collect())
}

fn unwritable(path: &Path, reason: &str) -> String {
    format!(
        "{} cannot be written: {reason}\nhint: make it writable, or use another folder with `--state DIR`",
        path.display()
    )
}

/// Returns why the folder is not opened to write: for `nobody` it belongs to another user, for its owner it is read-only.
fn first_refusal(place: &Folder) -> String {
    match fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        true => format!(
            "{} is not used: it belongs to another user (uid 0)\nhint: use another folder with `--state DIR`",
            place.0.path().display()
        ),
        false => unwritable(&place.0.path().join("journal.lock"), "Permission denied (os error 13)"),
    }
}

#[tokio::test]
async fn reads_from_a_read_only_folder() {
    let place = folder();
    with_a_run(&place).await;
    let before = bytes_in(place.0.path());
    let Some(report) = output_without_write_permission(&place) else { return };
    assert_eq!(
        report,
        [
            first_refusal(&place),
            "[\"run-b\", \"run-a\"] [1, 2, 3] []".to_owned(),
            unwritable(&place.file(), "it was opened to read only"),
        ]
    );
    assert!(bytes_in(place.0.path()) == before);
}

/// Returns a copy of the journal as a killed process leaves it, with a log that was not written back.
async fn as_after_a_kill(with_index: bool) -> Folder {
    let (place, left) = (folder(), folder());
    with_a_run(&place).await;
    let journal = place.open();
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    append(&*journal, &owner, &run("run-a"), 4, vec![note("in the log")]).await.unwrap();
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        if with_index || name != "journal.db-shm" {
            fs::copy(place.0.path().join(name), left.0.path().join(name)).unwrap();
        }
    }
    left
}

#[tokio::test]
async fn reads_a_leftover_log_without_writing() {
    let place = as_after_a_kill(true).await;
    let before = bytes_in(place.0.path());
    let Some(report) = output_without_write_permission(&place) else { return };
    assert_eq!(report[1], "[\"run-b\", \"run-a\"] [1, 2, 3, 4] []");
    assert!(bytes_in(place.0.path()) == before);
}

#[tokio::test]
async fn never_ignores_an_unreadable_log() {
    let place = as_after_a_kill(false).await;
    let before = bytes_in(place.0.path());
    let Some(report) = output_without_write_permission(&place) else { return };
    let reason = format!("what is in {}-wal must be taken into it first", place.name());
    assert_eq!(report[1], unwritable(&place.file(), &reason));
    assert!(bytes_in(place.0.path()) == before);
    assert_eq!(to_read(&place).events(&run("run-a")).unwrap().len(), 4);
}
