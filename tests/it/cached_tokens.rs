//! Tokens from a provider's cache, and what they saved: in the summary, the report, `show` and `compare`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, respond_json};
use serde_json::{Value, json};

const ANSWER: &str = "{ \"said\": \"by a server\" }";

/// An answer to a request with 1000 input tokens, of which 600 came from the cache.
fn answer(kind: ProviderKind) -> Response<Body> {
    respond_json(&match kind {
        ProviderKind::Chat => json!({ "id": "c", "object": "chat.completion", "model": "m",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": ANSWER }, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": { "cached_tokens": 600 } } }),
        ProviderKind::Messages => json!({ "id": "m", "type": "message", "role": "assistant", "model": "m",
            "content": [{ "type": "text", "text": ANSWER }], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 400, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 0,
                "output_tokens": 100 } }),
    })
}

/// Runs two model calls; `cached_input` is a line of their price.
fn run(kind: ProviderKind, cached_input: &str) -> (Scenario, Output) {
    let server = ModelServer::start("-", Arc::new(move |_: &Value| answer(kind)));
    let scenario = crate::scenario("asks-models");
    let base = if matches!(kind, ProviderKind::Chat) { "/v1" } else { "" };
    let config = kind.config(&format!("{}{base}", server.address), false, "") + cached_input;
    scenario.set_user_config(&config);
    std::fs::write(scenario.path("models.toml"), &config).unwrap();
    let path = scenario.path("models.toml").display().to_string();
    let mut command = scenario.run_with(&["--config", &path]);
    command.env("MY_KEY", "k");
    let output = Output::from_command(command);
    assert_eq!(output.code, 0, "{}", output.stderr);
    (scenario, output)
}

fn report(scenario: &Scenario) -> String {
    std::fs::read_to_string(scenario.path("out/report.md")).unwrap()
}

fn row(text: &str, name: &str) -> String {
    let row = text.lines().rev().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{text}"));
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn cached_tokens_and_savings_are_shown() {
    let (scenario, output) = run(ProviderKind::Chat, "cached_input = 0.5\n");
    let models = "models 2 calls, 2.0k input tokens (1.2k of them cached, which saved 0.0030 USD), 200 output tokens, \
                  0.0060 USD";
    assert_eq!(row(&output.stdout, "models "), models);
    assert_eq!(row(&scenario.call(&["show", "ANSWER-001"]).stdout, "models "), models);
    let report = report(&scenario);
    assert!(
        report.contains("Of the tokens in, 1200 came from the provider's cache, which saved 0.0030 USD."),
        "{report}"
    );
    let json = scenario.call(&["show", "ANSWER-001", "--json"]).json();
    assert_eq!(json["totals"]["cached_input_tokens"], 1200);
}

#[test]
fn compare_shows_what_caches_saved() {
    let (scenario, _) = run(ProviderKind::Messages, "cached_input = 0.5\n");
    let run = scenario.call(&["runs", "--json"]).json()[0]["run_id"].as_str().unwrap().to_owned();
    let forked = scenario.call(&["fork", &run, "--at", "code", "--offline"]);
    assert_eq!(forked.code, 0, "{}", forked.stderr);
    let page = scenario.call(&["compare", &run, "ANSWER-001"]).stdout;
    assert_eq!(row(&page, "cached"), "cached 1.2k 1.2k");
    assert_eq!(row(&page, "saved by caches"), "saved by caches 0.0030 USD 0.0030 USD");
}

#[test]
fn savings_without_a_price_are_not_guessed() {
    let (scenario, output) = run(ProviderKind::Messages, "");
    let models = "models 2 calls, 2.0k input tokens (1.2k of them cached), 200 output tokens, 0.0090 USD";
    assert_eq!(row(&output.stdout, "models "), models);
    let report = report(&scenario);
    assert!(report.contains("Of the tokens in, 1200 came from the provider's cache.\n"), "{report}");
}
