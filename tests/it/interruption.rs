//! Runs that are killed, stopped or cancelled, and resume.

use std::fs;

use phasegate_test::{Output, Scenario, is_third_design_call};
use serde_json::Value;

fn resumes(scenario: &Scenario, run: &str) -> Output {
    let output = scenario.resume(run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let again: Vec<_> = output.events_named("phase_started").map(|event| event["phase"].as_str().unwrap()).collect();
    assert_eq!(again, ["design-review", "code", "test"], "only unfinished phases run again");
    output
}

fn uninterrupted() -> Output {
    let output = crate::scenario("slow").run(&["--async"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    output
}

#[test]
fn killed_run_resumes_to_the_same_result() {
    let whole = uninterrupted();
    for mode in [&["--async"][..], &[]] {
        let scenario = crate::scenario("slow");
        let killed = scenario.run_until(mode, is_third_design_call);
        let run = killed.run_id();
        let before = killed.signal("KILL");
        let after = resumes(&scenario, &run);
        let mut digests = before.artifact_digests();
        digests.extend(after.artifact_digests());
        assert_eq!(digests, whole.artifact_digests());
        let answered: Vec<_> = before.events_named("model_answered").map(|it| (&it["phase"], &it["call"])).collect();
        assert!(after.events_named("model_asked").all(|it| !answered.contains(&(&it["phase"], &it["call"]))));
    }
}

#[test]
fn usage_before_a_kill_counts_after_resume() {
    fn design(output: &Output) -> Vec<&Value> {
        output.events_named("phase_finished").filter(|it| it["phase"] == "design").map(|it| &it["outcome"]).collect()
    }
    let whole = crate::scenario("out-of-tokens").run(&["--async"]);
    let scenario = crate::scenario("out-of-tokens");
    let answered = |it: &Value| it["event"] == "model_answered" && it["phase"] == "design" && it["call"] == 4;
    let killed = scenario.run_until(&["--async"], answered);
    let run = killed.run_id();
    killed.signal("KILL");
    let after = scenario.resume(&run);
    assert!(design(&after)[0]["crashed"]["reason"].as_str().unwrap().contains("of its 5000 left"), "{}", after.stderr);
    assert_eq!(design(&after), design(&whole));
    scenario.check_replay(&run, &[]);
}

#[test]
fn calls_that_may_be_billed_are_shown() {
    let scenario = crate::scenario("slow");
    let killed = scenario.run_until(&["--async"], is_third_design_call);
    let run = killed.run_id();
    killed.signal("KILL");
    resumes(&scenario, &run);
    let result: Value = serde_json::from_slice(&fs::read(scenario.path("out/result.json")).unwrap()).unwrap();
    assert!(!result["maybe_billed"].as_array().unwrap().is_empty(), "{result}");
    assert!(scenario.call(&["show", &run]).stdout.contains("may have been billed"));
}

#[test]
fn ctrl_c_stops_with_130_and_resumes() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let run = running.run_id();
    let stopped = running.signal("INT");
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    assert!(stopped.stderr.contains(&format!("phasegate resume {run}")), "{}", stopped.stderr);
    resumes(&scenario, &run);
}

#[test]
fn cancel_stops_with_130_and_resumes() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let run = running.run_id();
    let cancelled = scenario.call(&["cancel", &run]);
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);
    let stopped = running.wait();
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    assert!(stopped.story().contains("stopped: cancelled by ann"), "{}", stopped.story());
    resumes(&scenario, &run);
}

#[test]
fn rejects_a_second_process_on_a_run() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let second = scenario.resume(&running.run_id());
    assert_ne!(second.code, 0);
    assert!(second.stderr.contains("hint:"), "{}", second.stderr);
    assert_eq!(running.wait().code, 0);
}
