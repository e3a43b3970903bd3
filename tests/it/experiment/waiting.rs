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
    assert_snapshot!(plain(&output.stdout, &["usd per run", "usd per passed", "tokens per passed", "time per run"]), @r"
    strategies: 1 of 2 runs ended

    too few runs to compare nearest with phase-aware: no pair of runs has ended

    answers were scripted: the result says nothing about a model

                         phase-aware         nearest
    accepted             1 of 1              0 of 1 planned, 1 not ended
    acceptance rate      100% [21, 100]      -
    passed not accepted  0                   0
    passed               1 of 1              0 of 1 planned, 1 not ended
    pass rate            100% [21, 100]      0% to 100%
    failed judgements    1.0                 -
    escaped defects      1.0                 -
    strategy asked       1 of 1              1 of 1
    usd per run …
    usd per accepted     0.3227              none accepted
    usd per passed …
    tokens per passed …
    time per run …
    waiting              0                   1

    passed at the first judgement
    design-review        100% [21, 100]      -
    code-review          100% [21, 100]      -
    test                 0% [0, 79]          -

    passed by task
    SHARES-001           1 of 1, 1 accepted  0 of 1 planned, 1 not ended, 0 accepted
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
