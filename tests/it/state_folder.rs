//! `doctor` and `gc`.

use std::fs;

use phasegate_test::{Scenario, examples};
use serde_json::Value;

use crate::archive::database;
use crate::recorded_run;

#[test]
fn doctor_reports_complete_runs_with_next_steps() {
    let (scenario, run) = recorded_run("plain-pass");
    insta::assert_snapshot!(scenario.call(&["doctor"]).render(&[(&run, "RUN")]), @r#"
        exit 0
        RUN ok, ended
        state: 1 run, no damage
    "#);
    let scenario = crate::scenario("slow");
    let killed = scenario.run_until(&[], |event| event["event"] == "model_asked" && event["phase"] == "design");
    let run = killed.run_id();
    killed.signal("KILL");
    insta::assert_snapshot!(scenario.call(&["doctor"]).render(&[(&run, "RUN")]), @r#"
        exit 0
        RUN ok, resume with: phasegate resume RUN
        state: 1 run, no damage
    "#);
}

#[test]
fn doctor_names_damage_and_spares_other_runs() {
    let (scenario, run) = recorded_run("plain-pass");
    let other = scenario.call(&["fork", &run, "--at", "test", "--json"]).run_id();
    let shown: Value = scenario.call(&["show", &run, "--json"]).json();
    let digest = shown["artifacts"]["design_notes"].as_str().unwrap().to_owned();
    database(&scenario).execute("DELETE FROM blobs WHERE digest = ?1", (&digest,)).unwrap();
    let suite = shown["artifacts"]["plan"].as_str().unwrap().to_owned();
    database(&scenario).execute("UPDATE blobs SET bytes = X'78' WHERE digest = ?1", (&suite,)).unwrap();
    let names = [(run.as_str(), "RUN"), (&other, "FORK"), (&digest, "NOTES"), (&suite, "PLAN")];
    let output =
        scenario.call(&["doctor"]).render(&names).replace(&scenario.path("state").display().to_string(), "STATE");
    insta::assert_snapshot!(output, @r#"
        exit 1
        FORK incomplete, can be shown, but not resumed or replayed
          event 3: blob PLAN in STATE/journal.db is damaged, its bytes do not have this digest
          event 6: blob NOTES is missing
        RUN incomplete, can be shown, but not resumed or replayed
          event 3: blob PLAN in STATE/journal.db is damaged, its bytes do not have this digest
          event 6: blob NOTES is missing
        state: 2 runs, 2 damaged
        hint: nothing was changed; restore the state folder from a backup, or save intact runs with `phasegate export`
    "#);

    let (scenario, run) = two_runs();
    database(&scenario).execute("UPDATE events SET at_ms = at_ms + 1 WHERE number = 5 AND run_key = 1", ()).unwrap();
    let health = scenario.call(&["doctor", "--json"]).json();
    crate::schemas::check("doctor", &health);
    crate::schemas::check("runs", &scenario.call(&["runs", "--json"]).json());
    let of = |run: &str| {
        let runs = health["runs"].as_array().unwrap();
        runs.iter().find(|health| health["run"] == run).unwrap()["health"].as_str().unwrap().to_owned()
    };
    assert_eq!((of(&run[0]).as_str(), of(&run[1]).as_str()), ("unreadable", "finished"));
    assert_eq!(scenario.call(&["doctor"]).code, 1);
    scenario.check_replay(&run[1], &[]);
}

fn two_runs() -> (Scenario, [String; 2]) {
    let (scenario, first) = recorded_run("plain-pass");
    let second = scenario.run(&["--force"]).run_id();
    (scenario, [first, second])
}

#[test]
fn gc_removes_only_unreferenced_data() {
    let (scenario, run) = recorded_run("plain-pass");
    let nothing = scenario.call(&["gc"]).render(&[]);
    assert_eq!(nothing, "exit 0\nNothing to remove.\n");
    // A rejected fork leaves its component behind.
    let agent = scenario.path("other.wasm");
    fs::copy(examples().join("feedback-custom/feedback-custom.wasm"), &agent).unwrap();
    let agent = format!("code={}", agent.display());
    assert_eq!(scenario.call(&["fork", &run, "--at", "code", "--agent", &agent]).code, 2);
    let would = scenario.call(&["gc", "--json"]).json();
    crate::schemas::check("gc", &would);
    assert_eq!((would["blobs"].as_array().unwrap().len(), would["removed"].as_bool()), (1, Some(false)));
    let listed = scenario.call(&["gc"]).render(&[]);
    assert!(listed.ends_with("Dry run. Repeat with --yes to delete.\n"), "{listed}");
    assert_eq!(scenario.call(&["gc", "--yes", "--json"]).json()["removed"], true);
    assert_eq!(scenario.call(&["gc"]).render(&[]), nothing);
    scenario.check_replay(&run, &[]);
}

#[test]
fn gc_forgets_runs_without_forks() {
    let (scenario, run) = recorded_run("plain-pass");
    let fork = scenario.call(&["fork", &run, "--at", "code", "--json"]).run_id();
    let refused = scenario.call(&["gc", "--forget", &run, "--yes"]).render(&[(&run, "RUN"), (&fork, "FORK")]);
    insta::assert_snapshot!(refused, @"
    exit 4
    error[PG-0406]: run `RUN` cannot be removed: run `FORK` is a fork of it, nothing was removed
    hint: remove `FORK` too, or keep both
    ");
    let forgotten = scenario.call(&["gc", "--forget", &fork, "--yes"]);
    assert_eq!(forgotten.code, 0, "{}", forgotten.stderr);
    assert_eq!(scenario.call(&["runs", "--json"]).json().as_array().unwrap().len(), 1);
    scenario.check_replay(&run, &[]);
}

#[test]
fn gc_refuses_while_another_process_runs() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], |event| event["event"] == "model_asked" && event["phase"] == "design");
    let state = scenario.path("state").display().to_string();
    insta::assert_snapshot!(scenario.call(&["gc", "--yes"]).render(&[(&state, "STATE")]), @"
    exit 4
    error[PG-0402]: another phasegate process uses STATE, nothing was removed
    hint: try again when it has finished
    ");
    running.signal("KILL");
}

#[test]
fn lists_the_newest_runs_up_to_a_limit() {
    let (scenario, run) = recorded_run("plain-pass");
    assert_eq!(scenario.call(&["fork", &run, "--at", "test", "--offline"]).code, 0);
    let listed = |limit: &str| {
        let output = scenario.call(&["runs", "--json", "--limit", limit]);
        let list: Value = serde_json::from_str(&output.stdout).unwrap();
        let runs: Vec<String> =
            list.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect();
        (runs, output.stderr)
    };
    let (all, note) = listed("0");
    assert_eq!((all.len(), &all[1], note.as_str()), (2, &run, ""));
    let (newest, note) = listed("1");
    assert_eq!((newest, note.as_str()), (vec![all[0].clone()], "the newest 1 of 2 runs; list all with --limit 0\n"));
}

#[test]
fn private_folders_of_others_are_named() {
    let Some(other) = phasegate_test::OtherUser::new(crate::PATHS) else { return };
    std::fs::create_dir(other.path("private")).unwrap();
    other.set_mode("private", 0o700);
    for command in [&["runs"][..], &["show", "x"], &["pip", "list"], &["doctor"]] {
        let refused = other.call(&[command, &["--state", "private"]].concat());
        let expected = "error[PG-0103]: state folder `private` cannot be read: permission denied\n\
                        hint: it is private to another account; name a state folder of your own with --state DIR\n";
        assert_eq!((refused.code, refused.stderr.as_str()), (2, expected), "{command:?}");
    }
}
