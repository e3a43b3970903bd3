//! Which runs are kept after a change, and what is said about the others.

use std::fs;

use phasegate_journal::Journal;
use serde_json::Value;

use super::{ONCE, ONE_TASK, Project};

#[test]
fn unrelated_settings_and_names_keep_runs() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    assert_eq!(project.run(&[]).code, 0);
    let before: Vec<String> = project.runs().into_keys().collect();
    let config = fs::read_to_string(project.path("phasegate.toml")).unwrap();
    let more = "\n[providers.other]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\n[prices.\"other:x\"]\ninput = 1\noutput = 1\n";
    fs::write(project.path("phasegate.toml"), config + more).unwrap();
    project.edit("experiment.toml", "name = \"nearest\"", "name = \"closest\"");
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stderr.contains("2 runs ended before and are kept\n"), "{}", output.stderr);
    assert_eq!(project.runs().into_keys().collect::<Vec<_>>(), before);
    let results = project.results();
    assert_eq!((&results["cells"][1]["variant"], &results["superseded"]), (&"closest".into(), &Value::Array(vec![])));
}

#[test]
fn money_follows_the_prices_of_today() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    assert_eq!(project.run(&[]).code, 0);
    let usd = |key: &str| project.results()["cells"][0][key].as_f64();
    let before = usd("usd").unwrap();
    assert_eq!(usd("usd_pinned"), None);
    project.edit("phasegate.toml", "input = 3.0\noutput = 15.0", "input = 6.0\noutput = 30.0");
    let output = project.run(&[]);
    assert!(output.stderr.contains("2 runs ended before and are kept\n"), "{}", output.stderr);
    assert!((usd("usd").unwrap() - 2.0 * before).abs() < 1e-9);
    assert_eq!(usd("usd_pinned"), Some(before));
    let words = "cost is computed with the prices of today; 2 runs began with others, at which the cost was ";
    assert!(output.stdout.contains(words), "{}", output.stdout);
    let report = fs::read_to_string(project.path("phasegate-out/experiment-strategies/report.md")).unwrap();
    assert!(report.contains(words), "{report}");
}

#[test]
fn identical_variants_are_said_and_run_apart() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    let text = fs::read_to_string(project.path("experiment.toml")).unwrap();
    fs::write(project.path("experiment.toml"), text + "\n[[variant]]\nname = \"again\"\n").unwrap();
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let words = "variants phase-aware and again are the same: whatever differs between them is chance\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    assert_eq!(project.runs().len(), 3);
}

#[test]
fn settings_tried_before_are_listed() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    assert_eq!(project.run(&[]).code, 0);
    project.edit(
        "experiment.toml",
        "feedback = \"nearest-phase\"",
        "feedback = \"nearest-phase\"\nset = { phases.test.max_retries = 2 }",
    );
    let planned = project.run(&["--dry-run"]);
    assert!(planned.stdout.contains(" tokens (mean of 1 run of earlier versions)\n"), "{}", planned.stdout);
    assert!(!planned.stderr.contains("; 0.00 USD in 0 calls"), "{}", planned.stderr);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let words = "\n1 run of earlier versions of the experiment cost ";
    assert!(output.stdout.contains(words), "{}", output.stdout);
    let results = project.results();
    let [superseded] = &results["superseded"].as_array().unwrap()[..] else { panic!("{results}") };
    assert_eq!((&superseded["variant"], &superseded["standing"]), (&"nearest".into(), &"failed".into()));
    assert!(superseded["usd"].as_f64().unwrap() > 0.0);
    let run = superseded["run"].as_str().unwrap();
    let report = fs::read_to_string(project.path("phasegate-out/experiment-strategies/report.md")).unwrap();
    let (_, section) = report.split_once("## Settings tried before\n").unwrap();
    assert!(section.contains("| nearest | SHARES-001 | 1 | failed | ") && section.contains(run), "{section}");
    // Their money counts.
    let spent: f64 = results["cells"].as_array().unwrap().iter().map(|cell| cell["usd"].as_f64().unwrap()).sum();
    let state = project.journal().budget("strategies").unwrap();
    let all = spent + superseded["usd"].as_f64().unwrap();
    assert!((state.charged().nanos as f64 / 1e9 - all).abs() < 1e-6, "{state:?} {all}");
}
