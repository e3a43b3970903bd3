//! A journal that somebody cut, overwrote, emptied or robbed. Each time the words name the file and a remedy, the exit code
//! says that the world is to blame, and what is left of the file stays as it is. What is not hit goes on to the same end.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use rusqlite::Connection;
use serde_json::Value;

use crate::random_kills::{Dice, seed};
use crate::record::{Record, copy_journal, cut};
use crate::side_by_side;
use phasegate_test::{Scene, Told};

/// A run that was killed after an event, with nothing in the log.
pub struct Robbed {
    pub scene: Scene,
    pub run: String,
    pub whole: Record,
}

pub fn robbed() -> Robbed {
    robbed_after(|event| event["event"] == "model_answered" && event["phase"] == "design")
}

fn robbed_after(last: impl Fn(&Value) -> bool) -> Robbed {
    let origin = crate::scene("eventful");
    let told = origin.run(&[]);
    let whole = Record::of(&origin.path("state"), &told.run_id());
    let number = whole.events.iter().find(|event| last(event)).unwrap()["number"].as_u64().unwrap();
    let scene = crate::scene("eventful");
    copy_journal(&origin.path("state"), &scene.path("state"));
    cut(&scene.path("state"), &whole.run, number);
    // As the binary leaves it: a lock that nobody holds, and the folder for the results.
    fs::create_dir_all(scene.path("state/locks")).unwrap();
    fs::write(scene.path(&format!("state/locks/{}.lock", whole.run)), "").unwrap();
    Robbed { scene, run: whole.run.to_string(), whole }
}

impl Robbed {
    fn file(&self) -> PathBuf {
        self.scene.path("state/journal.db")
    }

    fn here(&self) -> String {
        self.scene.path("").display().to_string().trim_end_matches('/').to_owned()
    }

