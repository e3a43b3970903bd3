//! A journal that was truncated, overwritten, emptied or stripped of blobs. The message names the file and a remedy, the
//! exit code is that of an environment error, and the file stays unchanged. A run that is not affected has the same result.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use rusqlite::Connection;
use serde_json::Value;

use crate::random_kills::{Random, seed};
use crate::record::{Record, copy_journal, cut};
use crate::side_by_side;
use phasegate_test::{Output, Scenario, open_with_old_tables};

/// A run that was killed after an event, with an empty write-ahead log.
pub struct KilledRun {
    pub scenario: Scenario,
    pub run: String,
    pub undisturbed: Record,
}

pub fn killed_run() -> KilledRun {
    killed_after(|event| event["event"] == "model_answered" && event["phase"] == "design")
}

fn killed_after(last: impl Fn(&Value) -> bool) -> KilledRun {
    let origin = crate::scenario("eventful");
    let output = origin.run(&[]);
    let undisturbed = Record::read(&origin.path("state"), &output.run_id());
    let number = undisturbed.events.iter().find(|event| last(event)).unwrap()["number"].as_u64().unwrap();
    let scenario = crate::scenario("eventful");
    copy_journal(&origin.path("state"), &scenario.path("state"));
    cut(&scenario.path("state"), &undisturbed.run, number);
    // As the binary leaves it: an unlocked lock file and the output folder.
    fs::create_dir_all(scenario.path("state/locks")).unwrap();
    fs::write(scenario.path(&format!("state/locks/{}.lock", undisturbed.run)), "").unwrap();
    KilledRun { scenario, run: undisturbed.run.to_string(), undisturbed }
}

impl KilledRun {
    fn file(&self) -> PathBuf {
        self.scenario.path("state/journal.db")
    }

    fn here(&self) -> String {
        self.scenario.path("").display().to_string().trim_end_matches('/').to_owned()
    }

    fn sql(&self) -> Connection {
        open_with_old_tables(&self.scenario.path("state"))
    }

    fn resume(&self) -> Output {
        let out = self.scenario.path("out").display().to_string();
        self.scenario.call(&["resume", &self.run, "--json", "--out", &out])
    }

    /// The error message without names and folders, and the exit code.
    fn error_text(&self, output: &Output) -> String {
        let text = output.stderr.replace(&self.run, "RUN").replace(self.here().as_str(), "HERE");
        let error = text.lines().skip_while(|line| !line.starts_with("error["));
        // Test runners are compiled in the background and report progress even after the run.
        let error: Vec<_> = error.filter(|line| !line.starts_with("compil")).collect();
        format!("{}\nexit {}", error.join("\n"), output.code)
    }

    /// The message that every command gives for this file, which none of them changes.
    fn check_rejected(&self, bytes: &[u8]) -> String {
        fs::write(self.file(), bytes).unwrap();
        let message = self.error_text(&self.resume());
        assert_eq!(self.error_text(&self.scenario.call(&["cancel", &self.run])), message);
        let output = message.lines().next().unwrap().split_once("]: ").unwrap().1;
        for args in [&["show", &self.run][..], &["runs"]] {
            // Commands that only read may show the rest and say that it is incomplete.
            let text = self.scenario.call(args).stderr.replace(self.here().as_str(), "HERE");
            assert!(text.contains(output), "{args:?}: {text}");
        }
        for more in [&[][..], &["--resume"]] {
            assert_eq!(self.error_text(&self.scenario.run(more)), message, "run {more:?}");
        }
        assert!(fs::read(self.file()).unwrap() == bytes, "the file was changed");
        message
    }
}

