//! Whole runs with the real binary: what went wrong and what came of it, as a user sees it.

use std::fs;
use std::path::Path;

use phasegate_test::{Scene, Told, examples};
use serde_json::Value;

/// The scenario tells its story, and with overlapping calls the same one, with the same artifacts and questions; both
/// replay, each also the way the other ran.
fn tells(name: &str) -> (Scene, Told) {
    let scene = crate::scene(name);
    let told = scene.run(&[]);
    scene.check(&told);
    scene.replays(&told.run_id(), &["--async"]);
    let other = crate::scene(name);
    let overlapping = other.run(&["--async"]);
    scene.check(&overlapping);
    other.replays(&overlapping.run_id(), &[]);
    assert_eq!(told.digests(), overlapping.digests());
    assert_eq!(told.asked(), overlapping.asked());
    (scene, told)
}

macro_rules! stories {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            tells($name);
        })*
    };
}

stories! {
    a_plain_task_passes_every_gate_at_once: "plain-pass",
    a_design_that_fails_its_review_is_mended_and_passes: "design-fails-once",
    planning_and_design_are_revised_at_once_and_each_hears_of_its_own_issue: "two-phases-at-once",
    a_gate_that_never_passes_ends_the_run: "exhausted",
    a_reviewer_that_errs_is_no_pass_and_is_tried_again: "reviewer-errs-once",
    a_reviewer_that_errs_for_ever_ends_the_run_not_judged: "reviewer-errs-for-ever",
    what_is_not_what_was_asked_is_refused_with_every_fault_and_tried_again: "invalid-then-valid",
    an_agent_that_cannot_do_its_work_ends_the_run: "never-valid",
    what_is_never_what_was_asked_ends_the_run: "never-taken",
    a_strategy_cannot_revise_a_phase_that_the_pipeline_does_not_allow: "strategy-forbidden",
    a_strategy_cannot_invent_issues: "strategy-invents",
    a_strategy_that_panics_ends_the_gate_in_words: "strategy-panics",
    a_suite_without_tests_fails_whatever_its_agent_claims: "no-tests",
    a_failing_test_that_is_left_out_is_kept_and_runs_again: "failing-test-left-out",
    a_test_is_given_up_only_by_name_and_with_a_reason: "failing-test-dropped",
    the_delivered_code_is_tested_whatever_the_agent_tried: "tries-other-code",
    mended_code_is_tested_anew: "code-is-mended",
    a_test_that_crashes_or_spins_fails_and_harms_nothing_else: "test-crashes-its-runner",
    code_without_a_runner_is_not_judged_in_words: "no-runner",
    code_that_does_not_parse_never_reaches_a_gate: "code-does-not-parse",
    a_call_that_is_refused_holds_up_no_other: "refused-call",
    a_failing_test_survives_a_suite_that_does_not_load: "suite-does-not-load",
    code_may_not_bring_what_configures_its_tests: "code-brings-conftest",
    an_agent_that_races_among_its_calls_asks_the_same_in_the_same_order: "racing-agent",
    an_agent_that_asks_more_than_it_may_use_is_refused_at_the_same_call_however_its_calls_overlap: "out-of-tokens",
}

#[test]
fn a_hostile_agent_gets_five_plain_errors_and_its_neighbours_notice_nothing() {
    let (scene, told) = tells("hostile-agent");
    for event in told.named("phase_finished").take(5) {
        let words = event["outcome"].to_string();
        assert!(words.len() < 1_000 && !words.contains("unreachable"), "{words}");
    }
    // Four of them at once, in one process: all come to their end, with the same plan.
    let mut files = Vec::new();
    for number in 2..=4 {
        let file = scene.path(&format!("task-{number}.toml"));
        let text = "description = \"Write a program that knows the answer.\"\nrequirements = [\"The answer is 42.\"]\n";
        fs::write(&file, format!("task_id = \"ANSWER-00{number}\"\n{text}")).unwrap();
        files.push(file.display().to_string());
    }
    let tasks: Vec<&str> = files.iter().flat_map(|file| ["--task", file.as_str()]).collect();
    let together = crate::scene("hostile-agent").run(&[&tasks[..], &["--jobs", "4"]].concat());
    assert_eq!(together.code, 0, "{}", together.stderr);
    assert_eq!(together.named("run_finished").filter(|event| event["status"] == "passed").count(), 4);
}

#[test]
fn calls_that_an_agent_left_behind_harm_nothing() {
    for mode in [&[][..], &["--async"]] {
        let scene = crate::scene("left-behind");
        let told = scene.run(mode);
        scene.check(&told);
        scene.replays(&told.run_id(), mode);
        let shown = scene.call(&["show", &told.run_id()]);
        assert_eq!(shown.code, 0, "the journal is whole: {}", shown.stderr);
    }
}

#[test]
fn paths_that_leave_the_out_folder_are_refused_and_nothing_is_written_outside() {
    let (scene, told) = tells("bad-paths");
    let refused = told.named("phase_finished").find(|event| event["outcome"]["invalid"].is_object()).unwrap();
    assert_eq!(refused["outcome"]["invalid"]["faults"].as_array().unwrap().len(), 3, "each of them");
    assert_eq!(fs::read_to_string(scene.path("out/deep/app.lines")).unwrap(), "answer = 42\n");
    let escaped = [scene.path("escaped.lines"), Path::new("/tmp/escaped.lines").to_owned()];
    assert!(escaped.iter().all(|path| !path.exists()));
}

