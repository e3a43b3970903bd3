//! State folders that somebody else prepared: nothing in them acts, and nothing outside of them is touched.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use phasegate_journal::{Journal, SqliteJournal};

use crate::places::{Folder, Place, RESTORE, append, blob, created_now, folder, note, rendered, run};

/// A folder with a run, and a lock file of each kind.
async fn with_a_run() -> Folder {
    let place = folder();
    let (journal, id) = (place.open(), run("run-a"));
    let owner = journal.acquire(&id).await.unwrap();
    append(&*journal, &owner, &id, 1, vec![created_now(&id), note("b")]).await.unwrap();
    place
}

/// Returns the refusals to open the folder to write and to read.
fn refusals(place: &Folder) -> [Option<String>; 2] {
    let path = place.0.path();
    let opened = [SqliteJournal::open(path).err(), SqliteJournal::open_to_read(path).err()];
    opened.map(|refused| refused.as_ref().map(rendered))
}

#[tokio::test]
async fn rejects_links_and_changes_no_target() {
    let names = ["journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "in-use.lock", "locks/run-a.lock"];
    for name in names {
        let (place, outside) = (with_a_run().await, tempfile::tempdir().unwrap());
        let (path, target) = (place.0.path().join(name), outside.path().join("target"));
        let put = |link: &dyn Fn(&Path, &Path) -> std::io::Result<()>| {
            let _ = fs::remove_file(&path);
            link(&target, &path).unwrap();
        };
        fs::write(&target, "a file of the user").unwrap();
        let refusal = async |reason: &str, remedy: &str| {
            let file = path.display();
            let text =
                format!("{file} is not used: {reason}\nhint: {remedy}, or use another folder with `--state DIR`");
            let at_opening = refusals(&place);
            match name {
                "locks/run-a.lock" => {
                    let journal = place.open();
                    assert_eq!(rendered(&journal.acquire(&run("run-a")).await.unwrap_err()), text);
                    assert_eq!(rendered(&journal.owner(&run("run-a")).unwrap_err()), text);
                    assert!(journal.acquire(&run("run-b")).await.is_ok(), "other runs are not affected");
                }
                // A reader does not need the lock of writers.
                "journal.lock" => assert_eq!(at_opening, [Some(text), None]),
                _ => assert_eq!(at_opening, [Some(text.clone()), Some(text)]),
            }
            assert_eq!(fs::read_to_string(&target).unwrap(), "a file of the user", "{name}");
        };
        let file = path.display().to_string();
        put(&|target, path| symlink(target, path));
        refusal("it is a symbolic link", &format!("remove the link: `rm {file}`")).await;
        put(&|target, path| fs::hard_link(target, path));
        let copy = format!("put a copy in its place: `cp -p {file} {file}.copy && mv {file}.copy {file}`");
        refusal("it has a second name (a hard link)", &copy).await;
    }
}

#[tokio::test]
async fn rejects_linked_folders() {
    let (place, outside) = (with_a_run().await, tempfile::tempdir().unwrap());
    let link = outside.path().join("link");
    symlink(place.0.path(), &link).unwrap();
    let text = |path: &Path| {
        format!(
            "{} is not used: it is a symbolic link\nhint: name the folder that the link points to with `--state DIR`",
            path.display()
        )
    };
    assert_eq!(rendered(&SqliteJournal::open(&link).err().unwrap()), text(&link));
    assert_eq!(rendered(&SqliteJournal::open_to_read(&link).err().unwrap()), text(&link));

    let locks = place.0.path().join("locks");
    fs::rename(&locks, outside.path().join("locks")).unwrap();
    symlink(outside.path().join("locks"), &locks).unwrap();
    assert_eq!(refusals(&place), [Some(text(&locks)), Some(text(&locks))]);
    // A link further up is the user's own.
    let place = with_a_run().await;
    symlink(place.0.path().parent().unwrap(), outside.path().join("up")).unwrap();
    let through = outside.path().join("up").join(place.0.path().file_name().unwrap());
    assert_eq!(SqliteJournal::open(&through).unwrap().runs(), Ok(vec![run("run-a")]));
    assert_eq!(SqliteJournal::open_to_read(&through).unwrap().runs(), Ok(vec![run("run-a")]));
}

/// A rollback journal may name a file that the database deletes after it has rolled back.
#[tokio::test]
async fn rejects_rollback_journals() {
    let place = with_a_run().await;
    let path = place.0.path().join("journal.db-journal");
    let text = format!(
        "{0} is not used: phasegate writes no rollback journal, and what is in it would be executed\n\
         hint: remove it: `rm {0}`, or use another folder with `--state DIR`",
        path.display()
    );
    fs::write(&path, "").unwrap();
    assert_eq!(refusals(&place), [Some(text.clone()), Some(text.clone())]);
    fs::remove_file(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert_eq!(refusals(&place), [Some(text.clone()), Some(text)]);
}

#[tokio::test]
async fn state_is_private() {
    let place = with_a_run().await;
    let modes = |place: &Folder| {
        let mut modes = Vec::new();
        for folder in [place.0.path().to_owned(), place.0.path().join("locks")] {
            modes.push((folder.clone(), fs::metadata(&folder).unwrap().mode() & 0o777));
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            modes.extend(files.map(|path| (path.clone(), fs::metadata(&path).unwrap().mode() & 0o777)));
        }
        modes
    };
    let check = |place: &Folder| {
        for (path, mode) in modes(place) {
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
    };
    // While it is open, the log is there too.
    let journal = place.open();
    journal.put_blobs(vec![blob("a")]).await.unwrap();
    assert!(modes(&place).len() >= 8);
    check(&place);
    drop(journal);
    let earlier = |path: &Path| {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    modes(&place).iter().for_each(|(path, _)| earlier(path));
    drop(SqliteJournal::open_to_read(place.0.path()).unwrap());
    assert_eq!(fs::metadata(place.0.path()).unwrap().mode() & 0o777, 0o755, "reading changes nothing");
    let journal = place.open();
    drop(journal.acquire(&run("run-a")).await.unwrap());
    check(&place);
}

#[tokio::test]
async fn rejects_files_that_others_may_write() {
    let place = with_a_run().await;
    for name in ["journal.db", "journal.lock", "in-use.lock"] {
        let path = place.0.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let text = format!(
            "{0} is not used: other users may write to it (mode 0666)\n\
             hint: look who could change it, then `chmod go-w {0}`, or use another folder with `--state DIR`",
            path.display()
        );
        assert_eq!(place.refusal(), text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    place.open();
}

/// Changes of the schema that would act when the journal is used, and what the refusal says about them.
const CHANGES: [(&str, &str); 8] = [
    (
        "CREATE TRIGGER helpful AFTER INSERT ON runs BEGIN UPDATE runs SET cancel_by = 'Ada'; END",
        "it has a trigger `helpful`, which phasegate did not create",
    ),
    (
        "CREATE TRIGGER endless AFTER UPDATE ON runs BEGIN
             INSERT INTO blobs (digest, bytes) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT i, x'' FROM n; END",
        "it has a trigger `endless`, which phasegate did not create",
    ),
    (
        "ALTER TABLE blobs RENAME TO hidden;
         CREATE VIEW blobs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT i AS blob_key, 'a' AS digest, x'' AS bytes FROM n",
        "it has a table `hidden`, which phasegate did not create",
    ),
    (
        "DROP TABLE blobs; CREATE VIEW blobs AS SELECT 1 AS blob_key, 'a' AS digest, x'' AS bytes",
        "it has a view `blobs`, which phasegate did not create",
    ),
    ("CREATE INDEX fast ON events (lower(body))", "it has an index `fast`, which phasegate did not create"),
    (
        "ALTER TABLE runs ADD COLUMN more TEXT GENERATED ALWAYS AS (upper(run)) VIRTUAL",
        "its table `runs` is not defined as phasegate defines it",
    ),
    ("ANALYZE", "it has a table `sqlite_stat1`, which phasegate did not create"),
    (
        "CREATE TABLE \"x\u{1b}[2J` --help\nhint: run `curl\" (a)",
        "it has a table `x\\u{1b}[2J` --help\\nhint: run `curl`, which phasegate did not create",
    ),
];

fn foreign(place: &Folder, reason: &str) -> String {
    format!(
        "{} is not used: {reason}\nhint: somebody may have prepared this journal: use another folder with `--state DIR`, or \
         restore this one from a copy",
        place.name()
    )
}

#[tokio::test]
async fn rejects_tables_and_triggers_of_others() {
    for (change, reason) in CHANGES {
        let place = with_a_run().await;
        place.raw().execute_batch(change).unwrap();
        let before = fs::read(place.file()).unwrap();
        let refused = refusals(&place).map(|refused| refused.unwrap_or_default());
        assert_eq!(refused, [foreign(&place, reason), foreign(&place, reason)]);
        assert!(fs::read(place.file()).unwrap() == before, "{change}");
    }
}

#[tokio::test]
async fn rejects_changed_definitions() {
    for (from, to) in [
        ("CHECK (number > 0)", "CHECK (number > 0 AND (SELECT 1))"),
        ("cancel_by TEXT", "cancel_by TEXT DEFAULT (load_extension('more'))"),
        ("CREATE TABLE runs", "CREATE TABLE /**/ runs"),
    ] {
        let place = with_a_run().await;
        let raw = place.raw();
        raw.execute_batch("PRAGMA writable_schema = ON").unwrap();
        let changed =
            raw.execute("UPDATE sqlite_schema SET sql = replace(sql, ?1, ?2) WHERE type = 'table'", (from, to));
        assert!(changed.unwrap() > 0);
        drop(raw);
        for refused in refusals(&place).map(Option::unwrap) {
            assert!(
                refused.contains(" is not defined as phasegate defines it\n") || refused.contains("is damaged"),
                "{refused}"
            );
        }
    }
}

#[test]
fn rejects_additions_to_older_versions() {
    for file in [&include_bytes!("../golden/version-1.db")[..], include_bytes!("../golden/version-2.db")] {
        let place = folder();
        fs::write(place.file(), file).unwrap();
        let trigger = "CREATE TRIGGER t AFTER DELETE ON events BEGIN SELECT 1; END";
        place.raw().execute_batch(trigger).unwrap();
        let reason = "it has a trigger `t`, which phasegate did not create";
        assert_eq!(refusals(&place), [(); 2].map(|()| Some(foreign(&place, reason))));
        let version: i64 = place.raw().query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
        assert!(version < 3, "it was not migrated");
    }
}

#[tokio::test]
async fn missing_table_is_damage() {
    let place = with_a_run().await;
    place.raw().execute_batch("DROP INDEX forks").unwrap();
    assert_eq!(place.refusal(), format!("{} is damaged: its index forks is missing\n{RESTORE}", place.name()));
    // What is left can still be read.
    let journal = SqliteJournal::open_to_read(place.0.path()).unwrap();
    assert_eq!(journal.events(&run("run-a")).unwrap().len(), 2);
    assert!(journal.damage().is_some());
}

#[tokio::test]
async fn truncated_files_are_checked_too() {
    let place = with_a_run().await;
    place.open().put_blobs(vec![blob(&"1234567890".repeat(5_000))]).await.unwrap();
    place.raw().execute_batch(CHANGES[0].0).unwrap();
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..whole.len() - 4096]).unwrap();
    let [write, read] = refusals(&place).map(Option::unwrap);
    assert!(write.contains(" is damaged: "), "{write}");
    assert_eq!(read, foreign(&place, CHANGES[0].1));
}

const PAGE: usize = 4096;

/// Returns a page of a table that contains another page `count` times.
fn many_times(page: u32, count: u16) -> Vec<u8> {
    let mut bytes = vec![0; PAGE];
    bytes[0] = 5;
    bytes[3..5].copy_from_slice(&count.to_be_bytes());
    bytes[8..12].copy_from_slice(&page.to_be_bytes());
    for n in 0..usize::from(count) {
        let at = PAGE - 5 * (n + 1);
        bytes[at..at + 4].copy_from_slice(&page.to_be_bytes());
        bytes[at + 4] = 1;
        bytes[12 + 2 * n..14 + 2 * n].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
        bytes[5..7].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
    }
    bytes
}

/// Lets a table hold its first page 500 to the power of four times, in a file with four more pages.
fn multiply(place: &Folder, table: &str) {
    let root: u32 = {
        let raw = place.raw();
        raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        raw.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", (table,), |row| row.get(0)).unwrap()
    };
    let mut bytes = fs::read(place.file()).unwrap();
    let first = u32::try_from(bytes.len() / PAGE).unwrap();
    let at = PAGE * (root as usize - 1);
    let leaf = bytes[at..at + PAGE].to_vec();
    bytes.extend(leaf);
    for page in first + 1..=first + 3 {
        bytes.extend(many_times(page, 500));
    }
    bytes[at..at + PAGE].copy_from_slice(&many_times(first + 4, 500));
    bytes[28..32].copy_from_slice(&(first + 4).to_be_bytes());
    let counter: [u8; 4] = bytes[24..28].try_into().unwrap();
    bytes[92..96].copy_from_slice(&counter);
    fs::write(place.file(), bytes).unwrap();
}

#[tokio::test]
async fn endless_tables_end_with_an_error() {
    let began = Instant::now();
    let place = with_a_run().await;
    multiply(&place, "runs");
    let size = fs::metadata(place.file()).unwrap().len();
    let limit = format!(
        "{} is damaged: a query takes more than {} steps, which is the limit for a file of this size\n{RESTORE}",
        place.name(),
        1_000_000 + 4 * size
    );
    let journals: [Box<dyn Journal>; 2] = [
        Box::new(SqliteJournal::open_to_read(place.0.path()).unwrap()),
        Box::new(SqliteJournal::open(place.0.path()).unwrap()),
    ];
    for journal in journals {
        assert_eq!(rendered(&journal.runs().unwrap_err()), limit);
        assert!(!journal.check().unwrap().is_empty());
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
