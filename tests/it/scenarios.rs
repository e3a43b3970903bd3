//! Scenarios: one problem each, and how the run deals with it.

use std::fs;
use std::path::Path;
use std::process::Command;

use phasegate_test::{Output, Scenario};
use serde_json::Value;

/// Runs a scenario with and without overlapping calls. Both runs must have the expected story, equal artifacts and
/// requests, and replay in the other mode.
fn check_scenario(name: &str) -> (Scenario, Output) {
    let scenario = crate::scenario(name);
    let output = scenario.run(&[]);
    scenario.check_story(&output);
    scenario.check_replay(&output.run_id(), &["--async"]);
    let other = crate::scenario(name);
    let overlapping = other.run(&["--async"]);
    scenario.check_story(&overlapping);
    other.check_replay(&overlapping.run_id(), &[]);
    assert_eq!(output.artifact_digests(), overlapping.artifact_digests());
    assert_eq!(output.requests(), overlapping.requests());
    (scenario, output)
}

macro_rules! scenario_tests {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            check_scenario($name);
        })*
    };
}

scenario_tests! {
    plain_task_passes_every_gate: "plain-pass",
    failed_design_is_revised_and_passes: "design-fails-once",
    two_phases_are_revised_with_their_own_issues: "two-phases-at-once",
    gate_that_never_passes_ends_the_run: "exhausted",
    failed_reviewer_is_retried_and_no_pass: "reviewer-errs-once",
    reviewer_that_always_fails_ends_the_run: "reviewer-errs-for-ever",
    invalid_output_is_rejected_with_all_faults: "invalid-then-valid",
    agent_that_always_fails_ends_the_run: "never-valid",
    output_that_stays_invalid_ends_the_run: "never-taken",
    strategy_cannot_revise_a_forbidden_phase: "strategy-forbidden",
    strategy_cannot_invent_issues: "strategy-invents",
    panic_of_a_strategy_ends_the_gate: "strategy-panics",
    suite_without_tests_fails: "no-tests",
    omitted_failing_test_runs_again: "failing-test-left-out",
    dropping_a_test_needs_name_and_reason: "failing-test-dropped",
    host_tests_the_delivered_code: "tries-other-code",
    revised_code_is_tested_again: "code-is-mended",
    crashing_and_endless_tests_fail_alone: "test-crashes-its-runner",
    code_without_a_runner_is_not_judged: "no-runner",
    code_that_does_not_parse_reaches_no_gate: "code-does-not-parse",
    rejected_call_delays_no_other: "refused-call",
    failing_test_survives_an_unloadable_suite: "suite-does-not-load",
    code_cannot_configure_its_tests: "code-brings-conftest",
    racing_agent_asks_in_the_same_order: "racing-agent",
    token_limit_rejects_the_same_call_when_overlapping: "out-of-tokens",
}

#[test]
fn hostile_agent_gets_plain_errors_without_affecting_neighbours() {
    let (scenario, output) = check_scenario("hostile-agent");
    for event in output.events_named("phase_finished").take(5) {
        let reason = event["outcome"].to_string();
        assert!(reason.len() < 1_000 && !reason.contains("unreachable"), "{reason}");
    }
    // Four runs in one process end with the same plan.
    let mut files = Vec::new();
    for number in 2..=4 {
        let file = scenario.path(&format!("task-{number}.toml"));
        let text = "description = \"Write a program that knows the answer.\"\nrequirements = [\"The answer is 42.\"]\n";
        fs::write(&file, format!("task_id = \"ANSWER-00{number}\"\n{text}")).unwrap();
        files.push(file.display().to_string());
    }
    let tasks: Vec<&str> = files.iter().flat_map(|file| ["--task", file.as_str()]).collect();
    let together = crate::scenario("hostile-agent").run(&[&tasks[..], &["--jobs", "4"]].concat());
    assert_eq!(together.code, 0, "{}", together.stderr);
    assert_eq!(together.events_named("run_finished").filter(|event| event["status"] == "passed").count(), 4);
}

/// Each run holds a lock file while it is under way.
#[test]
fn many_runs_need_no_higher_limit() {
    let scenario = crate::scenario("plain-pass");
    let description =
        "description = \"Write a program that knows the answer.\"\nrequirements = [\"The answer is 42.\"]\n";
    let files: Vec<String> = (0..60)
        .map(|number| {
            let file = scenario.path(&format!("many-{number}.toml"));
            fs::write(&file, format!("task_id = \"MANY-{number}\"\n{description}")).unwrap();
            file.display().to_string()
        })
        .collect();
    let tasks: Vec<&str> = files.iter().flat_map(|file| ["--task", file.as_str()]).collect();
    let run = scenario.run_command(&[&tasks[..], &["--jobs", "61"]].concat());
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 60; exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
    limited.current_dir(run.get_current_dir().unwrap()).env_clear();
    limited.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = Output::from_command(limited);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.events_named("run_finished").count(), 61);
}

#[test]
fn calls_left_pending_by_an_agent_are_harmless() {
    for mode in [&[][..], &["--async"]] {
        let scenario = crate::scenario("left-behind");
        let output = scenario.run(mode);
        scenario.check_story(&output);
        scenario.check_replay(&output.run_id(), mode);
        let shown = scenario.call(&["show", &output.run_id()]);
        assert_eq!(shown.code, 0, "the journal is whole: {}", shown.stderr);
    }
}

#[test]
fn rejects_paths_outside_the_output_folder() {
    let (scenario, output) = check_scenario("bad-paths");
    let refused = output.events_named("phase_finished").find(|event| event["outcome"]["invalid"].is_object()).unwrap();
    assert_eq!(refused["outcome"]["invalid"]["faults"].as_array().unwrap().len(), 3, "one fault for each path");
    assert_eq!(fs::read_to_string(scenario.path("out/deep/app.lines")).unwrap(), "answer = 42\n");
    let escaped = [scenario.path("escaped.lines"), Path::new("/tmp/escaped.lines").to_owned()];
    assert!(escaped.iter().all(|path| !path.exists()));
}

