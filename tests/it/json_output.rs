//! What programs read: the JSON of every command follows its schema, and none has a key twice in one object. The same of output
//! folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use phasegate_test::{Output, Scenario, copy_folder, examples, fixture, parse_strictly, repository};
use serde_json::Value;

use crate::schemas::{self, columns, documented_columns};

/// The commands that `docs/cli.md` lists with `--json`.
pub fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("docs/cli.md")).unwrap();
    let (mut command, mut found) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some((name, _)) = line.strip_prefix("phasegate ").and_then(|usage| usage.split_once(" [OPTIONS]")) {
            command = name.to_owned();
        }
        if line.starts_with("- `--json`") {
            found.insert(command.clone());
        }
    }
    found
}

/// Calls a command and checks all that it writes to stdout, as one document or as lines. Returns the command's name.
fn check(scenario: &Scenario, args: &[&str]) -> String {
    check_output(&scenario.call(&[args, &["--json"]].concat()), args)
}

fn check_output(output: &Output, args: &[&str]) -> String {
    let parsed = parse_strictly(&output.stdout).is_some() || output.stdout.lines().count() == output.events.len();
    assert!(parsed && !output.stdout.is_empty(), "{args:?}: {}{}", output.stdout, output.stderr);
    let words = if ["plugin", "trust", "pip"].contains(&args[0]) { 2 } else { 1 };
    let command = args[..words].join(" ");
    let dry = args.iter().find(|arg| **arg == "--dry-run").map(|arg| format!("{command} {arg}"));
    schemas::check_output(dry.as_ref().unwrap_or(&command), &output.stdout);
    command
}

/// Parses every file of a folder that is named as JSON.
fn check_folder(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let check = |path: std::path::PathBuf| match path.extension().is_some_and(|end| end == "json") {
        true => usize::from(parse_strictly(&fs::read_to_string(&path).unwrap()).is_some()),
        false if path.is_dir() => check_folder(&path),
        false => 0,
    };
    entries.map(check).sum()
}

/// A plugin that is built by copying a component, with a case that fails.
fn plugin(scenario: &Scenario) -> String {
    let folder = scenario.path("plugin");
    fs::create_dir_all(folder.join("cases")).unwrap();
    let copy = format!("command = [\"/bin/cp\", \"{}\", \"made.wasm\"]", fixture("strategy.wasm").display());
    let file = format!("name = \"mine\"\nversion = \"0.1.0\"\n[build]\n{copy}\nmakes = \"made.wasm\"\n");
    fs::write(folder.join("plugin.toml"), file).unwrap();
    fs::write(folder.join("cases/a.toml"), "[expect]\ngive_up = \"never\"\n").unwrap();
    folder.display().to_string()
}

/// A copy of an example experiment with one repetition.
fn experiment(scenario: &Scenario) -> String {
    copy_folder(&examples().join("compare-strategies"), &scenario.path("strategies"));
    edit_repetitions(scenario, 5, 1);
    scenario.path("strategies/experiment.toml").display().to_string()
}

fn edit_repetitions(scenario: &Scenario, from: u32, to: u32) {
    let file = scenario.path("strategies/experiment.toml");
    let repetitions = |number: u32| format!("repetitions = {number}\n");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&repetitions(from)));
    fs::write(file, text.replace(&repetitions(from), &repetitions(to))).unwrap();
}

#[test]
fn json_follows_schemas_without_duplicate_keys() {
    let (scenario, run) = crate::recorded_run("eventful");
    let stopped = crate::scenario("asks-models");
    let config = format!("[models]\ndefault = \"scripted:{}\"\n[budget]\ncalls = 1\n", stopped.file("answers.toml"));
    fs::write(stopped.path("models.toml"), config).unwrap();
    let config = stopped.path("models.toml").display().to_string();
    assert_eq!(Output::from_command(stopped.run_with(&["--json", "--config", &config])).code, 4);
    let archive = scenario.path("run.phasegate").display().to_string();
    let component = fixture("agent.wasm").display().to_string();
    let experiment = experiment(&scenario);
    let results = scenario.path("results").display().to_string();
    fs::create_dir_all(scenario.path("project")).unwrap();
    fs::write(scenario.path("project/test_app.py"), "def test_one():\n    assert 1 == 1\n").unwrap();
    let project = scenario.path("project").display().to_string();
    let forked = scenario.path("forked").display().to_string();
    let plugin = plugin(&scenario);
    let mut called = BTreeSet::from(["run".to_owned(), check(&stopped, &["resume", "ANSWER-001", "--calls", "9"])]);
    for args in [
        &["runs"] as &[&str],
        &["show", &run],
        &["log", &run],
        &["artifact", &run],
        &["replay", &run],
        &["fork", &run, "--at", "code", "--offline", "--out", &forked],
        &["compare", &run, "ANSWER-001"],
        &["export", &run, &archive],
        &["plugin", "inspect", &component],
        &["plugin", "check", &component],
        &["plugin", "build", &plugin],
        &["plugin", "test", &plugin],
        &["pip", "list"],
        &["trust", "list"],
        &["test", &project],
        &["experiment", &experiment, "--out", &results],
        &["doctor"],
        &["gc"],
    ] {
        called.insert(check(&scenario, args));
    }
    edit_repetitions(&scenario, 1, 2);
    let dry_run = ["experiment", &experiment, "--out", &results, "--dry-run"];
    check(&scenario, &dry_run);
    let planned = scenario.call(&[&dry_run[..], &["--json"]].concat()).json();
    assert!(planned["estimate"]["usd"].is_number(), "{planned}");
    called.insert(check(&crate::scenario("eventful"), &["import", &archive]));
    // Takes long, and `verify_sandbox` checks its output in the same way.
    called.insert("verify-sandbox".to_owned());
    // Needs a repository; `repository::branch` checks its output in the same way.
    called.insert("pr".to_owned());
    // Need a registry; `plugins::registry` checks their output in the same way.
    called.extend(["outdated", "pull", "push", "update"].map(|command| format!("plugin {command}")));
    assert_eq!(called, documented());
    assert!(check_folder(&scenario.path("out")) > 3 && check_folder(&scenario.path("results")) > 3);
    let result: Value = serde_json::from_str(&fs::read_to_string(scenario.path("out/result.json")).unwrap()).unwrap();
    schemas::check("result", &result);
    for file in ["results.csv", "differences.csv", "gates.csv", "cells.csv"] {
        let written = fs::read_to_string(scenario.path("results").join(file)).unwrap();
        assert_eq!(columns(&written), documented_columns(file), "{file}");
    }
}
