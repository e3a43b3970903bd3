//! `examples/first-task` with the standard agents, scripted answers and pytest in the sandbox.

use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::Digest;
use phasegate_test::{Output, Scenario, examples};
use serde_json::Value;

/// A blob of the journal, as JSON.
pub fn blob(scenario: &Scenario, digest: &Value) -> Value {
    let journal = SqliteJournal::open(&scenario.path("state")).unwrap();
    let digest: Digest = digest.as_str().unwrap().parse().unwrap();
    serde_json::from_slice(&journal.blob(&digest).unwrap().unwrap()).unwrap()
}

#[test]
fn json_events_name_their_run_without_duplicate_keys() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    assert!(output.events.iter().all(|event| event["run"] == output.run_id().as_str()), "{}", output.stdout);
    assert!(output.events_named("tests_ran").all(|event| event["result"].as_str().unwrap().starts_with("sha256:")));
}

#[test]
fn second_code_prompt_contains_the_failed_assertion() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    let counted = output.events_named("tests_ran").find(|event| event["call"].is_null()).unwrap();
    let run = blob(&scenario, &counted["result"]);
    let failed = run["tests"].as_array().unwrap().iter().find(|test| test["outcome"] == "failed").unwrap();
    let assertion = failed["message"].as_str().unwrap().lines().find(|line| line.contains("assert")).unwrap();
    let asked =
        output.events_named("model_asked").find(|event| event["label"] == "code" && event["attempt"] == 2).unwrap();
    let request = blob(&scenario, &asked["request"]);
    let parts =
        request["messages"].as_array().unwrap().iter().flat_map(|message| message["content"].as_array().unwrap());
    let prompt: String = parts.filter_map(|part| part["text"].as_str()).collect();
    assert!(prompt.contains(assertion.trim()), "{assertion} is not in the prompt:\n{prompt}");
}

#[test]
fn examples_add_a_gate_and_replace_the_strategy() {
    let example = |path: &str| examples().join(path).display().to_string();
    let scenario = crate::scenario("first-task");
    let audited =
        Output::from_command(scenario.first_task_command(&["--pipeline", &example("security-audit/pipeline.toml")]));
    assert_eq!(audited.code, 0, "{}", audited.stderr);
    assert!(audited.story().contains("security-audit#1 passed"), "{}", audited.story());
    assert!(scenario.path("out/artifacts/security_audit_report.json").exists());
    let scenario = crate::scenario("first-task");
    let swapped = Output::from_command(
        scenario.first_task_command(&["--feedback", &example("feedback-custom/feedback-custom.wasm")]),
    );
    assert_eq!(swapped.code, 0, "{}", swapped.stderr);
}

#[test]
fn lean_goes_from_plan_to_tested_code() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&["--pipeline", "lean"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    let asked = output.events_named("model_asked").map(|event| event["label"].as_str().unwrap().to_owned());
    let expected =
        ["planning", "code", "test/write", "test/diagnose", "code", "test/write", "postmortem"].map(str::to_owned);
    assert_eq!(asked.collect::<Vec<_>>(), expected);
    assert!(scenario.path("out/durations.py").exists() && scenario.path("out/report.md").exists());
    scenario.check_replay(&output.run_id(), &[]);
}

#[test]
fn first_task_passes_after_one_rework_each() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    scenario.check_story(&output);
    assert!(scenario.path("out/durations.py").exists() && scenario.path("out/report.md").exists());
    let other = crate::scenario("first-task");
    let overlapping = Output::from_command(other.first_task_command(&["--async"]));
    scenario.check_story(&overlapping);
    assert_eq!(output.artifact_digests(), overlapping.artifact_digests());
}
