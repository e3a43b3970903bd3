//! Exported, forked and cleaned-up runs, and runs of experiments.

use std::fs;

use super::small::Small;

#[test]
fn exported_run_replays_without_the_repository() {
    let small = Small::new();
    let run = small.run(&["--include-uncommitted"]).run_id();
    assert_eq!(small.workspace.call(&["gc", "--yes"]).code, 0);
    let exported = small.workspace.call(&["export", &run, "run.phasegate", "--components"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    fs::rename(small.path(), small.workspace.path("elsewhere")).unwrap();
    let there = |args: &[&str]| small.workspace.call(&[args, &["--state", "other"]].concat());
    let imported = there(&["import", "run.phasegate"]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let replayed = there(&["replay", &run]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(there(&["pr", &run]).stdout, small.workspace.call(&["pr", &run]).stdout);
}

#[test]
fn forks_have_a_branch_of_their_own() {
    let small = Small::new();
    let run = small.run(&[]).run_id();
    let fork = small.workspace.call(&["fork", &run, "--at", "code#1", "--out", "fork", "--json"]);
    assert_eq!(fork.code, 0, "{}", fork.stderr);
    let branches = small.git(&["for-each-ref", "--format=%(refname)", "refs/heads/phasegate"]);
    let mut expected = [fork.run_id(), run].map(|run| format!("refs/heads/phasegate/{run}\n"));
    expected.sort();
    assert_eq!(branches, expected.concat());
    let replayed = small.workspace.call(&["replay", &fork.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}

#[test]
fn runs_of_experiments_have_no_branch() {
    let small = Small::new();
    small.write("task.toml", "task_id = \"ANSWER\"\ndescription = \"Correct the answer.\"\nrepo = \".\"\n");
    small.workspace.write(
        "two.toml",
        "name = \"two\"\ntasks = [\"project/task.toml\"]\nrepetitions = 2\n\n[[variant]]\nname = \"plain\"\npipeline = \"pipeline.toml\"\n",
    );
    let output = small.workspace.call(&["experiment", "two.toml", "--json"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(small.git(&["branch", "--list", "phasegate/*"]), "");
}
