//! The schema of the results, the columns of CSV, and the exit code for a worse variant.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;
use phasegate_test::repository;
use serde_json::Value;

use super::{ONCE, Project};

fn faults(results: &Value) -> Vec<String> {
    let schema = fs::read_to_string(repository().join("docs/schemas/experiment-results.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(results).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

/// The columns that the keys of a JSON object have: an interval has three.
fn columns_of(value: &Value) -> BTreeSet<String> {
    let keys = value.as_object().unwrap().iter().filter(|(key, _)| *key != "gates");
    keys.map(|(key, _)| key.clone()).collect()
}

fn heads(csv: &str) -> BTreeSet<String> {
    let heads = csv.lines().next().unwrap().split(',');
    heads.map(|head| head.trim_end_matches("_low").trim_end_matches("_high").to_owned()).collect()
}

#[test]
fn results_follow_their_schema() {
    let project = Project::with(&[ONCE, ("experiment.toml", "usd = 5.0", "calls = 60")]);
    let output = project.run(&["--json"]);
    assert_eq!(output.code, 4, "some runs end and some do not: {}", output.stderr);
    let stopped: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(faults(&stopped), [""; 0]);
    project.edit("experiment.toml", "calls = 60", "calls = 600");
    let ended: Value = serde_json::from_str(&project.run(&["--json"]).stdout).unwrap();
    assert_eq!(faults(&ended), [""; 0]);
    let mut wrong = ended.clone();
    wrong["variants"][0]["pass_rate"]["low"] = Value::from(-0.1);
    assert_eq!(faults(&wrong).len(), 1);

    // CSV has the keys of JSON, and the version of the format.
    let file = |name: &str| fs::read_to_string(project.path("phasegate-out/experiment-strategies").join(name)).unwrap();
    let more = |known: BTreeSet<String>, more: &[&str]| -> BTreeSet<String> {
        known.into_iter().chain(more.iter().map(|head| (*head).to_owned())).collect()
    };
    assert_eq!(heads(&file("results.csv")), more(columns_of(&ended["variants"][0]), &["format", "scripted"]));
    let mut cell = columns_of(&ended["cells"][0]);
    // Keys that only some cells have.
    cell.extend(["acceptance_reason", "usd_pinned", "seed", "temperature"].map(str::to_owned));
    let shared = ["run", "whole", "events", "calls", "tokens", "usd", "elapsed_ms"];
    cell.extend(shared.map(|key| format!("shared_{key}")));
    assert_eq!(heads(&file("cells.csv")), more(cell, &["format"]));
    let mut measure = columns_of(&ended["differences"][0]["measures"][0]);
    ["low", "high", "smallest_shown"].iter().for_each(|key| assert!(measure.remove(*key)));
    let difference = ["format", "planned", "complete", "baseline_value", "variant_value", "smallest_shown"];
    assert_eq!(heads(&file("differences.csv")), more(measure, &difference));
    assert_eq!(heads(&file("gates.csv")), heads("format,variant,gate,n,value"));
}

#[test]
fn a_worse_variant_has_an_exit_code() {
    let project = Project::with(&[
        ("experiment.toml", "tasks/*.toml", "tasks/shares.toml"),
        ("experiment.toml", "repetitions = 2", "repetitions = 6"),
        ("experiment.toml", "baseline = \"phase-aware\"", "baseline = \"nearest\""),
    ]);
    // The file's baseline is the worse one.
    let output = project.run(&["--fail-if-worse"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let answer = output.stdout.split("\n\n").nth(1).unwrap();
    assert_snapshot!(answer, @r"
    phase-aware is accepted more often than nearest: 100 % against 0 %, +100 points
    (95 % interval 22 to 100, p 0.016). A run costs 0.3227 USD against 0.3491 USD
    ");
    let output = project.run(&["--fail-if-worse=phase-aware"]);
    assert_eq!(output.code, 5, "{}", output.stderr);
    assert!(output.stderr.ends_with("nearest is worse than phase-aware.\n"), "{}", output.stderr);
    assert_eq!(project.run(&["--baseline", "phase-aware"]).code, 0);
    let output = project.run(&["--baseline", "other"]);
    assert_eq!(output.code, 2);
    assert_snapshot!(output.stderr, @r"
    error[PG-0101]: there is no variant `other`
    hint: choose the baseline from phase-aware, nearest
    ");
}
