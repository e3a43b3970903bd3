//! `export` and `import`: runs move to another state folder, and files of released formats still read.

use std::fs;

use phasegate_test::{Output, Scenario, examples, open_with_old_tables, repository};
use rusqlite::Connection;

use crate::recorded_run;

/// Opens the journal's database, with all rows in the tables of version 3.
pub fn database(scenario: &Scenario) -> Connection {
    open_with_old_tables(&scenario.path("state"))
}

#[test]
fn exported_run_is_shown_and_replayed_elsewhere() {
    let (here, run) = recorded_run("design-fails-once");
    let file = here.path("run.phasegate").display().to_string();
    let exported = here.call(&["export", &run, &file, "--components"]);
    insta::assert_snapshot!(exported.render(&[(&run, "RUN"), (&file, "FILE")]), @r"
        exit 0
        Wrote run RUN to FILE: 26 events, 20 blobs.
    ");
    let there = crate::scenario("design-fails-once");
    let imported = there.call(&["import", &file]);
    insta::assert_snapshot!(imported.render(&[(&run, "RUN")]), @r"
        exit 0
        Imported run RUN: 26 events, 20 blobs.
        Show it with: phasegate show RUN
    ");
    assert_eq!(there.call(&["show", &run, "--json"]).stdout, here.call(&["show", &run, "--json"]).stdout);
    assert_eq!(there.check_replay(&run, &[]), here.check_replay(&run, &[]));
    let again = there.call(&["import", &file]);
    insta::assert_snapshot!(again.render(&[(&run, "RUN")]), @r"
        exit 0
        Run RUN already exists with the same events: 26 events, 20 blobs.
        Show it with: phasegate show RUN
    ");
}

#[test]
fn import_names_missing_components() {
    let scenario = crate::scenario("first-task");
    let task = examples().join("first-task/task.toml").display().to_string();
    let run = scenario.call(&["run", "--json", "--task", &task]).run_id();
    let file = scenario.path("run.phasegate").display().to_string();
    let exported = scenario.call(&["export", &run, &file, "--json"]).json();
    crate::schemas::check("export", &exported);
    assert_eq!(exported["left_out"].as_array().unwrap().len(), 9);
    assert!(fs::metadata(&file).unwrap().len() < 200_000);
    let there = crate::scenario("first-task");
    assert_eq!(there.call(&["import", &file, "--json"]).json()["missing"], serde_json::json!([]));
    there.check_replay(&run, &[]);

    let (scenario, run) = recorded_run("plain-pass");
    let file = scenario.path("run.phasegate").display().to_string();
    assert_eq!(scenario.call(&["export", &run, &file]).code, 0);
    let there = crate::scenario("plain-pass");
    insta::assert_snapshot!(there.call(&["import", &file]).render(&[(&run, "RUN")]), @r"
        exit 0
        Imported run RUN: 19 events, 14 blobs.
        Imported without components: `show` works, `replay` and `resume` do not.
        hint: re-export with --components
        Show it with: phasegate show RUN
    ");
    assert_eq!(there.call(&["show", &run]).code, 0);
    // A shared cache would still have the compiled component.
    let mut replay = there.command(&["replay", &run]);
    replay.env("XDG_CACHE_HOME", there.path("cache"));
    let replayed = Output::from_command(replay);
    assert!(replayed.code == 4 && replayed.stderr.contains("exported again with --components"), "{}", replayed.stderr);
}

#[test]
fn exported_fork_keeps_shared_events_and_origin() {
    let (here, run) = recorded_run("design-fails-once");
    let fork = here.call(&["fork", &run, "--at", "code", "--json"]).run_id();
    let file = here.path("fork.phasegate").display().to_string();
    assert_eq!(here.call(&["export", &fork, &file, "--components"]).code, 0);
    let there = crate::scenario("design-fails-once");
    assert_eq!(there.call(&["import", &file]).code, 0);
    let shown = there.call(&["show", &fork]).stdout;
    assert!(shown.contains(&format!("{run} (not in this state folder), forked at code#1")), "{shown}");
    there.check_replay(&fork, &[]);
}

#[test]
fn rejects_bad_exports_and_imports_without_changes() {
    let (scenario, run) = recorded_run("plain-pass");
    let file = scenario.path("run.phasegate").display().to_string();
    assert_eq!(scenario.call(&["export", &run, &file]).code, 0);
    let refused = |args: &[&str]| scenario.call(args).render(&[(&run, "RUN"), (&file, "FILE")]);
    insta::assert_snapshot!(refused(&["export", &run, &file]), @"
    exit 2
    error[PG-0101]: FILE already exists; nothing was written
    hint: choose another name, or overwrite it with --force
    ");
    insta::assert_snapshot!(refused(&["import", "nothing.phasegate"]), @"
    exit 2
    error[PG-0101]: nothing.phasegate cannot be read: there is no such file
    hint: give a file that `export` has written
    ");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let before = fs::read(scenario.path("state/journal.db")).unwrap();
    let there = crate::scenario("plain-pass");
    let cut = there.call(&["import", &file]).render(&[(&file, "FILE")]);
    assert!(cut.starts_with("exit 2\nerror[PG-0703]: FILE cannot be imported: it is damaged: "), "{cut}");
    assert_eq!(there.call(&["runs", "--json"]).json(), serde_json::json!([]));
    fs::write(&file, "words").unwrap();
    insta::assert_snapshot!(there.call(&["import", &file]).render(&[(&file, "FILE")]), @"
    exit 2
    error[PG-0703]: FILE cannot be imported: it is not an export of phasegate: it is not compressed with zstd
    hint: give a file that `export` has written
    ");
    assert_eq!(fs::read(scenario.path("state/journal.db")).unwrap(), before);
}

/// Files in released formats, which are never written again, only added to.
fn golden(name: &str) -> std::path::PathBuf {
    repository().join("tests/golden").join(name)
}

#[test]
fn imports_format_1_with_unchanged_events() {
    let scenario = crate::scenario("asks-models");
    let file = golden("export-1.phasegate").display().to_string();
    let imported = scenario.call(&["import", &file, "--json"]).json();
    crate::schemas::check("import", &imported);
    assert_eq!(imported["events"], 23);
    let run = imported["run"].as_str().unwrap();
    let events = fs::read_to_string(golden("events-2.jsonl")).unwrap();
    assert_eq!(scenario.call(&["log", run, "--json"]).stdout, events, "the JSON of events of format 2");
    crate::schemas::check_output("log", &events);
    assert!(scenario.call(&["show", run]).stdout.contains("passed: every gate passed"));
}

#[test]
fn rejects_an_export_of_a_newer_format() {
    let scenario = crate::scenario("asks-models");
    let mut text = zstd::decode_all(fs::read(golden("export-1.phasegate")).unwrap().as_slice()).unwrap();
    text["phasegate export ".len()] = b'2';
    let file = scenario.path("newer.phasegate");
    fs::write(&file, zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
    let file = file.display().to_string();
    insta::assert_snapshot!(scenario.call(&["import", &file]).render(&[(&file, "FILE")]), @"
    exit 2
    error[PG-0502]: FILE cannot be imported: it has export format 2, this phasegate reads formats up to 1
    hint: use the newer phasegate that wrote it
    ");
}
