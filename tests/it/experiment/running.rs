//! How an experiment runs: nobody is asked, dry runs, tables without runs, and providers that are gone.

use std::fs;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::ModelServer;
use serde_json::Value;

use super::{ONCE, ONE_TASK, Project};

const ASKING: (&str, &str, &str) = ("phasegate.toml", "default = \"never\"", "default = \"on_exhausted\"");

fn standings(results: &Value) -> Vec<&str> {
    results["cells"].as_array().unwrap().iter().map(|cell| cell["standing"].as_str().unwrap()).collect()
}

#[test]
fn exhausted_gates_fail_where_nobody_is_asked() {
    let project = Project::with(&[ONCE, ONE_TASK, ASKING]);
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let results = project.results();
    assert_eq!(standings(&results), ["passed", "failed"]);
    assert!(output.stdout.contains("0 of 1"), "the failed run is counted: {}", output.stdout);
    let reason = results["cells"][1]["reason"].as_str().unwrap();
    assert!(reason.starts_with("gate test failed after 3 attempts: "), "{reason}");
    // A replay has the same gates.
    let run = results["cells"][1]["run"].as_str().unwrap();
    assert_eq!(project.0.call(&["replay", run]).code, 0);
}

#[test]
fn dry_run_tells_what_would_start() {
    let project = Project::with(&[ONCE]);
    let output = project.run(&["--dry-run"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_snapshot!(output.stdout, @r"
                 to start  to resume  kept  superseded  estimate
    phase-aware  3         0          0     0           none: no earlier run
    nearest      3         0          0     0           none: no earlier run
    ");
    assert!(!project.path("state").exists() && !project.path("phasegate-out").exists());

    project.edit("experiment.toml", "tasks/*.toml", "tasks/shares.toml");
    assert_eq!(project.run(&[]).code, 0);
    project.edit("experiment.toml", "tasks/shares.toml", "tasks/*.toml");
    let (answered, before) = (project.answered(), project.results());
    let planned: Value = serde_json::from_str(&project.run(&["--dry-run", "--json"]).stdout).unwrap();
    assert_eq!((project.answered(), project.results()), (answered, before.clone()));
    crate::schemas::check("experiment-dry-run", &planned);
    let [aware, nearest] = [0, 1].map(|at| planned["variants"][at].clone());
    for variant in [&aware, &nearest] {
        assert_eq!(
            (&variant["to_start"], &variant["kept"], &variant["estimate"]["runs"]),
            (&2.into(), &1.into(), &1.into())
        );
    }
    let twice = |at: usize| before["cells"][at]["usd"].as_f64().unwrap() * 2.0;
    let estimated = planned["estimate"]["usd"].as_f64().unwrap();
    assert!((estimated - twice(0) - twice(1)).abs() < 1e-9, "{planned}");
    assert_eq!(planned["budget"]["usd"], 5.0);
    let text = project.run(&["--dry-run"]).stdout;
    assert!(text.contains("(mean of 1 run)\n") && text.contains("\nestimate    "), "{text}");
}

#[test]
fn warns_of_acceptance_tests_that_do_not_load() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    fs::write(project.path("tasks/acceptance/test_shares.py"), "def test_(:\n").unwrap();
    let output = project.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let passed = " SHARES-001 phase-aware #1 passed, acceptance tests not run (";
    assert!(output.stderr.contains(passed), "{}", output.stderr);
    let warning = "warning: the acceptance tests of 1 run could not be run, and no acceptance rate";
    assert!(output.stdout.contains(warning), "{}", output.stdout);
    let row = |label: &str| output.stdout.lines().find(|line| line.starts_with(label)).unwrap().to_owned();
    assert_eq!(
        row("acceptance not run").split_whitespace().collect::<Vec<_>>(),
        ["acceptance", "not", "run", "1", "0"]
    );
    assert!(row("SHARES-001").contains("1 of 1, 0 accepted, 1 not run"), "{}", row("SHARES-001"));
}

#[test]
fn scripted_runs_are_no_estimate_for_models() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    assert_eq!(project.run(&[]).code, 0);
    project.edit(
        "experiment.toml",
        "feedback = \"nearest-phase\"",
        "set = { models.default = \"ollama:llama3.1:8b\" }",
    );
    let planned = project.run(&["--dry-run"]).stdout;
    let row = planned.lines().find(|line| line.starts_with("nearest")).unwrap();
    assert!(row.ends_with("none: no earlier run"), "{planned}");
}

#[test]
fn report_only_writes_the_tables_again() {
    let project = Project::with(&[ONCE, ONE_TASK]);
    let ran = project.run(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (answered, results) = (project.answered(), project.results());
    fs::remove_dir_all(project.path("phasegate-out")).unwrap();
    project.edit("experiment.toml", "repetitions = 1", "repetitions = 2");
    let output = project.run(&["--report-only", "--json"]);
    assert_eq!((output.code, project.answered()), (0, answered), "{}", output.stderr);
    let written = project.results();
    assert_eq!(standings(&written), ["passed", "failed", "not_started", "not_started"]);
    assert_eq!(written["cells"][0], results["cells"][0]);
    assert_eq!(project.run(&["--report-only", "--dry-run"]).code, 2);
}

#[test]
fn tables_are_written_after_each_run() {
    let project = Project::with(&[ONCE]);
    let running = project.run_until(1);
    let results = project.results();
    running.signal("KILL");
    assert!(standings(&results).iter().any(|standing| *standing == "passed" || *standing == "failed"), "{results}");
}

#[test]
fn unreached_provider_stops_further_runs() {
    let server = ModelServer::start("key", Arc::new(|_| Response::builder().status(401).body(Body::empty()).unwrap()));
    let project = Project::with(&[
        ONE_TASK,
        ("experiment.toml", "repetitions = 2", "repetitions = 8"),
        ("experiment.toml", "usd = 5.0", "usd = 5.0\ncalls = 400\ntokens = 2000000"),
    ]);
    let config = format!(
        "[models]\ndefault = \"local:the-model\"\n[providers.local]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n\
         [prices.\"local:the-model\"]\ninput = 1\noutput = 1\n",
        server.address
    );
    fs::write(project.path("phasegate.toml"), config).unwrap();
    let output = project.run(&["--jobs", "1"]);
    assert_eq!((output.code, server.requests().len()), (4, 3), "{}", output.stderr);
    let words = "provider `local` could not be reached, or refused the key, in 3 runs one after another. 13 runs were not started because \
                 of that. Nothing is lost: repeat the command when it answers again.\n";
    assert_eq!(output.stderr.matches(words).count(), 1, "{}", output.stderr);
    assert_eq!(standings(&project.results()).iter().filter(|standing| **standing == "not_started").count(), 13);
}