#[test]
fn every_view_explains_an_invalid_output() {
    let scenario = crate::scenario("never-taken");
    let output = Output::from_command(scenario.run_with(&["--config", &scenario.file("phasegate.toml")]));
    let run = output.stdout.split_whitespace().find(|word| word.starts_with("answer-001-")).unwrap().to_owned();
    let untimed = |line: &str| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with("s)") => line.to_owned(),
        _ => line.replace(&run, "RUN"),
    };
    let lines = |text: &str, wanted: &[&str]| {
        let found = text.lines().filter(|line| wanted.iter().any(|word| line.contains(word)));
        found.map(untimed).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(lines(&output.stdout, &["attempt failed", "failed", "hint"]), @r"
    planning#1 attempt failed: plugin `fixture` (phase planning, attempt 1) submitted invalid work: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    planning#2 attempt failed: plugin `fixture` (phase planning, attempt 2) submitted invalid work: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    RUN failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    hint: each retry gets these faults as feedback; if that does not help, give phase `planning` another model or more `max_retries`, or report this to the author of its plugin
    ");
    let shown = scenario.call(&["show", &run]).stdout;
    insta::assert_snapshot!(lines(&shown, &["#1", "failed", "hint"]), @r"
    RUN failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    hint: each retry gets these faults as feedback; if that does not help, give phase `planning` another model or more `max_retries`, or report this to the author of its plugin
      planning#1: failed: plugin `fixture` (phase planning, attempt 1) submitted invalid work: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
      planning#2: failed: plugin `fixture` (phase planning, attempt 2) submitted invalid work: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
      ended failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    ");
    let log = scenario.call(&["log", &run]).stdout;
    let faults = log.lines().skip_while(|line| !line.contains("invalid output")).skip(1).take(3);
    let log: Vec<&str> = faults.map(str::trim).collect();
    insta::assert_snapshot!(log.join("\n"), @r"
    plan: it is not JSON: EOF while parsing a list at line 1 column 5
    artifact `verdict` is not one that this phase produces
    hint: each retry gets these faults as feedback; if that does not help, give phase `planning` another model or more `max_retries`, or report this to the author of its plugin
    ");
    let report = fs::read_to_string(scenario.path("out/report.md")).unwrap();
    insta::assert_snapshot!(lines(&report, &["**Failed**", "What to do"]), @r"
    **Failed**: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact 'verdict' is not one that this phase produces. The answers are scripted: no model was asked.
    What to do: each retry gets these faults as feedback; if that does not help, give phase 'planning' another model or more 'max_retries', or report this to the author of its plugin.
    ");
    let recorded = scenario.call(&["log", &run, "--json"]).stdout;
    assert!(!recorded.contains("the author of"), "the hint is in the recorded events");
}

#[test]
fn dropped_tests_appear_in_result_and_report() {
    let (scenario, _) = check_scenario("failing-test-dropped");
    let result: Value = serde_json::from_slice(&fs::read(scenario.path("out/result.json")).unwrap()).unwrap();
    assert_eq!(result["dropped_tests"][0]["reason"], "nobody asked for beauty");
    assert!(fs::read_to_string(scenario.path("out/report.md")).unwrap().contains("nobody asked for beauty"));
}

#[test]
fn keys_appear_nowhere() {
    const CANARY: &str = "sk-canary-7f3a9c";
    let scenario = crate::scenario("waits-at-a-pass");
    let mut command = scenario.run_command(&["-v", "-v"]);
    command.env("ANTHROPIC_API_KEY", CANARY).env("OPENAI_API_KEY", CANARY).env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let run = scenario.path("state");
    let mut everything = vec![output.stdout, output.stderr];
    let mut folders = vec![run, scenario.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => everything.push(fs::read(path).unwrap()),
            }
        }
    }
    assert!(everything.len() > 5, "too few files were searched");
    let found = |bytes: &Vec<u8>| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    assert!(!everything.iter().any(found));
}

#[test]
fn code_on_a_base_comes_with_a_patch() {
    let (scenario, _) = check_scenario("builds-on-base");
    let patch = fs::read_to_string(scenario.path("out/changes.patch")).unwrap();
    assert!(patch.contains("+test it_answers: answer == 42\n"), "{patch}");
    assert!(patch.contains("-answer = unknown\n+answer = 42\n"), "{patch}");
    assert!(!patch.contains("question.lines"), "an unchanged file is in the patch: {patch}");
}

#[test]
fn resumes_with_a_raised_budget_without_repeating_calls() {
    let scenario = crate::scenario("asks-models");
    let config = scenario.path("small.toml");
    let script = "[[answer]]\ntext = '{ \"said\": \"yes\" }'\n";
    fs::write(scenario.path("answers.toml"), script).unwrap();
    fs::write(&config, "[models]\ndefault = \"scripted:answers.toml\"\n[budget]\ncalls = 1\n").unwrap();
    let (pipeline, task) = (scenario.file("pipeline.toml"), scenario.file("task.toml"));
    let args = ["run", "--json", "--task", &task, "--pipeline", &pipeline, "--config", config.to_str().unwrap()];
    let stopped = scenario.call(&args);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    assert!(stopped.stderr.contains(" --calls 2 --config "), "{}", stopped.stderr);
    let resumed = scenario.call(&["resume", &stopped.run_id(), "--json", "--calls", "2"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!((stopped.events_named("model_asked").count(), resumed.events_named("model_asked").count()), (1, 1));
}
