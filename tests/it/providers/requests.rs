//! What requests carry: configured headers and queries, schemas as plugins wrote them, and breakpoints of the cache.

use std::sync::Arc;

use phasegate_test::{ModelServer, Output, ProviderKind, Request};
use serde_json::{Value, json};

use super::{ANSWER, KEY, Run, assert_keyless, respond};

const TOKEN: &str = "gw-token-81c2d7f0a9";

#[test]
fn configured_headers_and_queries_are_sent() {
    let echo = |request: &Value| {
        // A server that repeats what it was sent.
        let said = ANSWER.replace("server", &format!("server {TOKEN}"));
        ProviderKind::Chat.answer(request, &said, 9)
    };
    let server = ModelServer::start(KEY, Arc::new(echo));
    let scenario = crate::scenario("asks-models");
    let config = format!(
        "[models]\ndefault = \"azure:m\"\n[providers.azure]\nkind = \"openai\"\nbase_url = \"{}/openai/deployments/d\"\n\
         query = {{ \"api-version\" = \"2024-10-21\", \"tag\" = {{ env = \"GATEWAY_TOKEN\" }} }}\nkey_env = \"MY_KEY\"\n\
         key_header = \"api-key\"\nheaders = {{ \"X-Team\" = \"a b\", \"x-gateway-token\" = {{ env = \"GATEWAY_TOKEN\" }} }}\n",
        server.address
    );
    let command = scenario.verbose_run_command(&config, &[("MY_KEY", KEY), ("GATEWAY_TOKEN", TOKEN)]);
    let output = Output::from_command(command);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(KEY) && !text.contains(TOKEN), "a secret is in the output");
    }
    assert_keyless(&scenario.path("state"));
    for request in server.requests() {
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(request.path, format!("/openai/deployments/d/chat/completions?api-version=2024-10-21&tag={TOKEN}"));
        assert_eq!(header("api-key").as_deref(), Some(KEY));
        assert_eq!(header("authorization"), None);
        assert_eq!((header("x-team").as_deref(), header("x-gateway-token").as_deref()), (Some("a b"), Some(TOKEN)));
    }
}

/// The first request of the planner that comes with Phasegate.
fn request_of_planner(kind: ProviderKind) -> Request {
    let server = ModelServer::start(KEY, Arc::new(|_: &Value| respond(401, "application/json", "{\"error\":\"no\"}")));
    let scenario = crate::scenario("asks-models");
    let config = kind.config(&format!("{}/v1", server.address), true, "");
    scenario.set_user_config(&config);
    std::fs::write(scenario.path("models.toml"), &config).unwrap();
    let file = scenario.path("models.toml").display().to_string();
    let mut command = scenario.first_task_command(&["--config", &file]);
    command.env("MY_KEY", KEY);
    let output = Output::from_command(command);
    let requests = server.requests();
    requests.into_iter().next().unwrap_or_else(|| panic!("{}", output.stderr))
}

#[test]
fn schemas_keep_the_order_of_keys() {
    for kind in [ProviderKind::Chat, ProviderKind::Messages] {
        let request = request_of_planner(kind);
        let schema = match kind {
            ProviderKind::Chat => "\"schema\":",
            ProviderKind::Messages => "\"input_schema\":",
        };
        let (_, schema) = request.text.split_once(schema).unwrap_or_else(|| panic!("{}", request.text));
        let place = |key: &str| schema.find(&format!("\"{key}\"")).unwrap_or_else(|| panic!("{key}: {schema}"));
        // As the planner wrote it, not by the alphabet.
        let keys = ["type", "properties", "unit_id", "description", "dependencies", "api_interactions"];
        assert!(keys.map(place).is_sorted(), "{schema}");
    }
}

#[test]
fn common_parts_are_marked_for_the_cache() {
    let request = request_of_planner(ProviderKind::Messages);
    let marks = request.text.matches("\"cache_control\":{\"type\":\"ephemeral\"}").count();
    assert!((1..=4).contains(&marks), "{}", request.text);
    // What only this call asks is not marked.
    let last = request.body["messages"][0]["content"].as_array().unwrap().last().unwrap();
    assert_eq!(last["cache_control"], Value::Null, "{last}");
}

#[test]
fn cached_tokens_are_counted_and_priced() {
    let usage = json!({ "input_tokens": 100, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 700, "output_tokens": 100 });
    let answer = json!({ "content": [{ "type": "text", "text": ANSWER }], "stop_reason": "end_turn", "usage": usage });
    let respond = move |_: &Value| respond(200, "application/json", answer.to_string());
    let (output, _) = Run::of(ProviderKind::Messages).against(respond);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let event = output.events_named("model_answered").next().unwrap();
    assert_eq!((&event["usage"]["input_tokens"], &event["usage"]["cached_input_tokens"]), (&json!(1000), &json!(700)));
    // 3 and 15 dollars a million; writes to the cache cost a quarter more than input.
    let usd = event["usage"]["usd"].as_f64().unwrap();
    assert!((usd - (800.0 * 3.0 + 200.0 * 3.75 + 100.0 * 15.0) / 1e6).abs() < 1e-9, "{usd}");
}
