//! State folders that a repository ships, or that another account can reach.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use phasegate_test::{OtherUser, Output, Scenario, copy_folder, give, set_mode};
use rusqlite::Connection;

use crate::{PATHS, recorded_run, scenario};

/// Exit code and error, with names for the run and the state folder.
fn refusal(scenario: &Scenario, run: &str, output: &Output) -> String {
    let names = [(&*scenario.path("state").display().to_string(), "STATE"), (run, "RUN")];
    let text = output.render_errors(&names);
    let (exit, rest) = text.split_once('\n').unwrap();
    // A new run begins with its task, pipeline and configuration.
    format!("{exit}\n{}", rest.find("error[").map_or(rest, |error| &rest[error..]))
}

#[test]
fn shipped_links_reach_no_file_of_the_user() {
    for name in ["journal.lock", "in-use.lock", "journal.db", "journal.db-wal", "journal.db-shm"] {
        let scenario = scenario("plain-pass");
        let target = scenario.path("bashrc");
        fs::write(&target, "alias ll='ls -l'\n").unwrap();
        fs::create_dir(scenario.path("state")).unwrap();
        let link = scenario.path("state").join(name);
        symlink("../bashrc", &link).unwrap();
        assert_eq!(
            refusal(&scenario, "no run", &scenario.run(&[])),
            format!(
                "exit 2\nerror[PG-0504]: STATE/{name} is not used: it is a symbolic link\n\
                 hint: remove the link: `rm STATE/{name}`, or use another folder with `--state DIR`\n"
            )
        );
        fs::remove_file(&link).unwrap();
        fs::hard_link(&target, &link).unwrap();
        let refused = refusal(&scenario, "no run", &scenario.run(&[]));
        assert!(
            refused.contains(" is not used: it has a second name (a hard link)\nhint: put a copy in "),
            "{refused}"
        );
        assert_eq!(fs::read_to_string(&target).unwrap(), "alias ll='ls -l'\n", "{name}");
        assert!(!scenario.path("out").exists());
    }
}

