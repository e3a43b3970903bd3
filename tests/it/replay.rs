//! Replays and forks with the real binary: what was recorded comes to the same again, and what is swapped shows what would
//! have been different.

use std::fs;
use std::path::Path;

use phasegate_journal::{Blob, Journal, SqliteJournal};
use phasegate_process::{Digest, Event, RunId};
use phasegate_test::{Scene, Told, examples};
use serde_json::Value;

/// A scenario that came to its end, and its run.
pub fn ended(name: &str) -> (Scene, String) {
    let (scene, told) = told(name);
    (scene, told.run_id())
}

pub fn told(name: &str) -> (Scene, Told) {
    let scene = crate::scene(name);
    let told = scene.run(&[]);
    (scene, told)
}

/// What a command says, with the names of runs taken out.
pub fn words(told: &Told, runs: &[(&str, &str)]) -> String {
    let text = format!("exit {}\n{}{}", told.code, told.stdout, told.stderr);
    runs.iter().fold(text, |text, (run, name)| text.replace(run, name))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_first_task_replays_without_its_answers_its_configuration_or_a_key() {
    for mode in [&[][..], &["--async"]] {
        let scene = crate::scene("first-task");
        copy(&examples().join("first-task"), &scene.path("task"));
        let task = scene.path("task/task.toml").display().to_string();
        let told = scene.call(&[&["run", "--json", "--task", &task], mode].concat());
        assert_eq!(told.code, 0, "{}", told.stderr);
        fs::remove_dir_all(scene.path("task")).unwrap();
        let replayed = scene.call(&["replay", &told.run_id()]);
        let last = replayed.stdout.lines().last().unwrap().replace(&told.run_id(), "RUN");
        assert_eq!(last, "run RUN replays: 46 events equal in every artifact, verdict and decision");
        let alone = scene.replays(&told.run_id(), &[]);
        assert_eq!(alone["given"], serde_json::json!([]), "the Python runner ran again");
    }
}

#[test]
fn a_limit_that_was_hit_is_taken_as_given_and_said() {
    let (scene, run) = ended("test-crashes-its-runner");
    let told = scene.call(&["replay", &run]);
    let words = words(&told, &[(&run, "RUN")]);
    assert!(
        words.ends_with(
            "  taken as given: `tests_ran` of test#1, which used up its 300 ms of computing time and was stopped\n"
        ),
        "{words}"
    );
}

#[test]
fn a_run_that_was_killed_replays_as_far_as_its_record_goes_and_once_resumed_to_its_end() {
    let scene = crate::scene("slow");
    let killed = scene.run_until(&["--async"], |event| event["event"] == "model_asked" && event["phase"] == "design");
    let run = killed.run_id();
    killed.signal("KILL");
    let told = words(&scene.call(&["replay", &run]), &[(&run, "RUN")]);
    let hint = "  the run is not over, and its record ends here; go on with: phasegate resume RUN\n";
    assert!(told.starts_with("exit 0\n") && told.ends_with(hint), "{told}");
    assert_eq!(scene.resume(&run).code, 0);
    assert_eq!(scene.replays(&run, &[])["ended"][0], "passed");
}

/// The record of a run under which something else is pinned, as if its plugins did otherwise than they did.
async fn forged(scene: &Scene, run: &str, change: impl Fn(&str) -> String) {
    let swap = |events: &mut Vec<Event>, blobs: &mut Vec<Blob>| {
        let Event::RunCreated(created) = &mut events[0] else { panic!("no run") };
        let pipeline = blobs.iter().find(|blob| blob.digest == created.pipeline).unwrap();
        let pipeline = Blob::new(change(std::str::from_utf8(&pipeline.bytes).unwrap()).into_bytes());
        assert_ne!(pipeline.digest, created.pipeline, "nothing was changed");
        created.pipeline = pipeline.digest.clone();
        blobs.push(pipeline);
    };
    rewritten(scene, run, swap).await;
}

/// The record of a run with other events in its place.
async fn rewritten(scene: &Scene, run: &str, change: impl FnOnce(&mut Vec<Event>, &mut Vec<Blob>)) {
    let run: RunId = run.parse().unwrap();
    let before = SqliteJournal::open(&scene.path("state")).unwrap();
    let mut events: Vec<Event> = before.events(&run).unwrap().into_iter().map(|recorded| recorded.event).collect();
    let mut blobs = Vec::new();
    for event in &events {
        digests(&serde_json::to_value(event).unwrap(), &mut |digest| {
            blobs.extend(before.blob(digest).unwrap().map(Blob::new));
        });
    }
    drop(before);
    fs::rename(scene.path("state"), scene.path("before")).unwrap();
    change(&mut events, &mut blobs);
    let after = SqliteJournal::open(&scene.path("state")).unwrap();
    after.put_blobs(blobs).await.unwrap();
    let owned = after.own(&run).await.unwrap();
    after.append(&run, owned.fence(), 1, 1, events, Vec::new()).await.unwrap();
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
async fn a_guest_that_makes_something_else_than_it_did_is_shown_with_a_diff() {
    let (scene, run) = ended("plain-pass");
    forged(&scene, &run, |pipeline| pipeline.replace("answer = 42", "answer = 41")).await;
    let told = scene.call(&["replay", &run]);
    insta::assert_snapshot!(words(&Told { stdout: String::new(), ..told }, &[(&run, "RUN")]), @r#"
        exit 1
        error: run RUN does not replay: at code#1, event 12, artifact `generated_code` is another one
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
async fn a_guest_that_asks_something_else_than_it_did_is_shown_with_a_diff() {
    let (scene, run) = ended("slow");
    forged(&scene, &run, |pipeline| pipeline.replace("\"ask\":\"design\"", "\"ask\":\"a plan\"")).await;
    let told = scene.call(&["replay", &run]);
    let words = words(&Told { stdout: String::new(), ..told }, &[(&run, "RUN")]);
    let plain = regex_digests(&words);
    insta::assert_snapshot!(plain, @r#"
        exit 1
        error: run RUN: design#1 asked something else at call 1 than it did before: DIGEST then, DIGEST now
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
async fn a_guest_that_waits_for_an_answer_it_never_had_is_shown_what_it_asks() {
    let (scene, run) = ended("slow");
    forged(&scene, &run, |pipeline| pipeline.replace("\"asks\":3", "\"asks\":4")).await;
    let told = scene.call(&["replay", &run]);
    insta::assert_snapshot!(words(&Told { stdout: String::new(), ..told }, &[(&run, "RUN")]), @r#"
        exit 1
        error: run RUN does not replay: at design#1, call 4 (design) is asked, which has no answer in the record
        -
        + {"label":"design","tier":"default","messages":[{"role":"user","content":[{"type":"text","text":"{\"attempt\":1,\"feedbac…
        hint: a plugin is not deterministic, or the journal is from another phasegate; - is the record, + the replay
    "#);
}

#[tokio::test]
async fn a_guest_that_came_back_without_an_answer_does_so_again() {
    let (scene, run) = ended("left-behind");
    rewritten(&scene, &run, |events, _| {
        let answered = |event: &Event| matches!(event, Event::ModelAnswered { .. });
        assert!(events.iter().any(answered));
        events.retain(|event| !answered(event));
    })
    .await;
    assert_eq!(scene.replays(&run, &[])["ended"][0], "passed");
}

fn regex_digests(text: &str) -> String {
    let mut plain = String::new();
    for (place, part) in text.split("sha256:").enumerate() {
        plain.push_str(if place == 0 { "" } else { "DIGEST" });
        plain.push_str(if place == 0 { part } else { &part[64..] });
    }
    plain
}
