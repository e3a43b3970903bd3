//! What a person without a terminal reads while a model call takes long.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, scenario_file};
use serde_json::Value;

/// Longer than the time after which a wait is reported.
const LONG: Duration = Duration::from_millis(7500);

type First = fn(&Value) -> Response<Body>;

/// A server whose first response is `first`.
fn server(first: First) -> ModelServer {
    let count = AtomicUsize::new(0);
    let respond = move |request: &Value| match count.fetch_add(1, Ordering::Relaxed) {
        0 => first(request),
        _ => answer(request),
    };
    ModelServer::start("-", Arc::new(respond))
}

/// A scenario whose configuration, `phasegate.toml`, uses a server.
fn scenario(name: &str, server: &ModelServer, more: &str) -> Scenario {
    let scenario = crate::scenario(name);
    let address = &server.address;
    let config = format!(
        "[models]\ndefault = \"mine:m\"\n{more}[providers.mine]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n"
    );
    scenario.set_user_config(&config);
    fs::write(scenario.path("phasegate.toml"), &config).unwrap();
    scenario
}

/// Runs a scenario against a server whose first response is `first`.
fn run(name: &str, more: &str, args: &[&str], first: First) -> Output {
    let server = server(first);
    let scenario = scenario(name, &server, more);
    let config = scenario.path("phasegate.toml").display().to_string();
    let output = Output::from_command(scenario.run_with(&[&["--config", &config], args].concat()));
    assert_eq!(output.code, 0, "{}", output.stderr);
    output
}

fn answer(request: &Value) -> Response<Body> {
    ProviderKind::Chat.answer(request, "{ \"said\": \"by a server\" }", 9)
}

fn answer_late(request: &Value) -> Response<Body> {
    std::thread::sleep(LONG);
    answer(request)
}

#[test]
fn late_first_tokens_are_told_on_stderr() {
    let output = run("asks-models", "", &["--json"], answer_late);
    let notes: Vec<&str> = output.stderr.lines().filter(|line| line.contains("no answer for ")).collect();
    let [note] = notes[..] else { panic!("{}", output.stderr) };
    assert!(
        note.starts_with("planning#1 plan: no answer for ") && note.ends_with(", waiting for the first token"),
        "{note}"
    );
    assert_eq!(output.events.len(), output.stdout.lines().count(), "{}", output.stdout);
}

#[test]
fn retries_are_told_with_reason_and_delay() {
    let refuse = |_: &Value| {
        let busy = "{\"error\":{\"message\":\"all slots are busy\"}}";
        Response::builder().status(503).header("retry-after", "8").body(Body::from(busy)).unwrap()
    };
    let output = run("asks-models", "", &[], refuse);
    let note = output.stderr.lines().find(|line| line.contains("waiting for a retry in ")).unwrap();
    assert!(note.contains("503") && note.contains("all slots are busy"), "{note}");
    assert!(!output.stdout.contains("waiting for"), "{}", output.stdout);
}

#[test]
fn calls_behind_others_wait_for_a_permit() {
    let output = run("slow", "concurrency = 1\n", &["--async"], answer_late);
    let waits_for = |what: &str| output.stderr.lines().filter(|line| line.ends_with(what)).count();
    assert_eq!(waits_for("waiting for the first token"), 1, "{}", output.stderr);
    assert_eq!(waits_for("waiting for a permit of `models.concurrency`"), 1, "{}", output.stderr);
}

#[test]
fn waits_of_experiments_name_their_run() {
    let server = server(answer_late);
    let scenario = scenario("asks-models", &server, "");
    let experiment = format!(
        "name = \"late\"\ntasks = ['{}']\n[[variant]]\nname = \"one\"\npipeline = '{}'\n",
        scenario.file("task.toml"),
        scenario_file("asks-models", "pipeline.toml")
    );
    fs::write(scenario.path("experiment.toml"), experiment).unwrap();
    let output = scenario.call(&["experiment", "experiment.toml"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let run = scenario.call(&["runs", "--json"]).json()[0]["run_id"].as_str().unwrap().to_owned();
    let notes: Vec<&str> = output.stderr.lines().filter(|line| line.contains("no answer for ")).collect();
    let [note] = notes[..] else { panic!("{}", output.stderr) };
    assert!(note.starts_with(&format!("{run} planning#1 plan: no answer for ")), "{note}");
    assert!(note.ends_with(" s, waiting for the first token"), "{note}");
}