    fn sql(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    fn resume(&self) -> Told {
        let out = self.scene.path("out").display().to_string();
        self.scene.call(&["resume", &self.run, "--json", "--out", &out])
    }

    /// What went wrong, without what is other each time.
    fn said(&self, told: &Told) -> String {
        let words = told.stderr.replace(&self.run, "RUN").replace(self.here().as_str(), "HERE");
        let error = words.lines().skip_while(|line| !line.starts_with("error:"));
        // Runners are compiled beside the run, and tell of it even when it is over.
        let error: Vec<_> = error.filter(|line| !line.starts_with("compil")).collect();
        format!("{}\nexit {}", error.join("\n"), told.code)
    }

    /// What every command says of this file, which none of them changes.
    fn refused(&self, bytes: &[u8]) -> String {
        fs::write(self.file(), bytes).unwrap();
        let said = self.said(&self.resume());
        assert_eq!(self.said(&self.scene.call(&["cancel", &self.run])), said);
        let told = said.lines().next().unwrap().trim_start_matches("error: ");
        for args in [&["show", &self.run][..], &["runs"]] {
            // What only reads may show what is left, and says that it is not all.
            let words = self.scene.call(args).stderr.replace(self.here().as_str(), "HERE");
            assert!(words.contains(told), "{args:?}: {words}");
        }
        for more in [&[][..], &["--resume"]] {
            assert_eq!(self.said(&self.scene.run(more)), said, "run {more:?}");
        }
        assert!(fs::read(self.file()).unwrap() == bytes, "the file was changed");
        said
    }
}

#[test]
fn a_journal_that_was_cut_to_half_is_refused_and_left_as_it_is() {
    let robbed = robbed();
    let whole = fs::read(robbed.file()).unwrap();
    assert_snapshot!(robbed.refused(&whole[..whole.len() / 2]), @r"
    error: HERE/state/journal.db is damaged: database disk image is malformed
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
    fs::write(robbed.file(), whole).unwrap();
    assert_eq!(robbed.resume().code, 0, "put back, it goes on");
}

#[test]
fn a_journal_that_was_emptied_is_refused_and_left_as_it_is() {
    assert_snapshot!(robbed().refused(b""), @r"
    error: HERE/state/journal.db is damaged: it is empty, and runs were written to it before
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
}

#[test]
fn a_journal_that_is_something_else_is_refused_and_left_as_it_is() {
    assert_snapshot!(robbed().refused(&b"These are my notes.\n".repeat(500)), @r"
    error: HERE/state/journal.db is not a journal of phasegate, it was left as it is
    hint: move it away, or use another folder with `--state DIR`
    exit 4
    ");
}

#[test]
fn a_journal_whose_events_were_overwritten_is_refused_and_left_as_it_is() {
    let robbed = robbed();
    let page: usize = {
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'events'";
        robbed.sql().query_row(root, (), |row| row.get(0)).unwrap()
    };
    let mut bytes = fs::read(robbed.file()).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0x5a);
    fs::write(robbed.file(), &bytes).unwrap();
    assert_snapshot!(robbed.said(&robbed.resume()), @r"
    error: HERE/state/journal.db is damaged: database disk image is malformed
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
}

#[test]
fn a_task_whose_newest_run_cannot_be_read_is_not_begun_anew() {
    let robbed = robbed();
    let changed = "UPDATE events SET body = replace(body, 'planning', 'plonning') WHERE number = 3";
    assert_eq!(robbed.sql().execute(changed, ()).unwrap(), 1);
    let refusal = robbed.said(&robbed.resume());
    assert_snapshot!(refusal, @r"
    error: event 3 of run `RUN` in HERE/state/journal.db is not what was written, its chain of digests breaks there
    hint: nothing was changed; restore the state folder from a copy, or start the task as a new run
    exit 4
    ");
    assert_eq!(robbed.said(&robbed.scene.run(&["--resume"])), refusal);
    let runs = robbed.scene.call(&["runs", "--json"]).stdout;
    assert_eq!(runs.matches("run_id").count(), 1, "{runs}");
}

#[test]
fn a_blob_that_was_deleted_or_changed_is_named_with_a_remedy() {
    let deleted = (
        "DELETE FROM blobs WHERE digest = ?1",
        "error: blob DIGEST is missing in HERE/state/journal.db\n\
         hint: nothing was changed; restore the state folder from a copy, or start the task as a new run\nexit 4",
    );
    let changed = (
        "UPDATE blobs SET bytes = x'7b7d' WHERE digest = ?1",
        "error: blob DIGEST in HERE/state/journal.db is damaged, its bytes do not have this digest\n\
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
        let ((sql, words), (name, field)) = (change, it);
        // The answer is of a question that is asked again, the artifact is code that is to be tested.
        let after = |event: &Value| event["event"] == name && (name != "phase_finished" || event["phase"] == "code");
        let robbed = robbed_after(after);
        let digest = robbed.whole.events.iter().find(|event| after(event)).unwrap().pointer(field).unwrap();
        let digest = digest.as_str().unwrap();
        assert_eq!(robbed.sql().execute(sql, (digest,)).unwrap(), 1);
        let before = Record::of(&robbed.scene.path("state"), &robbed.run).events;
        // No compiled plugin is at hand.
        let mut command = robbed.scene.command(&["resume", &robbed.run, "--json"]);
        let told = Told::of({
            command.env("XDG_CACHE_HOME", robbed.scene.path("cache"));
            command
        });
        let component = "error: plugin fixture: its component DIGEST is missing in HERE/state/journal.db\n\
             hint: restore the state folder from a copy; a run that was imported without is exported again with \
             --components\nexit 4";
        let words = if field == "/components/fixture" && sql.starts_with("DELETE") { component } else { words };
        assert_eq!(robbed.said(&told).replace(digest, "DIGEST"), words, "{sql} {name} {field}");
        let after = Record::of(&robbed.scene.path("state"), &robbed.run).events;
        assert_eq!(before[..], after[..before.len()], "{sql} {name} {field}");
    });
}

#[test]
fn garbage_anywhere_in_the_journal_is_an_error_or_harmless_and_never_another_result() {
    let (seed, robbed) = (seed(), robbed());
    let bytes = fs::read(robbed.file()).unwrap();
    println!("seed {seed}");
    side_by_side(0..60, |case| {
        let mut dice = Dice::new(seed + case);
        let mut bytes = bytes.clone();
        let place = dice.roll(bytes.len() as u64 - 512) as usize;
        bytes[place..place + 512].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8);
        let mine = Robbed { scene: crate::scene("eventful"), run: robbed.run.clone(), whole: robbed.whole.clone() };
        fs::create_dir_all(mine.scene.path("state")).unwrap();
        fs::write(mine.file(), bytes).unwrap();
        let told = mine.resume();
        let said = mine.said(&told);
        match told.code {
            0 => Record::of(&mine.scene.path("state"), &mine.run).assert_same(&mine.whole, &format!("at {place}")),
            2 | 4 => assert!(said.contains("\nhint: ") && said.contains("HERE/state"), "at {place}: {said}"),
            _ => panic!("at {place}: {}", told.stderr),
        }
    });
}
