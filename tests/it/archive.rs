//! State folders with the real binary: runs are carried away and taken in, looked over, and cleared of what nobody needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs, dead_code)]

#[path = "scenarios/harness.rs"]
mod harness;

use std::fs;

use harness::{Scene, Told, examples};
use rusqlite::Connection;
use serde_json::Value;

fn told(name: &str) -> (Scene, String) {
    let scene = Scene::new(name);
    let told = scene.run(&[]);
    (scene, told.run_id())
}

/// What a command says, with names and digests taken out.
fn words(told: &Told, names: &[(&str, &str)]) -> String {
    let text = format!("exit {}\n{}{}", told.code, told.stdout, told.stderr);
    names.iter().fold(text, |text, (this, name)| text.replace(this, name))
}

fn database(scene: &Scene) -> Connection {
    Connection::open(scene.path("state/journal.db")).unwrap()
}

fn json(told: &Told) -> Value {
    assert!(told.code <= 1, "{}", told.stderr);
    serde_json::from_str(&told.stdout).unwrap()
}

mod export {
    use super::*;

    #[test]
    fn a_run_goes_into_one_file_and_is_shown_and_replayed_from_it_elsewhere() {
        let (here, run) = told("design-fails-once");
        let file = here.path("run.phasegate").display().to_string();
        let exported = here.call(&["export", &run, &file, "--components"]);
        insta::assert_snapshot!(words(&exported, &[(&run, "RUN"), (&file, "FILE")]), @r#"
            exit 0
            run RUN written to FILE: 26 events, 20 blobs
        "#);
        let there = Scene::new("design-fails-once");
        let imported = there.call(&["import", &file]);
        insta::assert_snapshot!(words(&imported, &[(&run, "RUN")]), @r#"
            exit 0
            run RUN taken in: 26 events, 20 blobs
              look at it with: phasegate show RUN
        "#);
        assert_eq!(there.call(&["show", &run, "--json"]).stdout, here.call(&["show", &run, "--json"]).stdout);
        assert_eq!(there.replays(&run, &[]), here.replays(&run, &[]));
        let again = there.call(&["import", &file]);
        insta::assert_snapshot!(words(&again, &[(&run, "RUN")]), @r#"
            exit 0
            run RUN here already, with exactly these events: 26 events, 20 blobs
              look at it with: phasegate show RUN
        "#);
    }

    #[test]
    fn bundled_components_need_not_go_along_and_others_are_missed_in_words() {
        let scene = Scene::new("first-task");
        let task = examples().join("first-task/task.toml").display().to_string();
        let run = scene.call(&["run", "--json", "--task", &task]).run_id();
        let file = scene.path("run.phasegate").display().to_string();
        assert_eq!(json(&scene.call(&["export", &run, &file, "--json"]))["left_out"].as_array().unwrap().len(), 9);
        assert!(fs::metadata(&file).unwrap().len() < 200_000);
        let there = Scene::new("first-task");
        assert_eq!(json(&there.call(&["import", &file, "--json"]))["missing"], serde_json::json!([]));
        there.replays(&run, &[]);

        let (scene, run) = told("plain-pass");
        let file = scene.path("run.phasegate").display().to_string();
        assert_eq!(scene.call(&["export", &run, &file]).code, 0);
        let there = Scene::new("plain-pass");
        insta::assert_snapshot!(words(&there.call(&["import", &file]), &[(&run, "RUN")]), @r#"
            exit 0
            run RUN taken in: 19 events, 14 blobs
              it can be shown, and neither replayed nor gone on with, for it lacks components; export it with --components
              look at it with: phasegate show RUN
        "#);
        assert_eq!(there.call(&["show", &run]).code, 0);
        // Where the component was compiled before, it would still be at hand.
        let mut replay = there.command(&["replay", &run]);
        replay.env("XDG_CACHE_HOME", there.path("cache"));
        let replayed = Told::of(replay);
        assert!(
            replayed.code == 4 && replayed.stderr.contains("exported again with --components"),
            "{}",
            replayed.stderr
        );
    }

    #[test]
    fn a_fork_is_carried_with_all_that_it_shares_and_remembers_its_origin() {
        let (here, run) = told("design-fails-once");
        let fork = here.call(&["fork", &run, "--at", "code", "--json"]).run_id();
        let file = here.path("fork.phasegate").display().to_string();
        assert_eq!(here.call(&["export", &fork, &file, "--components"]).code, 0);
        let there = Scene::new("design-fails-once");
        assert_eq!(there.call(&["import", &file]).code, 0);
        let shown = there.call(&["show", &fork]).stdout;
        assert!(shown.contains(&format!("{run} (not here), forked at code#1")), "{shown}");
        there.replays(&fork, &[]);
    }

    #[test]
    fn what_cannot_be_written_or_taken_is_refused_in_words_and_nothing_changes() {
        let (scene, run) = told("plain-pass");
        let file = scene.path("run.phasegate").display().to_string();
        assert_eq!(scene.call(&["export", &run, &file]).code, 0);
        let refused = |args: &[&str]| words(&scene.call(args), &[(&run, "RUN"), (&file, "FILE")]);
        insta::assert_snapshot!(refused(&["export", &run, &file]), @r#"
            exit 2
            error: FILE is there already, and nothing was written
            hint: choose another name, or write over it with --force
        "#);
        insta::assert_snapshot!(refused(&["import", "nothing.phasegate"]), @r#"
            exit 2
            error: nothing.phasegate cannot be read: No such file or directory (os error 2)
            hint: name a file that `phasegate export` wrote
        "#);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let before = fs::read(scene.path("state/journal.db")).unwrap();
        let there = Scene::new("plain-pass");
        let cut = words(&there.call(&["import", &file]), &[(&file, "FILE")]);
        assert!(cut.starts_with("exit 2\nerror: FILE cannot be taken: it is damaged: "), "{cut}");
        assert_eq!(json(&there.call(&["runs", "--json"])), serde_json::json!([]));
        fs::write(&file, "words").unwrap();
        insta::assert_snapshot!(words(&there.call(&["import", &file]), &[(&file, "FILE")]), @r#"
            exit 2
            error: FILE cannot be taken: it is no export of phasegate: it is not compressed with zstd
            hint: `phasegate export RUN FILE` writes one
        "#);
        assert_eq!(fs::read(scene.path("state/journal.db")).unwrap(), before);
    }
}

/// Files that released formats were written in; they are never written anew, only added to.
mod golden {
    use super::*;

    fn golden(name: &str) -> std::path::PathBuf {
        examples().join("../tests/golden").join(name)
    }

    #[test]
    fn an_export_of_format_1_is_taken_in_and_its_events_read_as_they_were_written() {
        let scene = Scene::new("asks-models");
        let file = golden("export-1.phasegate").display().to_string();
        let imported = json(&scene.call(&["import", &file, "--json"]));
        assert_eq!(imported["events"], 23);
        let run = imported["run"].as_str().unwrap();
        let events = fs::read_to_string(golden("events-2.jsonl")).unwrap();
        assert_eq!(scene.call(&["log", run, "--json"]).stdout, events, "the JSON of events of format 2");
        assert!(scene.call(&["show", run]).stdout.contains("passed: every gate passed"));
    }

    #[test]
    fn an_export_of_a_newer_format_is_refused_in_words() {
        let scene = Scene::new("asks-models");
        let mut text = zstd::decode_all(fs::read(golden("export-1.phasegate")).unwrap().as_slice()).unwrap();
        text["phasegate export ".len()] = b'2';
        let file = scene.path("newer.phasegate");
        fs::write(&file, zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
        let file = file.display().to_string();
        insta::assert_snapshot!(words(&scene.call(&["import", &file]), &[(&file, "FILE")]), @r"
        exit 2
        error: FILE cannot be taken: it has export format 2, this phasegate reads formats up to 1
        hint: use the newer phasegate that wrote it
        ");
    }
}

mod doctor {
    use super::*;

    #[test]
    fn what_is_whole_is_said_to_be_with_what_to_do_next() {
        let (scene, run) = told("plain-pass");
        insta::assert_snapshot!(words(&scene.call(&["doctor"]), &[(&run, "RUN")]), @r#"
            exit 0
            RUN whole, it is over
            state: 1 run, all whole
        "#);
        let scene = Scene::new("slow");
        let killed = scene.run_until(&[], |event| event["event"] == "model_asked" && event["phase"] == "design");
        let run = killed.run_id();
        killed.signal("KILL");
        insta::assert_snapshot!(words(&scene.call(&["doctor"]), &[(&run, "RUN")]), @r#"
            exit 0
            RUN whole, go on with: phasegate resume RUN
            state: 1 run, all whole
        "#);
    }

    #[test]
    fn a_missing_or_changed_blob_and_a_changed_event_are_named_and_other_runs_stay_usable() {
        let (scene, run) = told("plain-pass");
        let other = scene.call(&["fork", &run, "--at", "test", "--json"]).run_id();
        let shown: Value = json(&scene.call(&["show", &run, "--json"]));
        let digest = shown["artifacts"]["design_notes"].as_str().unwrap().to_owned();
        database(&scene).execute("DELETE FROM blobs WHERE digest = ?1", (&digest,)).unwrap();
        let suite = shown["artifacts"]["plan"].as_str().unwrap().to_owned();
        database(&scene).execute("UPDATE blobs SET bytes = X'78' WHERE digest = ?1", (&suite,)).unwrap();
        let names = [(run.as_str(), "RUN"), (&other, "FORK"), (&digest, "NOTES"), (&suite, "PLAN")];
        let told = words(&scene.call(&["doctor"]), &names).replace(&scene.path("state").display().to_string(), "STATE");
        insta::assert_snapshot!(told, @r#"
            exit 1
            FORK incomplete, it can be shown, but neither gone on with nor replayed
              event 3: blob PLAN in STATE/journal.db is damaged, its bytes do not have this digest
              event 6: blob NOTES is missing
            RUN incomplete, it can be shown, but neither gone on with nor replayed
              event 3: blob PLAN in STATE/journal.db is damaged, its bytes do not have this digest
              event 6: blob NOTES is missing
            state: 2 runs, 2 of them not whole
            hint: nothing was changed; restore the state folder from a copy, or carry the whole runs away with `phasegate export`
        "#);

        let (scene, run) = told_twice();
        database(&scene).execute("UPDATE events SET at_ms = at_ms + 1 WHERE number = 5 AND run_key = 1", ()).unwrap();
        let health = json(&scene.call(&["doctor", "--json"]));
        let of = |run: &str| {
            let runs = health["runs"].as_array().unwrap();
            runs.iter().find(|health| health["run"] == run).unwrap()["health"].as_str().unwrap().to_owned()
        };
        assert_eq!((of(&run[0]).as_str(), of(&run[1]).as_str()), ("unreadable", "finished"));
        assert_eq!(scene.call(&["doctor"]).code, 1);
        scene.replays(&run[1], &[]);
    }

    fn told_twice() -> (Scene, [String; 2]) {
        let (scene, first) = told("plain-pass");
        let second = scene.run(&["--force"]).run_id();
        (scene, [first, second])
    }
}

mod gc {
    use super::*;

    #[test]
    fn it_says_what_it_would_remove_and_removes_only_what_no_run_needs() {
        let (scene, run) = told("plain-pass");
        let nothing = words(&scene.call(&["gc"]), &[]);
        assert_eq!(nothing, "exit 0\nthere is nothing that no run needs\n");
        // A fork that was refused leaves its component behind.
        let agent = scene.path("other.wasm");
        fs::copy(examples().join("feedback-custom/feedback-custom.wasm"), &agent).unwrap();
        let agent = format!("code={}", agent.display());
        assert_eq!(scene.call(&["fork", &run, "--at", "code", "--agent", &agent]).code, 2);
        let would = json(&scene.call(&["gc", "--json"]));
        assert_eq!((would["blobs"].as_array().unwrap().len(), would["removed"].as_bool()), (1, Some(false)));
        let words = super::words(&scene.call(&["gc"]), &[]);
        assert!(words.ends_with("nothing was removed; do it with: the same and --yes\n"), "{words}");
        assert_eq!(json(&scene.call(&["gc", "--yes", "--json"]))["removed"], true);
        assert_eq!(super::words(&scene.call(&["gc"]), &[]), nothing);
        scene.replays(&run, &[]);
    }

    #[test]
    fn a_run_is_forgotten_with_what_only_it_needs_unless_another_shares_its_events() {
        let (scene, run) = told("plain-pass");
        let fork = scene.call(&["fork", &run, "--at", "code", "--json"]).run_id();
        let refused = words(&scene.call(&["gc", "--forget", &run, "--yes"]), &[(&run, "RUN"), (&fork, "FORK")]);
        insta::assert_snapshot!(refused, @r#"
            exit 4
            error: run `RUN` cannot be removed, run `FORK` is a fork of it, nothing was removed
            hint: remove `FORK` too, or keep both
        "#);
        let forgotten = scene.call(&["gc", "--forget", &fork, "--yes"]);
        assert_eq!(forgotten.code, 0, "{}", forgotten.stderr);
        assert_eq!(json(&scene.call(&["runs", "--json"])).as_array().unwrap().len(), 1);
        scene.replays(&run, &[]);
    }

    #[test]
    fn nothing_is_removed_while_a_run_is_under_way_in_another_process() {
        let scene = Scene::new("slow");
        let under_way = scene.run_until(&[], |event| event["event"] == "model_asked" && event["phase"] == "design");
        let state = scene.path("state").display().to_string();
        insta::assert_snapshot!(words(&scene.call(&["gc", "--yes"]), &[(&state, "STATE")]), @r#"
            exit 4
            error: another phasegate process is using STATE, nothing was removed
            hint: try again when it is done
        "#);
        under_way.signal("KILL");
    }
}
