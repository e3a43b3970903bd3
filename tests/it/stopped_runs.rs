//! The output folder of a run that stopped before its end: a report of what there is, written anew when the run goes on.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, is_third_design_call};
use serde_json::Value;

fn read(scenario: &Scenario, name: &str) -> String {
    fs::read_to_string(scenario.path("out").join(name)).unwrap()
}

fn status(scenario: &Scenario) -> String {
    let result: Value = serde_json::from_str(&read(scenario, "result.json")).unwrap();
    result["status"].as_str().unwrap().to_owned()
}

fn assert_stopped(scenario: &Scenario, run: &str, reason: &str) {
    assert_eq!(status(scenario), "stopped");
    let report = read(scenario, "report.md");
    assert!(report.starts_with("# ANSWER-001: stopped\n"), "{report}");
    assert!(report.contains(&format!("**Stopped**: {reason}")), "{report}");
    assert!(report.contains(&format!("`phasegate resume {run}` continues the run")), "{report}");
    assert!(scenario.path("out/artifacts/plan.json").exists());
}

#[test]
fn interrupted_run_has_a_report() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let run = running.run_id();
    let stopped = running.signal("INT");
    assert_eq!(stopped.code, 130, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("what there is so far: "), "{}", stopped.stderr);
    assert_stopped(&scenario, &run, "interrupted by Ctrl-C.");
    assert_eq!(scenario.resume(&run).code, 0);
    assert_eq!(status(&scenario), "passed");
    assert!(!read(&scenario, "report.md").contains("stopped"));
}

#[test]
fn cancelled_run_has_a_report() {
    let scenario = crate::scenario("slow");
    let running = scenario.run_until(&[], is_third_design_call);
    let run = running.run_id();
    assert_eq!(scenario.call(&["cancel", &run]).code, 0);
    assert_eq!(running.wait().code, 130);
    assert_stopped(&scenario, &run, "cancelled by ann.");
}

#[test]
fn unanswered_run_has_a_report() {
    let first = AtomicBool::new(true);
    let respond = move |request: &Value| match first.swap(false, Ordering::Relaxed) {
        true => ProviderKind::Chat.answer(request, "{ \"said\": \"yes\" }", 9),
        false => Response::builder().status(401).body(Body::from("{\"error\":{\"message\":\"no\"}}")).unwrap(),
    };
    let server = ModelServer::start("-", Arc::new(respond));
    let scenario = crate::scenario("asks-models");
    let config = ProviderKind::Chat.config(&format!("{}/v1", server.address), false, "");
    let mut command = scenario.verbose_run_command(&config, &[("MY_KEY", "k")]);
    command.env_remove("RUST_LOG");
    let output = Output::from_command(command);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_stopped(&scenario, &output.run_id(), "design#1 (design): ");
}

#[test]
fn run_without_budget_left_has_a_report() {
    let scenario = crate::scenario("asks-models");
    let config = format!("[models]\ndefault = \"scripted:{}\"\n[budget]\ncalls = 1\n", scenario.file("answers.toml"));
    fs::write(scenario.path("models.toml"), config).unwrap();
    let path = scenario.path("models.toml").display().to_string();
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &path]));
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_stopped(&scenario, &output.run_id(), "design#1 (design): ");
    let resumed = scenario.call(&["resume", &output.run_id(), "--calls", "9", "--json"]);
    assert_eq!((resumed.code, status(&scenario).as_str()), (0, "passed"), "{}", resumed.stderr);
}
