//! `replay`: equal results from the journal alone, and differences when the record was changed.

use std::fs;

use phasegate_journal::{Append, Blob, Journal, SqliteJournal};
use phasegate_process::{Digest, Event, RunId};
use phasegate_test::{Scenario, copy_folder, examples};
use serde_json::Value;

use crate::recorded_run;

#[test]
fn first_task_replays_from_the_journal_alone() {
    for mode in [&[][..], &["--async"]] {
        let scenario = crate::scenario("first-task");
        copy_folder(&examples().join("first-task"), &scenario.path("task"));
        let task = scenario.path("task/task.toml").display().to_string();
        let output = scenario.call(&[&["run", "--json", "--task", &task], mode].concat());
        assert_eq!(output.code, 0, "{}", output.stderr);
        fs::remove_dir_all(scenario.path("task")).unwrap();
        let replayed = scenario.call(&["replay", &output.run_id()]);
        let last = replayed.stdout.lines().last().unwrap().replace(&output.run_id(), "RUN");
        assert_eq!(last, "run RUN replayed: 46 events with the same artifacts, verdicts and decisions");
        let alone = scenario.check_replay(&output.run_id(), &[]);
        assert_eq!(alone["given"], serde_json::json!([]), "the Python runner ran again");
    }
}

#[test]
fn recorded_time_limits_are_accepted_and_reported() {
    let (scenario, run) = recorded_run("test-crashes-its-runner");
    let output = scenario.call(&["replay", &run]);
    let text = output.render(&[(&run, "RUN")]);
    assert!(
        text.ends_with(
            "  not executed again: `tests_ran` of test#1, which used up its 300 ms of computing time and was stopped\n"
        ),
        "{text}"
    );
}

#[test]
fn killed_run_replays_to_its_last_event() {
    let scenario = crate::scenario("slow");
    let killed =
        scenario.run_until(&["--async"], |event| event["event"] == "model_asked" && event["phase"] == "design");
    let run = killed.run_id();
    killed.signal("KILL");
    let output = scenario.call(&["replay", &run]).render(&[(&run, "RUN")]);
    let hint = "  the run has not ended; resume with: phasegate resume RUN\n";
    assert!(output.starts_with("exit 0\n") && output.ends_with(hint), "{output}");
    assert_eq!(scenario.resume(&run).code, 0);
    assert_eq!(scenario.check_replay(&run, &[])["ended"][0], "passed");
}

/// Replaces the pipeline that the run has pinned, as if its plugins behaved differently.
async fn forged(scenario: &Scenario, run: &str, change: impl Fn(&str) -> String) {
    let swap = |events: &mut Vec<Event>, blobs: &mut Vec<Blob>| {
        let Event::RunCreated(created) = &mut events[0] else { panic!("no run") };
        let pipeline = blobs.iter().find(|blob| blob.digest == created.pipeline).unwrap();
        let pipeline = Blob::new(change(std::str::from_utf8(&pipeline.bytes).unwrap()).into_bytes());
        assert_ne!(pipeline.digest, created.pipeline, "nothing was changed");
        created.pipeline = pipeline.digest.clone();
        blobs.push(pipeline);
    };
    rewritten(scenario, run, swap).await;
}

/// Replaces the events of a run in its journal.
pub async fn rewritten(scenario: &Scenario, run: &str, change: impl FnOnce(&mut Vec<Event>, &mut Vec<Blob>)) {
    let run: RunId = run.parse().unwrap();
    let before = SqliteJournal::open(&scenario.path("state")).unwrap();
    let mut events: Vec<Event> = before.events(&run).unwrap().into_iter().map(|recorded| recorded.event).collect();
    let mut blobs = Vec::new();
    for event in &events {
        digests(&serde_json::to_value(event).unwrap(), &mut |digest| {
            blobs.extend(before.blob(digest).unwrap().map(Blob::new));
        });
    }
    drop(before);
    fs::rename(scenario.path("state"), scenario.path("before")).unwrap();
    change(&mut events, &mut blobs);
    let after = SqliteJournal::open(&scenario.path("state")).unwrap();
    after.put_blobs(blobs).await.unwrap();
    let owned = after.acquire(&run).await.unwrap();
    after
        .append(Append { run: run.clone(), fence: owned.fence(), next: 1, at_ms: 1, events, blobs: Vec::new() })
        .await
        .unwrap();
}

fn digests(value: &Value, each: &mut impl FnMut(&Digest)) {
    match value {
        Value::String(text) => text.parse().iter().for_each(each),
        Value::Array(items) => items.iter().for_each(|item| digests(item, each)),
        Value::Object(fields) => fields.values().for_each(|field| digests(field, each)),
        _ => {}
    }
}

#[tokio::test]
async fn changed_artifact_is_shown_as_a_diff() {
    let (scenario, run) = recorded_run("plain-pass");
    forged(&scenario, &run, |pipeline| pipeline.replace("answer = 42", "answer = 41")).await;
    let output = scenario.call(&["replay", &run]);
    insta::assert_snapshot!(output.render_errors(&[(&run, "RUN")]), @r#"
    exit 1
    error[PG-0602]: run RUN does not replay: at code#1, event 12, artifact `generated_code` is another one
      …
        "files": [
          {
            "content": """
    -         answer = 42
    +         answer = 41

            """,
            "path": "app.lines",
    hint: a plugin is not deterministic, or the journal is from another phasegate; - is the record, + the replay
    "#);
}

#[tokio::test]
async fn changed_request_is_shown_as_a_diff() {
    let (scenario, run) = recorded_run("slow");
    forged(&scenario, &run, |pipeline| pipeline.replace("\"ask\":\"design\"", "\"ask\":\"a plan\"")).await;
    let output = scenario.call(&["replay", &run]);
    let text = output.render_errors(&[(&run, "RUN")]);
    insta::assert_snapshot!(text, @r#"
    exit 1
    error[PG-0601]: run RUN: design#1 asked something else at call 1 than it did before: DIGEST then, DIGEST now
      {
        "answer_schema": null,
    -   "label": "design",
    +   "label": "a plan",
        "max_output_tokens": 1000,
        "messages": [
          {
    hint: the plugin is not deterministic, or it was changed; start a new run
    "#);
}

#[tokio::test]
async fn call_without_recorded_answer_is_shown() {
    let (scenario, run) = recorded_run("slow");
    forged(&scenario, &run, |pipeline| pipeline.replace("\"asks\":3", "\"asks\":4")).await;
    let output = scenario.call(&["replay", &run]);
    insta::assert_snapshot!(output.render_errors(&[(&run, "RUN")]), @r#"
    exit 1
    error[PG-0602]: run RUN does not replay: at design#1, call 4 (design) is asked, which has no answer in the record
    -
    + {"label":"design","tier":"default","messages":[{"role":"user","content":[{"type":"text","text":"{\"attempt\":1,\"feedbac…
    hint: a plugin is not deterministic, or the journal is from another phasegate; - is the record, + the replay
    "#);
}

#[tokio::test]
async fn agent_that_ignored_a_call_replays() {
    let (scenario, run) = recorded_run("left-behind");
    rewritten(&scenario, &run, |events, _| {
        let answered = |event: &Event| matches!(event, Event::ModelAnswered { .. });
        assert!(events.iter().any(answered));
        events.retain(|event| !answered(event));
    })
    .await;
    assert_eq!(scenario.check_replay(&run, &[])["ended"][0], "passed");
}
