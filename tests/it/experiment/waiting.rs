//! Runs that wait for a person.

use insta::assert_snapshot;

use super::{ONCE, Project, plain};

#[test]
fn waiting_runs_are_counted_and_reported() {
    let project = Project::with(&[
        ONCE,
        ("experiment.toml", "name = \"strategies\"", "name = \"strategies\"\nask = true"),
        ("experiment.toml", "tasks/*.toml", "tasks/shares.toml"),
        ("phasegate.toml", "default = \"never\"", "default = \"on_exhausted\""),
    ]);
    let output = project.run(&[]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert_snapshot!(plain(&output.stdout, &["cost per passed", "tokens per passed", "time per run"]), @r"
    strategies: 1 of 2 runs ended

                       phase-aware     nearest
    passed             1 of 1          0 of 0
    pass rate          100% [21, 100]  -
    attempts to pass   6.0             none passed
    cost per passed …
    tokens per passed …
    escaped per run    1.0             -
    time per run …
    waiting            0               1

    passed, by task
    SHARES-001         1 of 1          0 of 0

    answers were scripted: the result says nothing about a model
    ");
    let results = project.results();
    let waiting =
        results["cells"].as_array().unwrap().iter().find(|cell| cell["standing"] == "waiting").unwrap().clone();
    let run = waiting["run"].as_str().unwrap();
    let said = format!(
        "1 run waits for a decision. Decide, then repeat the command.\n  list them: phasegate runs\n  what to decide, and the \
         commands: phasegate show {run}\n"
    );
    assert!(output.stderr.ends_with(&said), "{}", output.stderr);
    assert_eq!(output.stderr.matches(run).count(), 2, "one line a run and one hint: {}", output.stderr);
    assert!(!output.stderr.contains("approve") && !output.stderr.contains("continue"), "{}", output.stderr);
    let shown = project.0.call(&["show", run]).stdout;
    let (_, command) = shown.split_once(&format!("phasegate abort {run} --at ")).unwrap();
    let at = command.split(' ').next().unwrap();
    assert_eq!(project.0.call(&["abort", run, "--at", at, "--by", "ann", "--reason", "seen enough"]).code, 0);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(project.results()["variants"][1]["aborted"], 1);
}
