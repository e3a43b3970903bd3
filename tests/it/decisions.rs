//! Runs that wait for a person, and what becomes of each decision.

use std::fs;

use phasegate_test::{Scene, Told};

fn waiting(name: &str) -> (Scene, String) {
    let scene = crate::scene(name);
    let told = scene.run(&[]);
    assert_eq!(told.code, 3, "{}", told.stderr);
    scene.check(&told);
    scene.replays(&told.run_id(), &[]);
    (scene, told.run_id())
}

fn says(scene: &Scene, run: &str, what: &[&str]) -> Told {
    scene.call(&[&[what[0], run, "--by", "ann"], &what[1..]].concat())
}

fn verdicts(told: &Told) -> Vec<String> {
    let judged = told.named("gate_judged");
    judged.map(|it| format!("{} {}", it["phase"].as_str().unwrap(), it["verdict"].as_str().unwrap())).collect()
}

#[test]
fn an_override_goes_on_and_stands_in_the_result() {
    let (scene, run) = waiting("waits-at-a-failure");
    assert_eq!(says(&scene, &run, &["override", "--reason", "known and harmless"]).code, 0);
    let told = scene.resume(&run);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let end = told.named("run_finished").next().unwrap();
    assert_eq!(end["reason"], "passed; overridden by a person: design-review");
    let result = fs::read_to_string(scene.path("out/result.json")).unwrap();
    assert!(result.contains("known and harmless") && result.contains("\"ann\""), "{result}");
}

#[test]
fn a_rejection_grants_one_more_attempt_and_its_words_reach_the_next_prompt() {
    let (scene, run) = waiting("waits-at-a-failure");
    assert_eq!(says(&scene, &run, &["reject", "--reason", "ask the question first"]).code, 0);
    let told = scene.resume(&run);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(verdicts(&told), ["design-review passed", "test passed"]);
    let design = fs::read_to_string(scene.path("out/artifacts/design_notes.json")).unwrap();
    assert!(design.contains("ask the question first"), "{design}");
}

#[test]
fn a_rejection_may_name_the_phase_that_revises() {
    let (scene, run) = waiting("waits-at-a-failure");
    let refused = says(&scene, &run, &["reject", "--revise", "code", "--reason", "no"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("gate design-review may not send work back to `code`"), "{}", refused.stderr);
    assert_eq!(says(&scene, &run, &["reject", "--revise", "planning", "--reason", "begin anew"]).code, 0);
    let told = scene.resume(&run);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.story().starts_with("planning#2 submitted"), "{}", told.story());
    assert!(fs::read_to_string(scene.path("out/artifacts/plan.json")).unwrap().contains("begin anew"));
}

#[test]
fn a_failing_gate_cannot_be_approved_and_an_abort_ends_the_run() {
    let (scene, run) = waiting("waits-at-a-failure");
    let refused = says(&scene, &run, &["approve"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("a failing gate cannot be approved"), "{}", refused.stderr);
    assert_eq!(says(&scene, &run, &["override"]).code, 2, "a reason is needed");
    assert_eq!(says(&scene, &run, &["abort", "--reason", "wrong task"]).code, 0);
    assert_eq!(scene.resume(&run).code, 1);
    assert!(scene.call(&["show", &run]).stdout.contains("wrong task"));
}

#[test]
fn an_approval_goes_on_and_a_run_that_nobody_decided_waits_on() {
    let (scene, run) = waiting("waits-at-a-pass");
    assert_eq!(scene.resume(&run).code, 3, "resuming decides nothing");
    assert_eq!(says(&scene, &run, &["override", "--reason", "x"]).code, 2, "there is nothing to override");
    assert_eq!(says(&scene, &run, &["approve"]).code, 0);
    let told = scene.resume(&run);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert_eq!(verdicts(&told), ["test passed"]);
}