#[test]
fn shipped_lock_of_a_run_reaches_no_file() {
    let (scenario, run) = recorded_run("plain-pass");
    let (target, lock) = (scenario.path("bashrc"), scenario.path("state/locks").join(format!("{run}.lock")));
    fs::write(&target, "alias ll='ls -l'\n").unwrap();
    fs::remove_file(&lock).unwrap();
    symlink("../../bashrc", &lock).unwrap();
    insta::assert_snapshot!(refusal(&scenario, &run, &scenario.call(&["resume", &run])), @"
    exit 2
    error[PG-0504]: STATE/locks/RUN.lock is not used: it is a symbolic link
    hint: remove the link: `rm STATE/locks/RUN.lock`, or use another folder with `--state DIR`
    ");
    // The folder of the locks as a link.
    let outside = scenario.path("outside");
    fs::rename(scenario.path("state/locks"), &outside).unwrap();
    symlink("../outside", scenario.path("state/locks")).unwrap();
    let refused = refusal(&scenario, &run, &scenario.call(&["cancel", &run]));
    assert!(
        refused.starts_with("exit 2\nerror[PG-0504]: STATE/locks is not used: it is a symbolic link\n"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "alias ll='ls -l'\n");
}

#[test]
fn shipped_rollback_journal_deletes_nothing() {
    let (scenario, run) = recorded_run("plain-pass");
    fs::write(scenario.path("state/journal.db-journal"), "any content").unwrap();
    for command in ["show", "cancel"] {
        let refused = refusal(&scenario, &run, &scenario.call(&[command, &run]));
        assert!(refused.starts_with("exit 2\nerror[PG-0504]: STATE/journal.db-journal is not used: "), "{refused}");
    }
}

/// Additions to a journal that act when it is used, with the start of the refusal.
const ADDITIONS: [(&str, &str); 5] = [
    (
        "CREATE TRIGGER stop AFTER UPDATE OF last ON runs BEGIN UPDATE runs SET cancel_by = 'Ada'; END",
        "it has a trigger `stop`, which phasegate did not create",
    ),
    (
        "CREATE TRIGGER hold AFTER UPDATE ON runs BEGIN
             INSERT INTO blobs (digest, bytes) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT i, x'' FROM n; END",
        "it has a trigger `hold`, which phasegate did not create",
    ),
    (
        "ALTER TABLE blobs RENAME TO others; CREATE VIEW blobs AS SELECT * FROM others",
        "it has a table `others`, which phasegate did not create",
    ),
    ("CREATE INDEX fast ON events (hex(body))", "it has an index `fast`, which phasegate did not create"),
    (
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET
             sql = replace(sql, 'cancel_by TEXT', 'cancel_by TEXT DEFAULT (hex(randomblob(9)))') WHERE name = 'runs'",
        "its table `runs` is not defined as phasegate defines it",
    ),
];

#[test]
fn additions_to_a_shipped_journal_never_act() {
    let (scenario, run) = recorded_run("plain-pass");
    let file = scenario.path("state/journal.db");
    // A process that ends may leave its last writes in the log.
    Connection::open(&file).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let whole = fs::read(&file).unwrap();
    for (addition, reason) in ADDITIONS {
        Connection::open(&file).unwrap().execute_batch(addition).unwrap();
        let before = fs::read(&file).unwrap();
        for command in [&["runs"][..], &["show", &run], &["cancel", &run], &["resume", &run], &["doctor"]] {
            let began = Instant::now();
            assert_eq!(
                refusal(&scenario, &run, &scenario.call(command)),
                format!(
                    "exit 2\nerror[PG-0504]: STATE/journal.db is not used: {reason}\nhint: somebody may have prepared this \
                     journal: use another folder with `--state DIR`, or restore this one from a copy\n"
                )
            );
            assert!(began.elapsed() < Duration::from_secs(10), "{command:?}: {addition}");
        }
        assert!(fs::read(&file).unwrap() == before, "{addition}");
        fs::write(&file, &whole).unwrap();
    }
    scenario.check_replay(&run, &[]);
}

/// Returns the files and folders of the state with their permissions.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let mut all = vec![(folder.display().to_string(), fs::metadata(folder).unwrap().mode() & 0o777)];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => all.extend(modes(&entry.path())),
            false => all.push((entry.path().display().to_string(), entry.metadata().unwrap().mode() & 0o777)),
        }
    }
    all
}

#[test]
fn state_is_kept_from_other_accounts() {
    let (scenario, run) = recorded_run("plain-pass");
    let state = scenario.path("state");
    let is_private = |state: &Path| {
        let journal = ["locks", "journal.db", "journal.lock", "in-use.lock"].map(|name| state.join(name));
        assert_eq!(modes(state)[0].1, 0o700);
        for path in &journal {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o077, 0, "{}", path.display());
        }
    };
    is_private(&state);
    // As an earlier version left it.
    set_mode(&state, 0o755);
    set_mode(&state.join("locks"), 0o755);
    for name in ["journal.db", "journal.lock", "in-use.lock"] {
        set_mode(&state.join(name), 0o644);
    }
    scenario.check_replay(&run, &[]);
    assert_eq!(scenario.call(&["cancel", &run]).code, 2, "it has ended");
    is_private(&state);

    let Some(other) = OtherUser::new(PATHS) else { return };
    set_mode(&scenario.path(""), 0o755);
    for command in ["runs", "doctor"] {
        let refused = other.call(&["--state", &state.display().to_string(), command]);
        assert_ne!(refused.code, 0, "{}", refused.stdout);
        assert!(!refused.stdout.contains(&run) && !refused.stderr.contains(&run), "{}", refused.stdout);
    }
    let mut lock = Command::new("flock");
    lock.arg("-n").arg(state.join("journal.lock")).arg("true").uid(OtherUser::UID).gid(OtherUser::UID);
    assert!(!lock.stderr(Stdio::null()).status().unwrap().success());
}

