//! `fork`: recorded answers are used again, and overrides change what follows.

use phasegate_test::{fixture, scenarios};
use serde_json::Value;

use crate::{recorded, recorded_run};

#[test]
fn unchanged_fork_uses_recorded_answers_only() {
    let (scenario, origin) = recorded("slow");
    let fork = scenario.call(&["fork", &origin.run_id(), "--at", "planning", "--offline", "--json"]);
    assert_eq!(fork.code, 0, "{}", fork.stderr);
    assert_eq!(fork.events[0]["event"], "run_forked");
    assert_eq!(fork.events_named("model_answered").filter(|event| event["recorded"] == true).count(), 5);
    assert_eq!(fork.artifact_digests(), origin.artifact_digests());
    let shown: Value = serde_json::from_str(&scenario.call(&["show", &fork.run_id(), "--json"]).stdout).unwrap();
    crate::schemas::check("result", &shown);
    assert_eq!((shown["totals"]["calls"].as_u64(), shown["totals"]["recorded"].as_u64()), (Some(5), Some(5)));
    scenario.check_replay(&fork.run_id(), &[]);
}

#[test]
fn other_strategy_changes_the_rework_of_a_fork() {
    let (scenario, run) = recorded_run("two-phases-at-once");
    let before = scenario.call(&["show", &run, "--json"]).stdout;
    let fork = scenario.call(&["fork", &run, "--at", "design-review#1", "--feedback", "nearest-phase", "--json"]);
    let child = fork.run_id();
    let grandchild = scenario.call(&["fork", &child, "--at", "test", "--set", "phases.test.max_retries=1", "--json"]);
    let grandchild = grandchild.run_id();
    let decided = fork.events_named("feedback_decided").next().unwrap();
    assert_eq!(decided["decided"]["revise"]["rework"].as_array().unwrap().len(), 1, "{decided}");
    let shown = scenario.call(&["show", &child]);
    let family = shown.stdout.split("forks\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let family = [(&run, "RUN"), (&child, "CHILD"), (&grandchild, "GRANDCHILD")]
        .iter()
        .fold(family.to_owned(), |text, (run, name)| text.replace(run.as_str(), name));
    insta::assert_snapshot!(family, @r#"
        RUN passed
        └ CHILD (this run) at design-review#1, feedback = nearest-phase: passed
          └ GRANDCHILD at test#1, phases.test.max_retries = 1: passed
    "#);
    assert_eq!(scenario.call(&["show", &run, "--json"]).stdout, before, "the origin changed");
    for run in [run, child, grandchild] {
        scenario.check_replay(&run, &[]);
    }
}

#[test]
fn fork_draws_the_attempts_of_both_runs() {
    let (scenario, run) = recorded_run("two-phases-at-once");
    std::fs::write(scenario.path("drawn.svg"), "old").unwrap();
    let drawn = scenario.path("drawn.svg").display().to_string();
    let strategy = ["--at", "design-review#1", "--feedback", "nearest-phase"];
    let fork = scenario.call(&[&["fork", &run], &strategy[..], &["--svg", &drawn, "--force"]].concat());
    assert!(fork.stdout.ends_with(&format!("\nThe picture is in {drawn}.\n")), "{}{}", fork.stdout, fork.stderr);
    let svg = std::fs::read_to_string(scenario.path("drawn.svg")).unwrap();
    let answer = fork.stdout.lines().find(|line| line.starts_with("A ")).unwrap();
    assert!(svg.starts_with("<svg xmlns") && svg.contains(answer), "{answer}\n{svg}");
    assert!(svg.contains(&format!(">A: {run}, pipeline scenario, strategy phase-aware</text>")), "{svg}");
    // Planning and design are shared and drawn once.
    let boxes = |name: &str| svg.matches(&format!(">{name}</text>")).count();
    assert_eq!((boxes("planning#1"), boxes("code#1")), (1, 2), "{svg}");
}

#[test]
fn offline_fork_stops_at_first_unrecorded_call() {
    let (scenario, run) = recorded_run("slow");
    let fork =
        scenario.call(&["fork", &run, "--at", "design", "--set", "phases.design.settings.ask=plan", "--offline"]);
    let child = scenario.call(&["runs", "--json"]);
    let child: Value = serde_json::from_str(&child.stdout).unwrap();
    let child = child[0]["run_id"].as_str().unwrap().to_owned();
    let output = fork.render_errors(&[(&child, "FORK"), (&run, "RUN")]);
    insta::assert_snapshot!(output, @r#"
    exit 4
    error[PG-0603]: run FORK: call 1 of design#1 (plan) has no recorded answer, and no model is asked offline
      {
        "answer_schema": null,
    -   "label": "design",
    +   "label": "plan",
        "max_output_tokens": 1000,
        "messages": [
          {
    hint: - is the recorded request in its place, + the request now; resume the run to ask a model
    hint: the run is recorded; resume it with `phasegate resume FORK`
    "#);
    let resumed = scenario.resume(&child);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(resumed.events_named("model_answered").filter(|event| event["recorded"] == true).count(), 0);
}

#[test]
fn fork_runs_with_another_agent_or_pipeline() {
    let (scenario, run) = recorded_run("plain-pass");
    let agent = fixture("agent.wasm").display().to_string();
    let output = scenario.call(&["fork", &run, "--at", "code", "--agent", &format!("code={agent}"), "--json"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.events_named("phase_started").next().unwrap()["phase"], "code");
    let other = scenarios().join("failing-test-left-out/pipeline.toml").display().to_string();
    let output = scenario.call(&["fork", &run, "--at", "test", "--pipeline", &other, "--json"]);
    assert_eq!(output.events_named("gate_judged").next().unwrap()["verdict"], "failed", "{}", output.stderr);
}

#[test]
fn rejects_invalid_forks_without_creating_runs() {
    let (scenario, run) = recorded_run("design-fails-once");
    let refused = |more: &[&str]| {
        let output = scenario.call(&[&["fork", run.as_str()], more].concat());
        output.render(&[(&run, "RUN")])
    };
    insta::assert_snapshot!(refused(&["--at", "design#7"]), @"
    exit 2
    error[PG-0405]: run RUN has no attempt design#7 to fork at
    hint: choose one of planning#1, design#1, design-review#1, design#2, design-review#2, code#1, test#1
    ");
    insta::assert_snapshot!(refused(&["--at", "design#no"]), @"
    exit 2
    error[PG-0101]: --at design#no: attempts are numbered from 1
    hint: give --at PHASE or --at PHASE#ATTEMPT, such as --at code#2
    ");
    insta::assert_snapshot!(refused(&["--at", "design", "--agent", "design"]), @"
    exit 2
    error[PG-0101]: --agent design: expected PHASE=FILE
    hint: for example --agent code=my-code.wasm
    ");
    insta::assert_snapshot!(refused(&["--at", "design", "--set", "phases.desing.max_retries=2"]), @"
    exit 2
    error[PG-0104]: set `phases.desing.max_retries`: `phases` has no such key: `desing`
    hint: did you mean `design`?
    ");
    insta::assert_snapshot!(refused(&["--at", "design", "--feedback", "code"]), @r#"
    exit 2
    error[PG-0304]: plugin `code` asks for language models, which is not granted
    hint: to grant it, set `grants = { models = ["fast", "default", "deep"] }` under `[plugins.code]`
    "#);
    std::fs::write(scenario.path("drawn.svg"), "mine").unwrap();
    let drawn = scenario.path("drawn.svg").display().to_string();
    insta::assert_snapshot!(refused(&["--at", "design", "--svg", &drawn]).replace(&drawn, "drawn.svg"), @r"
    exit 2
    error[PG-0101]: drawn.svg already exists; nothing was written
    hint: choose another name, or overwrite it with --force
    ");
    assert_eq!(std::fs::read_to_string(scenario.path("drawn.svg")).unwrap(), "mine");
    insta::assert_snapshot!(refused(&["--at", "design", "--pipeline", "planning-design", "--set", "max_total_attempts=0"]), @r"
    exit 2
    error[PG-0104]: set `max_total_attempts`: must be a whole number, 1 or more, not `0`
    hint: write the value as in the pipeline or in phasegate.toml
    ");
    let runs: Value = serde_json::from_str(&scenario.call(&["runs", "--json"]).stdout).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 1);
}
