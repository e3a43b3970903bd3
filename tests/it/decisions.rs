//! Runs that wait for a person, and the effect of each decision.

use std::fs;

use phasegate_test::{Output, Scenario};

fn waiting(name: &str) -> (Scenario, String) {
    let scenario = crate::scenario(name);
    let output = scenario.run(&[]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    scenario.check_story(&output);
    scenario.check_replay(&output.run_id(), &[]);
    (scenario, output.run_id())
}

fn decide(scenario: &Scenario, run: &str, what: &[&str]) -> Output {
    scenario.call(&[&[what[0], run, "--by", "ann"], &what[1..]].concat())
}

fn verdicts(output: &Output) -> Vec<String> {
    let judged = output.events_named("gate_judged");
    judged.map(|it| format!("{} {}", it["phase"].as_str().unwrap(), it["verdict"].as_str().unwrap())).collect()
}

#[test]
fn override_continues_and_is_recorded() {
    let (scenario, run) = waiting("waits-at-a-failure");
    assert_eq!(decide(&scenario, &run, &["override", "--reason", "known and harmless"]).code, 0);
    let output = scenario.resume(&run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let end = output.events_named("run_finished").next().unwrap();
    assert_eq!(end["reason"], "passed; overridden by a person: design-review");
    let result = fs::read_to_string(scenario.path("out/result.json")).unwrap();
    assert!(result.contains("known and harmless") && result.contains("\"ann\""), "{result}");
    crate::schemas::check_output("show", &result);
    crate::schemas::check_output("log", &scenario.call(&["log", &run, "--json"]).stdout);
}

#[test]
fn rejection_grants_an_attempt_with_its_reason() {
    let (scenario, run) = waiting("waits-at-a-failure");
    assert_eq!(decide(&scenario, &run, &["reject", "--reason", "ask the question first"]).code, 0);
    let output = scenario.resume(&run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(verdicts(&output), ["design-review passed", "test passed"]);
    let design = fs::read_to_string(scenario.path("out/artifacts/design_notes.json")).unwrap();
    assert!(design.contains("ask the question first"), "{design}");
}

#[test]
fn rejection_may_name_the_phase_to_revise() {
    let (scenario, run) = waiting("waits-at-a-failure");
    let rejected = decide(&scenario, &run, &["reject", "--revise", "code", "--reason", "no"]);
    assert_eq!(rejected.code, 2);
    assert!(rejected.stderr.contains("gate design-review may not send work back to `code`"), "{}", rejected.stderr);
    assert_eq!(decide(&scenario, &run, &["reject", "--revise", "planning", "--reason", "begin anew"]).code, 0);
    let output = scenario.resume(&run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.story().starts_with("planning#2 submitted"), "{}", output.story());
    assert!(fs::read_to_string(scenario.path("out/artifacts/plan.json")).unwrap().contains("begin anew"));
}

#[test]
fn failing_gate_cannot_be_approved_but_aborted() {
    let (scenario, run) = waiting("waits-at-a-failure");
    let rejected = decide(&scenario, &run, &["approve"]);
    assert_eq!(rejected.code, 2);
    assert!(rejected.stderr.contains("a failing gate cannot be approved"), "{}", rejected.stderr);
    assert_eq!(decide(&scenario, &run, &["override"]).code, 2, "a reason is needed");
    assert_eq!(decide(&scenario, &run, &["abort", "--reason", "wrong task"]).code, 0);
    assert_eq!(scenario.resume(&run).code, 1);
    assert!(scenario.call(&["show", &run]).stdout.contains("wrong task"));
}

#[test]
fn approval_continues_and_resume_alone_does_not() {
    let (scenario, run) = waiting("waits-at-a-pass");
    assert_eq!(scenario.resume(&run).code, 3, "resume alone decides nothing");
    assert_eq!(decide(&scenario, &run, &["override", "--reason", "x"]).code, 2, "there is nothing to override");
    assert_eq!(decide(&scenario, &run, &["approve"]).code, 0);
    let output = scenario.resume(&run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(verdicts(&output), ["test passed"]);
}
