//! Runs that are killed, stopped or cancelled, and go on.

use std::fs;

use phasegate_test::{Scene, Told};
use serde_json::Value;

fn in_design(event: &Value) -> bool {
    event["event"] == "model_asked" && event["phase"] == "design" && event["call"] == 3
}

fn resumes(scene: &Scene, run: &str) -> Told {
    let told = scene.resume(run);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let again: Vec<_> = told.named("phase_started").map(|event| event["phase"].as_str().unwrap()).collect();
    assert_eq!(again, ["design-review", "code", "test"], "what was begun goes on, what was done stays done");
    told
}

fn uninterrupted() -> Told {
    let told = crate::scene("slow").run(&["--async"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    told
}

#[test]
fn a_killed_run_goes_on_without_paying_twice_and_comes_to_the_same_end() {
    let whole = uninterrupted();
    for mode in [&["--async"][..], &[]] {
        let scene = crate::scene("slow");
        let killed = scene.run_until(mode, in_design);
        let run = killed.run_id();
        let before = killed.signal("KILL");
        let after = resumes(&scene, &run);
        let mut digests = before.digests();
        digests.extend(after.digests());
        assert_eq!(digests, whole.digests());
        let answered: Vec<_> = before.named("model_answered").map(|it| (&it["phase"], &it["call"])).collect();
        assert!(after.named("model_asked").all(|it| !answered.contains(&(&it["phase"], &it["call"]))));
    }
}

#[test]
fn what_was_used_before_a_kill_counts_afterwards_and_the_same_call_is_refused() {
    fn design(told: &Told) -> Vec<&Value> {
        told.named("phase_finished").filter(|it| it["phase"] == "design").map(|it| &it["outcome"]).collect()
    }
    let whole = crate::scene("out-of-tokens").run(&["--async"]);
    let scene = crate::scene("out-of-tokens");
    let answered = |it: &Value| it["event"] == "model_answered" && it["phase"] == "design" && it["call"] == 4;
    let killed = scene.run_until(&["--async"], answered);
    let run = killed.run_id();
    killed.signal("KILL");
    let after = scene.resume(&run);
    assert!(design(&after)[0]["crashed"]["reason"].as_str().unwrap().contains("of its 5000 left"), "{}", after.stderr);
    assert_eq!(design(&after), design(&whole));
    scene.replays(&run, &[]);
}

#[test]
fn a_call_that_may_have_been_billed_is_shown() {
    let scene = crate::scene("slow");
    let killed = scene.run_until(&["--async"], in_design);
    let run = killed.run_id();
    killed.signal("KILL");
    resumes(&scene, &run);
    let result: Value = serde_json::from_slice(&fs::read(scene.path("out/result.json")).unwrap()).unwrap();
    assert!(!result["maybe_billed"].as_array().unwrap().is_empty(), "{result}");
    assert!(scene.call(&["show", &run]).stdout.contains("may have been billed"));
}

#[test]
fn ctrl_c_stops_with_130_and_the_run_goes_on_later() {
    let scene = crate::scene("slow");
    let under_way = scene.run_until(&[], in_design);
    let run = under_way.run_id();
    let stopped = under_way.signal("INT");
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    assert!(stopped.stderr.contains(&format!("phasegate resume {run}")), "{}", stopped.stderr);
    resumes(&scene, &run);
}

#[test]
fn cancel_from_another_terminal_stops_with_130_and_the_run_goes_on_later() {
    let scene = crate::scene("slow");
    let under_way = scene.run_until(&[], in_design);
    let run = under_way.run_id();
    let cancelled = scene.call(&["cancel", &run]);
    assert_eq!(cancelled.code, 0, "{}", cancelled.stderr);
    let stopped = under_way.wait();
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    assert!(stopped.story().contains("stopped: cancelled by ann"), "{}", stopped.story());
    resumes(&scene, &run);
}

#[test]
fn a_second_process_on_the_same_run_is_refused_in_words() {
    let scene = crate::scene("slow");
    let under_way = scene.run_until(&[], in_design);
    let second = scene.resume(&under_way.run_id());
    assert_ne!(second.code, 0);
    assert!(second.stderr.contains("hint:"), "{}", second.stderr);
    assert_eq!(under_way.wait().code, 0);
}
