//! Runs that cannot be read, in a damaged or prepared journal, and the commands about others.

use phasegate_test::Scenario;
use serde_json::json;

use super::{MALLORY, exported, import, list_of, with_peak};
use crate::archive::database;
use crate::recorded_run;

/// Two runs, of which the first one's second event is replaced.
fn damaged(body: &str) -> (Scenario, [String; 2]) {
    let (scenario, first) = recorded_run("plain-pass");
    let second = scenario.run(&["--force"]).run_id();
    let changed = database(&scenario).execute(
        "UPDATE events SET body = ?1 WHERE number = 2 AND run_key = (SELECT run_key FROM runs WHERE run = ?2)",
        (body, &first),
    );
    assert_eq!(changed.unwrap(), 1);
    (scenario, [first, second])
}

#[test]
fn unreadable_runs_do_not_hide_others() {
    let (scenario, [bad, good]) = damaged(r#"{"event":"nothing"}"#);
    let path = scenario.path("state/journal.db").display().to_string();
    let reason =
        format!("event 2 of run `{bad}` in {path} was changed after it was written: its chain of digests breaks there");
    let names = [(bad.as_str(), "BAD"), (good.as_str(), "GOOD"), (path.as_str(), "JOURNAL")];
    insta::assert_snapshot!(scenario.call(&["pip", "list"]).render(&names), @"
    exit 0
    No improvement proposals in state.
    run BAD cannot be read, leaving it out: event 2 of run `BAD` in JOURNAL was changed after it was written: its chain of digests breaks there
    ");
    let listed = scenario.call(&["pip", "list", "--json"]);
    assert_eq!(listed.json(), json!([]));
    assert!(listed.stderr.contains(&reason), "{}", listed.stderr);

    let runs = scenario.call(&["runs", "--json"]).json();
    let statuses: Vec<_> = runs.as_array().unwrap().iter().map(|run| (&run["run_id"], &run["status"])).collect();
    assert_eq!(statuses, [(&json!(good), &json!("passed")), (&json!(bad), &json!("unreadable"))]);
    assert_eq!(scenario.call(&["runs"]).code, 0);
    let health = scenario.call(&["doctor", "--json"]);
    assert_eq!((health.code, &health.json()["runs"][1]["faults"]), (1, &json!([reason])));

    // Commands about other runs.
    let fork = scenario.call(&["fork", &good, "--at", "test", "--json"]);
    assert_eq!(fork.code, 0, "{}", fork.stderr);
    for command in [&["show", &good][..], &["log", &good], &["compare", &good, &fork.run_id()], &["replay", &good]] {
        let output = scenario.call(command);
        assert_eq!(output.code, 0, "{command:?}: {}", output.stderr);
    }
    let next = scenario.run(&["--force"]);
    assert_eq!(next.code, 0, "{}", next.stderr);
    // The command about the run itself says why.
    let shown = scenario.call(&["show", &bad]);
    assert!(shown.code != 0 && shown.stderr.contains(&reason), "{}", shown.stderr);
}

#[test]
fn gc_keeps_what_unreadable_runs_may_need() {
    let blobs = |scenario: &Scenario| -> u64 {
        database(scenario).query_row("SELECT count(*) FROM blobs", (), |row| row.get(0)).unwrap()
    };
    // One run whose text can be read, and one of which not even that is possible.
    let large = format!(r#"{{"event":"run_stopped","reason":"{}"}}"#, "x".repeat(17 << 20));
    for (body, removed) in [(r#"{"event":"nothing"}"#, 1), (large.as_str(), 0)] {
        let (scenario, [bad, _]) = damaged(body);
        let before = blobs(&scenario);
        database(&scenario)
            .execute("INSERT INTO blobs (digest, bytes) VALUES (?1, X'00')", (format!("sha256:{}", "0".repeat(64)),))
            .unwrap();
        let cleaned = scenario.call(&["gc", "--yes"]);
        let note = format!("run {bad} cannot be read, keeping what it may need: event 2 of run `{bad}` ");
        assert!(cleaned.code == 0 && cleaned.stderr.contains(&note), "{}", cleaned.stderr);
        assert_eq!(blobs(&scenario), before + 1 - removed);
        // The hint of the error works.
        let forgotten = scenario.call(&["gc", "--forget", &bad, "--yes"]);
        assert!(forgotten.code == 0 && forgotten.stderr.is_empty(), "{}", forgotten.stderr);
        assert_eq!(scenario.call(&["doctor"]).code, 0);
    }
}

#[test]
fn shipped_journals_with_huge_events_stay_harmless() {
    let (scenario, [bad, good]) = damaged(&list_of(5_000_000));
    for command in [&["runs"][..], &["doctor"], &["pip", "list"], &["gc"]] {
        let (peak, output) = with_peak(scenario.command(command));
        assert!(peak < 200, "{command:?}: {peak} MiB");
        assert!(output.code <= 1, "{command:?}: {}", output.stderr);
        assert!(output.stdout.contains(&good) || command[0] != "runs", "{}", output.stdout);
    }
    let shown = scenario.call(&["show", &bad]).render(&[(&bad, "RUN")]);
    insta::assert_snapshot!(shown, @"
    exit 4
    error[PG-0501]: event 2 of run `RUN` is too large: it has more than 500000 parts, which is the limit
    hint: the run cannot go on; `phasegate gc --forget RUN` shows what its removal frees
    ");
}

#[test]
fn damaged_proposals_and_names_hide_nothing() {
    // The proposals of a run that a person here decided, and that cannot be read any more.
    let (scenario, mut archive) = exported("plain-pass");
    archive.rename("answer-001-0a1b2c");
    archive.add_decided_proposal("PIP-1", MALLORY, "mallory");
    assert_eq!(import(&scenario, &archive).code, 0);
    assert_eq!(scenario.call(&["pip", "approve", "answer-001-0a1b2c/PIP-1", "--by", "ann"]).code, 0);
    database(&scenario).execute("UPDATE blobs SET bytes = X'78' WHERE bytes LIKE '%Mallory%'", ()).unwrap();
    let next = scenario.run(&["--force"]);
    assert_eq!(next.code, 0, "{}", next.stderr);
    let listed = scenario.call(&["pip", "list"]);
    assert!(
        listed.code == 0 && listed.stderr.starts_with("run answer-001-0a1b2c cannot be read, leaving it out: blob")
    );
    let decided = scenario.call(&["pip", "reject", "answer-001-0a1b2c/PIP-1", "--reason", "no", "--by", "ann"]);
    assert!(decided.code != 0 && decided.stderr.contains("is damaged"), "{}", decided.stderr);

    // A name that no run can have.
    database(&scenario).execute("INSERT INTO runs (run, fence, last) VALUES ('../x', 1, 1)", ()).unwrap();
    assert_eq!(scenario.call(&["runs"]).code, 0);
    let health = scenario.call(&["doctor"]);
    assert!(
        health.code == 1 && health.stdout.contains("storage: the name of a run is invalid: `../x`"),
        "{}",
        health.stdout
    );
}
