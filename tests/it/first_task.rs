//! The first task, with the standard agents, written answers, and real pytest in its sandbox.

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::Digest;
use phasegate_test::{Scene, Told, examples};
use serde_json::Value;

/// A blob of the journal, as JSON.
fn blob(scene: &Scene, digest: &Value) -> Value {
    let journal = SqliteJournal::open(&scene.path("state")).unwrap();
    let digest: Digest = digest.as_str().unwrap().parse().unwrap();
    serde_json::from_slice(&journal.blob(&digest).unwrap().unwrap()).unwrap()
}

#[test]
fn each_event_as_json_names_its_run_and_no_key_twice() {
    let scene = crate::scene("first-task");
    let told = Told::of(command(&scene, &[]));
    assert!(told.events.iter().all(|event| event["run"] == told.run_id().as_str()), "{}", told.stdout);
    assert!(told.named("tests_ran").all(|event| event["result"].as_str().unwrap().starts_with("sha256:")));
}

#[test]
fn the_second_code_prompt_holds_the_assertion_that_failed() {
    let scene = crate::scene("first-task");
    let told = Told::of(command(&scene, &[]));
    let counted = told.named("tests_ran").find(|event| event["call"].is_null()).unwrap();
    let run = blob(&scene, &counted["result"]);
    let failed = run["tests"].as_array().unwrap().iter().find(|test| test["outcome"] == "failed").unwrap();
    let assertion = failed["message"].as_str().unwrap().lines().find(|line| line.contains("assert")).unwrap();
    let asked = told.named("model_asked").find(|event| event["label"] == "code" && event["attempt"] == 2).unwrap();
    let request = blob(&scene, &asked["request"]);
    let parts =
        request["messages"].as_array().unwrap().iter().flat_map(|message| message["content"].as_array().unwrap());
    let prompt: String = parts.filter_map(|part| part["text"].as_str()).collect();
    assert!(prompt.contains(assertion.trim()), "{assertion} is not in the prompt:\n{prompt}");
}

#[test]
fn a_third_party_adds_a_gate_and_a_stranger_swaps_the_strategy_without_host_code() {
    let example = |path: &str| examples().join(path).display().to_string();
    let scene = crate::scene("first-task");
    let audited = Told::of(command(&scene, &["--pipeline", &example("security-audit/pipeline.toml")]));
    assert_eq!(audited.code, 0, "{}", audited.stderr);
    assert!(audited.story().contains("security-audit#1 passed"), "{}", audited.story());
    assert!(scene.path("out/artifacts/security_audit_report.json").exists());
    let scene = crate::scene("first-task");
    let swapped = Told::of(command(&scene, &["--feedback", &example("feedback-custom/feedback-custom.wasm")]));
    assert_eq!(swapped.code, 0, "{}", swapped.stderr);
}

fn command(scene: &Scene, more: &[&str]) -> std::process::Command {
    let task = examples().join("first-task/task.toml").display().to_string();
    let out = scene.path("out").display().to_string();
    scene.command(&[&["run", "--json", "--task", &task, "--out", &out], more].concat())
}

#[test]
fn the_first_task_is_designed_twice_coded_twice_and_passes() {
    let scene = crate::scene("first-task");
    let told = Told::of(command(&scene, &[]));
    scene.check(&told);
    assert!(scene.path("out/durations.py").exists() && scene.path("out/report.md").exists());
    let other = crate::scene("first-task");
    let overlapping = Told::of(command(&other, &["--async"]));
    scene.check(&overlapping);
    assert_eq!(told.digests(), overlapping.digests());
}