#[test]
fn state_of_another_account_is_only_read() {
    let Some(other) = OtherUser::new(PATHS) else { return };
    let (scenario, run) = recorded_run("plain-pass");
    let folder = other.path("project/.phasegate");
    other.create_folder("project");
    copy_folder(&scenario.path("state"), &folder);
    give(&folder);
    // The database leaves small files of its own beside the one that it reads.
    let modes_of_files = || {
        let modes = modes(&folder).into_iter().filter(|(path, _)| !path.contains("journal.db-"));
        modes.collect::<Vec<_>>()
    };
    let before = modes_of_files();
    let call = |args: &[&str]| {
        let state = folder.display().to_string();
        let mut command = Command::new(PATHS.binary);
        command.args(args).args(["--state", &state]).env_clear().env("HOME", scenario.path("")).stdin(Stdio::null());
        Output::from_command(command).render(&[(&state, "STATE"), (&run, "RUN")])
    };
    let listed = call(&["runs"]);
    assert!(listed.starts_with("exit 0\n") && listed.contains("RUN"), "{listed}");
    insta::assert_snapshot!(call(&["resume", &run]), @"
    exit 2
    error[PG-0504]: STATE is not used: it belongs to another user (uid 65534)
    hint: use another folder with `--state DIR`
    ");
    assert_eq!(modes_of_files(), before);
    // A file of another account in a folder of one's own.
    give(&scenario.path("state/journal.db"));
    let refused = refusal(&scenario, &run, &scenario.call(&["cancel", &run]));
    let start = "exit 2\nerror[PG-0504]: STATE/journal.db is not used: it belongs to another user (uid 65534)\n";
    assert!(refused.starts_with(start), "{refused}");
}

/// Locks a file until its input ends.
fn hold(file: &Path) -> std::process::Child {
    let mut holder = Command::new("flock");
    holder.arg(file).args(["sh", "-c", "echo; cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    holder
}

#[test]
fn waiting_for_a_lock_is_shown_and_ends() {
    let (scenario, run) = recorded_run("plain-pass");
    std::thread::scope(|threads| {
        let mut waited = Vec::new();
        for (name, command) in [("journal.lock", "cancel"), ("in-use.lock", "show")] {
            let (scenario, run) = (&scenario, &run);
            let copy = scenario.path(&format!("copy-{name}"));
            copy_folder(&scenario.path("state"), &copy);
            waited.push(threads.spawn(move || {
                let mut holder = hold(&copy.join(name));
                let pid = holder.id().to_string();
                let state = copy.display().to_string();
                let mut call = Command::new(PATHS.binary);
                call.args([command, run, "--state", &state]).env_clear().stdin(Stdio::null());
                let output = Output::from_command(call);
                holder.stdin.take();
                holder.wait().unwrap();
                output.render(&[(&state, "STATE"), (run, "RUN"), (&pid, "PID")])
            }));
        }
        for (waited, name) in waited.into_iter().zip(["journal.lock", "in-use.lock"]) {
            assert_eq!(
                waited.join().unwrap(),
                format!(
                    "exit 4\nwaiting for process PID (flock), which has locked STATE/{name}\n\
                     error[PG-0402]: STATE/{name} has been locked by process PID (flock) for 20 s\n\
                     hint: wait until that process has finished, or end it: `kill PID`\n"
                )
            );
        }
    });
    // The lock is released in time.
    let mut holder = hold(&scenario.path("state/journal.lock"));
    let mut resumed = scenario.command(&["cancel", &run]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    holder.stdin.take();
    assert_eq!(resumed.wait().unwrap().code(), Some(2), "it has ended");
    let stderr = std::io::read_to_string(resumed.stderr.take().unwrap()).unwrap();
    assert!(stderr.starts_with("waiting for process "), "{stderr}");
    assert!(!stderr.contains("PG-0402"), "{stderr}");
    holder.wait().unwrap();
}
