//! Durability when a process dies: the test binary starts itself as a child, which is killed while it writes.
//!
//! A child prints on lines of its own, because the test harness leaves its first line unfinished.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use futures::future::join_all;
use phasegate_journal::{Append, Journal, SqliteJournal};

use crate::places::{Folder, Place, append, blob, error_text, folder, note, numbers, run};

const RUNS: usize = 6;

/// Starts one of the ignored tests below as a child process.
fn child(name: &str, place: &Folder) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("killed::{name}"), "--nocapture", "--test-threads", "1"])
        .env("PHASEGATE_TEST_STATE", place.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Returns the folder of a child; `None` where the ignored tests are run by hand.
fn told_place() -> Option<SqliteJournal> {
    let folder = std::env::var_os("PHASEGATE_TEST_STATE")?;
    Some(SqliteJournal::open(folder.as_ref()).unwrap())
}

fn run_id(n: usize) -> phasegate_process::RunId {
    run(&format!("run-{n}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child of the tests here, does nothing by itself"]
async fn child_writes_until_killed() {
    let Some(journal) = told_place() else { return };
    join_all((0..RUNS).map(async |n| {
        let owner = journal.acquire(&run_id(n)).await.unwrap();
        for next in 1.. {
            let blobs = vec![blob(&format!("{n} {next} {}", "x".repeat(20_000)))];
            journal
                .append(Append { run: run_id(n), fence: owner.fence(), next, at_ms: 0, events: vec![note("a")], blobs })
                .await
                .unwrap();
            println!("\nwritten {n} {next}");
        }
    }))
    .await;
}

#[tokio::test]
#[ignore = "a child of the tests here, does nothing by itself"]
async fn child_owns_a_run_until_killed() {
    let Some(journal) = told_place() else { return };
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    append(&journal, &owner, &run("run-a"), 1, vec![note("mine")]).await.unwrap();
    println!("\nowned");
    let _the_parent_is_gone = std::io::read_to_string(std::io::stdin());
}

#[tokio::test]
#[ignore = "a child of the tests here, does nothing by itself"]
async fn child_aborts_after_three_appends() {
    let Some(journal) = told_place() else { return };
    let owner = journal.acquire(&run("run-a")).await.unwrap();
    for next in 1..=3 {
        append(&journal, &owner, &run("run-a"), next, vec![note("a")]).await.unwrap();
    }
    std::process::abort();
}

#[test]
fn acknowledged_writes_survive_kill() {
    for enough in [3, 40, 90] {
        let place = folder();
        let mut writer = child("child_writes_until_killed", &place);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut acknowledged = [0_u64; RUNS];
        for line in lines.by_ref().filter(|line| line.starts_with("written")).take(enough) {
            acknowledge(&mut acknowledged, &line);
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        lines.filter(|line| line.starts_with("written")).for_each(|line| acknowledge(&mut acknowledged, &line));

        let journal = place.open();
        for (n, last) in acknowledged.into_iter().enumerate() {
            let found = numbers(&journal.events(&run_id(n)).unwrap());
            assert!(found.len() as u64 >= last, "run {n}: {last} were acknowledged, {} are there", found.len());
            for number in found {
                let named = blob(&format!("{n} {number} {}", "x".repeat(20_000)));
                assert_eq!(journal.has_blob(&named.digest), Ok(true));
            }
        }
    }
}

fn acknowledge(acknowledged: &mut [u64; RUNS], line: &str) {
    let mut parts = line.split(' ').skip(1).map_while(|part| part.parse::<u64>().ok());
    if let (Some(n), Some(number)) = (parts.next(), parts.next()) {
        acknowledged[n as usize] = acknowledged[n as usize].max(number);
    }
}

/// Creates the golden file of version 1 with many more events, so that migration takes long enough.
fn large_and_old() -> Folder {
    let place = folder();
    std::fs::write(place.file(), include_bytes!("../golden/version-1.db")).unwrap();
    let twice =
        "INSERT INTO events SELECT run_key, number + ?1, at_ms, format, name, body FROM events WHERE run_key = 1";
    for doubling in 0..12 {
        place.raw().execute(twice, (10_u64 << doubling,)).unwrap();
    }
    place
}

#[tokio::test]
#[ignore = "a child of the tests here, does nothing by itself"]
async fn child_migrates_an_old_file() {
    let _ = told_place();
}

#[test]
fn killed_migration_leaves_the_old_file() {
    let place = large_and_old();
    let log = place.0.path().join("journal.db-wal");
    for enough in [1 << 12, 1 << 20, 1 << 23] {
        let mut opener = child("child_migrates_an_old_file", &place);
        let written = || std::fs::metadata(&log).map_or(0, |log| log.len());
        while written() < enough && opener.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        opener.kill().unwrap();
        opener.wait().unwrap();
        // Whether the migration finished depends on the machine; the file is intact in either case.
        let events = SqliteJournal::open_to_read(place.0.path()).unwrap().events(&run("golden-run")).unwrap();
        assert_eq!(events.len(), 10 << 12);
    }
    assert_eq!(place.open().events(&run("golden-run")).unwrap().len(), 10 << 12);
}

#[test]
fn writes_survive_an_abort() {
    let place = folder();
    let ended = child("child_aborts_after_three_appends", &place).wait().unwrap();
    assert!(!ended.success());
    assert_eq!(numbers(&place.open().events(&run("run-a")).unwrap()), [1, 2, 3]);
}

#[tokio::test]
async fn killed_owners_release_their_run() {
    let (place, id) = (folder(), run("run-a"));
    let mut owner = child("child_owns_a_run_until_killed", &place);
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "owned"));

    let journal = place.open();
    assert_eq!(journal.owner(&id), Ok(Some(owner.id())));
    assert_eq!(
        error_text(journal.acquire(&id).await),
        format!(
            "run `run-a` is in use by process {}\n\
             hint: wait until it finishes, or stop it with `phasegate cancel run-a`; if it hangs, end the process",
            owner.id()
        )
    );
    owner.kill().unwrap();
    owner.wait().unwrap();

    assert_eq!(journal.owner(&id), Ok(None));
    let mine = journal.acquire(&id).await.unwrap();
    append(&*journal, &mine, &id, 2, vec![note("and now mine")]).await.unwrap();
    assert_eq!(numbers(&journal.events(&id).unwrap()), [1, 2]);
}
