//! State folders with the real binary: runs are carried away and taken in, looked over, and cleared of what nobody needs.

use std::fs;

use phasegate_test::{Scene, Told, examples};
use rusqlite::Connection;
use serde_json::Value;

pub fn told(name: &str) -> (Scene, String) {
    let scene = crate::scene(name);
    let told = scene.run(&[]);
    (scene, told.run_id())
}

/// What a command says, with names and digests taken out.
pub fn words(told: &Told, names: &[(&str, &str)]) -> String {
    let text = format!("exit {}\n{}{}", told.code, told.stdout, told.stderr);
    names.iter().fold(text, |text, (this, name)| text.replace(this, name))
}

pub fn database(scene: &Scene) -> Connection {
    Connection::open(scene.path("state/journal.db")).unwrap()
}

pub fn json(told: &Told) -> Value {
    assert!(told.code <= 1, "{}", told.stderr);
    serde_json::from_str(&told.stdout).unwrap()
}

#[test]
fn a_run_goes_into_one_file_and_is_shown_and_replayed_from_it_elsewhere() {
    let (here, run) = told("design-fails-once");
    let file = here.path("run.phasegate").display().to_string();
    let exported = here.call(&["export", &run, &file, "--components"]);
    insta::assert_snapshot!(words(&exported, &[(&run, "RUN"), (&file, "FILE")]), @r#"
        exit 0
        run RUN written to FILE: 26 events, 20 blobs
    "#);
    let there = crate::scene("design-fails-once");
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
    let scene = crate::scene("first-task");
    let task = examples().join("first-task/task.toml").display().to_string();
    let run = scene.call(&["run", "--json", "--task", &task]).run_id();
    let file = scene.path("run.phasegate").display().to_string();
    assert_eq!(json(&scene.call(&["export", &run, &file, "--json"]))["left_out"].as_array().unwrap().len(), 9);
    assert!(fs::metadata(&file).unwrap().len() < 200_000);
    let there = crate::scene("first-task");
    assert_eq!(json(&there.call(&["import", &file, "--json"]))["missing"], serde_json::json!([]));
    there.replays(&run, &[]);

    let (scene, run) = told("plain-pass");
    let file = scene.path("run.phasegate").display().to_string();
    assert_eq!(scene.call(&["export", &run, &file]).code, 0);
    let there = crate::scene("plain-pass");
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
    assert!(replayed.code == 4 && replayed.stderr.contains("exported again with --components"), "{}", replayed.stderr);
}

#[test]
fn a_fork_is_carried_with_all_that_it_shares_and_remembers_its_origin() {
    let (here, run) = told("design-fails-once");
    let fork = here.call(&["fork", &run, "--at", "code", "--json"]).run_id();
    let file = here.path("fork.phasegate").display().to_string();
    assert_eq!(here.call(&["export", &fork, &file, "--components"]).code, 0);
    let there = crate::scene("design-fails-once");
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
    let there = crate::scene("plain-pass");
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

/// Files that released formats were written in; they are never written anew, only added to.
fn golden(name: &str) -> std::path::PathBuf {
    examples().join("../tests/golden").join(name)
}

#[test]
fn an_export_of_format_1_is_taken_in_and_its_events_read_as_they_were_written() {
    let scene = crate::scene("asks-models");
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
    let scene = crate::scene("asks-models");
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