#[test]
fn what_could_not_be_taken_is_told_with_plugin_phase_and_remedy_wherever_a_person_reads_it() {
    let scene = crate::scene("never-taken");
    let told = Told::of(scene.run_with(&["--config", &scene.file("phasegate.toml")]));
    let run = told.stdout.split_whitespace().find(|word| word.starts_with("answer-001-")).unwrap().to_owned();
    let untimed = |line: &str| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with("s)") => line.to_owned(),
        _ => line.replace(&run, "RUN"),
    };
    let lines = |text: &str, wanted: &[&str]| {
        let found = text.lines().filter(|line| wanted.iter().any(|word| line.contains(word)));
        found.map(untimed).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(lines(&told.stdout, &["came to nothing", "failed", "hint"]), @r"
    planning#1 came to nothing: plugin `fixture` (phase planning, attempt 1) submitted what could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    planning#2 came to nothing: plugin `fixture` (phase planning, attempt 2) submitted what could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    RUN failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    hint: each attempt is told what was wrong with the one before; where that does not help, give phase `planning` another model or more `max_retries`, or show this to the author of its plugin
    ");
    let shown = scene.call(&["show", &run]).stdout;
    insta::assert_snapshot!(lines(&shown, &["#1", "failed", "hint"]), @r"
    RUN failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    hint: each attempt is told what was wrong with the one before; where that does not help, give phase `planning` another model or more `max_retries`, or show this to the author of its plugin
      planning#1: came to nothing: plugin `fixture` (phase planning, attempt 1) submitted what could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
      ended failed: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact `verdict` is not one that this phase produces
    ");
    let log = scene.call(&["log", &run]).stdout;
    let faults = log.lines().skip_while(|line| !line.contains("could not be taken")).skip(1).take(3);
    let log: Vec<&str> = faults.map(str::trim).collect();
    insta::assert_snapshot!(log.join("\n"), @r"
    plan: it is not JSON: EOF while parsing a list at line 1 column 5
    artifact `verdict` is not one that this phase produces
    hint: each attempt is told what was wrong with the one before; where that does not help, give phase `planning` another model or more `max_retries`, or show this to the author of its plugin
    ");
    let report = fs::read_to_string(scene.path("out/report.md")).unwrap();
    insta::assert_snapshot!(lines(&report, &["**Failed**", "What to do"]), @r"
    **Failed**: phase planning could not be done: what was submitted could not be taken: plan: it is not JSON: EOF while parsing a list at line 1 column 5; artifact 'verdict' is not one that this phase produces. The answers are scripted: no model was asked.
    What to do: each attempt is told what was wrong with the one before; where that does not help, give phase 'planning' another model or more 'max_retries', or show this to the author of its plugin.
    ");
    let recorded = scene.call(&["log", &run, "--json"]).stdout;
    assert!(!recorded.contains("the author of"), "the next prompt is spared it");
}

#[test]
fn a_test_that_was_given_up_stands_in_result_and_report() {
    let (scene, _) = tells("failing-test-dropped");
    let result: Value = serde_json::from_slice(&fs::read(scene.path("out/result.json")).unwrap()).unwrap();
    assert_eq!(result["dropped_tests"][0]["reason"], "nobody asked for beauty");
    assert!(fs::read_to_string(scene.path("out/report.md")).unwrap().contains("nobody asked for beauty"));
}

#[test]
fn a_key_appears_nowhere() {
    const CANARY: &str = "sk-canary-7f3a9c";
    let scene = crate::scene("waits-at-a-pass");
    let mut command = scene.run_command(&["-v", "-v"]);
    command.env("ANTHROPIC_API_KEY", CANARY).env("OPENAI_API_KEY", CANARY).env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let run = scene.path("state");
    let mut everything = vec![output.stdout, output.stderr];
    let mut folders = vec![run, scene.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => everything.push(fs::read(path).unwrap()),
            }
        }
    }
    assert!(everything.len() > 5, "the out folder and the state folder were read");
    let found = |bytes: &Vec<u8>| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    assert!(!everything.iter().any(found));
}

#[test]
fn code_that_is_built_on_a_base_is_tested_with_it_and_comes_as_a_patch_too() {
    let (scene, _) = tells("builds-on-base");
    let patch = fs::read_to_string(scene.path("out/changes.patch")).unwrap();
    assert!(patch.contains("-answer = unknown\n+answer = 42\n"), "{patch}");
    assert!(!patch.contains("question"), "what did not change is not in the patch: {patch}");
}

#[test]
fn a_run_whose_budget_is_used_up_goes_on_with_a_raised_one_and_asks_nothing_twice() {
    let scene = crate::scene("asks-models");
    let config = scene.path("small.toml");
    let script = "[[answer]]\ntext = '{ \"said\": \"yes\" }'\n";
    fs::write(scene.path("answers.toml"), script).unwrap();
    fs::write(&config, "[models]\ndefault = \"scripted:answers.toml\"\n[budget]\ncalls = 1\n").unwrap();
    let pipeline = examples().join("../tests/scenarios/asks-models/pipeline.toml").display().to_string();
    let task = examples().join("../tests/scenarios/task.toml").display().to_string();
    let args = ["run", "--json", "--task", &task, "--pipeline", &pipeline, "--config", config.to_str().unwrap()];
    let stopped = scene.call(&args);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("--calls N"), "{}", stopped.stderr);
    let resumed = scene.call(&["resume", &stopped.run_id(), "--json", "--calls", "2"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!((stopped.named("model_asked").count(), resumed.named("model_asked").count()), (1, 1));
}
