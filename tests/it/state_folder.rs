//! State folders that are looked over, and cleared of what nobody needs.

use std::fs;

use phasegate_test::{Scene, examples};
use serde_json::Value;

use crate::archive::{database, json, told, words};

#[test]
fn what_is_whole_is_said_to_be_with_what_to_do_next() {
    let (scene, run) = told("plain-pass");
    insta::assert_snapshot!(words(&scene.call(&["doctor"]), &[(&run, "RUN")]), @r#"
        exit 0
        RUN whole, it is over
        state: 1 run, all whole
    "#);
    let scene = crate::scene("slow");
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
    let listed = words(&scene.call(&["gc"]), &[]);
    assert!(listed.ends_with("nothing was removed; do it with: the same and --yes\n"), "{listed}");
    assert_eq!(json(&scene.call(&["gc", "--yes", "--json"]))["removed"], true);
    assert_eq!(words(&scene.call(&["gc"]), &[]), nothing);
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
    let scene = crate::scene("slow");
    let under_way = scene.run_until(&[], |event| event["event"] == "model_asked" && event["phase"] == "design");
    let state = scene.path("state").display().to_string();
    insta::assert_snapshot!(words(&scene.call(&["gc", "--yes"]), &[(&state, "STATE")]), @r#"
        exit 4
        error: another phasegate process is using STATE, nothing was removed
        hint: try again when it is done
    "#);
    under_way.signal("KILL");
}