#[test]
fn rejects_a_truncated_journal_unchanged() {
    let killed = killed_run();
    let bytes = fs::read(killed.file()).unwrap();
    assert_snapshot!(killed.check_rejected(&bytes[..bytes.len() / 2]), @r"
    error[PG-0501]: HERE/state/journal.db is damaged: database disk image is malformed
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
    fs::write(killed.file(), bytes).unwrap();
    assert_eq!(killed.resume().code, 0, "the restored file resumes");
}

#[test]
fn rejects_an_emptied_journal_unchanged() {
    assert_snapshot!(killed_run().check_rejected(b""), @r"
    error[PG-0501]: HERE/state/journal.db is damaged: it is empty, and runs were written to it before
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
}

#[test]
fn rejects_a_foreign_file_unchanged() {
    assert_snapshot!(killed_run().check_rejected(&b"These are my notes.\n".repeat(500)), @r"
    error[PG-0407]: HERE/state/journal.db is not a journal of phasegate and was not changed
    hint: move it away, or use another folder with `--state DIR`
    exit 4
    ");
}

#[test]
fn rejects_overwritten_events_unchanged() {
    let killed = killed_run();
    let page: usize = {
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'events'";
        killed.sql().query_row(root, (), |row| row.get(0)).unwrap()
    };
    let mut bytes = fs::read(killed.file()).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0x5a);
    fs::write(killed.file(), &bytes).unwrap();
    assert_snapshot!(killed.error_text(&killed.resume()), @r"
    error[PG-0501]: HERE/state/journal.db is damaged: database disk image is malformed
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
}

#[test]
fn unreadable_newest_run_is_not_started_again() {
    let killed = killed_run();
    let changed = "UPDATE events SET body = replace(body, 'planning', 'plonning') WHERE number = 3";
    assert_eq!(killed.sql().execute(changed, ()).unwrap(), 1);
    let refusal = killed.error_text(&killed.resume());
    assert_snapshot!(refusal, @r"
    error[PG-0501]: event 3 of run `RUN` in HERE/state/journal.db was changed after it was written: its chain of digests breaks there
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
    assert_eq!(killed.error_text(&killed.scenario.run(&["--resume"])), refusal);
    let runs = killed.scenario.call(&["runs", "--json"]).stdout;
    assert_eq!(runs.matches("run_id").count(), 1, "{runs}");
}

#[test]
fn missing_or_changed_blobs_are_named() {
    let deleted = (
        "DELETE FROM blobs WHERE digest = ?1",
        "error[PG-0501]: blob DIGEST is missing in HERE/state/journal.db\n\
         hint: nothing was changed; restore the state folder from a copy, or start the task as a new run\nexit 4",
    );
    let changed = (
        "UPDATE blobs SET bytes = x'7b7d' WHERE digest = ?1",
        "error[PG-0501]: blob DIGEST in HERE/state/journal.db is damaged, its bytes do not have this digest\n\
         hint: nothing was changed; restore the state folder from a copy, or start the task as a new run\nexit 4",
    );
    let needed = [
        ("run_created", "/pipeline"),
        ("run_created", "/settings"),
        ("run_created", "/components/fixture"),
        ("model_answered", "/answer"),
        ("phase_finished", "/outcome/submitted/artifacts/0/digest"),
    ];
    side_by_side([deleted, changed].into_iter().flat_map(|change| needed.map(|it| (change, it))), |(change, it)| {
        let ((sql, text), (name, field)) = (change, it);
        // The answer belongs to a call that is repeated, the artifact is code that is tested next.
        let after = |event: &Value| event["event"] == name && (name != "phase_finished" || event["phase"] == "code");
        let killed = killed_after(after);
        let digest = killed.undisturbed.events.iter().find(|event| after(event)).unwrap().pointer(field).unwrap();
        let digest = digest.as_str().unwrap();
        assert_eq!(killed.sql().execute(sql, (digest,)).unwrap(), 1);
        let before = Record::read(&killed.scenario.path("state"), &killed.run).events;
        // No compiled component is cached.
        let mut command = killed.scenario.command(&["resume", &killed.run, "--json"]);
        let output = Output::from_command({
            command.env("XDG_CACHE_HOME", killed.scenario.path("cache"));
            command
        });
        let component = "error[PG-0311]: plugin fixture: its component DIGEST is missing in HERE/state/journal.db\n\
             hint: restore the state folder and `phasegate/components` of your data folder from a copy, or use the version \
             of phasegate that made the run; a run that was imported without components is exported again with \
             --components\nexit 4";
        let text = if field == "/components/fixture" && sql.starts_with("DELETE") { component } else { text };
        assert_eq!(killed.error_text(&output).replace(digest, "DIGEST"), text, "{sql} {name} {field}");
        let after = Record::read(&killed.scenario.path("state"), &killed.run).events;
        assert_eq!(before[..], after[..before.len()], "{sql} {name} {field}");
    });
}

#[test]
fn garbage_in_the_journal_never_changes_results() {
    let (seed, killed) = (seed(), killed_run());
    let bytes = fs::read(killed.file()).unwrap();
    println!("seed {seed}");
    side_by_side(0..60, |case| {
        let mut random = Random::new(seed + case);
        let mut bytes = bytes.clone();
        let place = random.below(bytes.len() as u64 - 512) as usize;
        bytes[place..place + 512].iter_mut().for_each(|byte| *byte = random.below(256) as u8);
        let mine = KilledRun {
            scenario: crate::scenario("eventful"),
            run: killed.run.clone(),
            undisturbed: killed.undisturbed.clone(),
        };
        fs::create_dir_all(mine.scenario.path("state")).unwrap();
        fs::write(mine.file(), bytes).unwrap();
        let output = mine.resume();
        let message = mine.error_text(&output);
        match output.code {
            0 => Record::read(&mine.scenario.path("state"), &mine.run)
                .assert_same(&mine.undisturbed, &format!("at {place}")),
            2 | 4 => assert!(message.contains("\nhint: ") && message.contains("HERE/state"), "at {place}: {message}"),
            _ => panic!("at {place}: {}", output.stderr),
        }
    });
}
