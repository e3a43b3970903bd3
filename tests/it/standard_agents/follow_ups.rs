//! Follow-up questions of the standard agents as a server receives them: with the model's reasoning, and within its limit.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Scenario, examples, respond_json};
use serde_json::{Value, json};

use crate::first_task::blob;

const THOUGHT: &str = "Perhaps {\"semantic_units\": []}? No.";

fn plan() -> String {
    fs::read_to_string(examples().join("first-task/answers/plan.json")).unwrap()
}

/// An answer of a chat completions server.
fn chat(message: Value, finish: &str, output_tokens: u32) -> Value {
    json!({ "choices": [{ "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 2000, "completion_tokens": output_tokens } })
}

/// An answer of a Messages server.
fn messages(content: Value) -> Value {
    json!({ "content": content, "stop_reason": "end_turn", "usage": { "input_tokens": 2000, "output_tokens": 9 } })
}

/// Plans the first example with two answers, and refuses what comes after. Returns the two requests.
fn plan_with(kind: ProviderKind, answers: [Value; 2]) -> (Scenario, Output, [Value; 2]) {
    let count = AtomicUsize::new(0);
    let respond = move |_: &Value| match answers.get(count.fetch_add(1, Ordering::Relaxed)) {
        Some(answer) => respond_json(answer),
        None => Response::builder().status(401).body(Body::from("enough")).unwrap(),
    };
    let server = ModelServer::start("-", Arc::new(respond));
    let scenario = crate::scenario("first-task");
    let base = if matches!(kind, ProviderKind::Chat) { "/v1" } else { "" };
    let config = kind.config(&format!("{}{base}", server.address), false, "");
    scenario.set_user_config(&config);
    fs::write(scenario.path("models.toml"), &config).unwrap();
    let path = scenario.path("models.toml").display().to_string();
    let mut command = scenario.first_task_command(&["--pipeline", "planning-design", "--config", &path]);
    command.env("MY_KEY", "k");
    let output = Output::from_command(command);
    assert_eq!(output.code, 4, "{}", output.stderr);
    let planned = output.events_named("phase_finished").next().unwrap_or_else(|| panic!("{}", output.stderr));
    assert_eq!((planned["phase"].as_str(), planned["attempt"].as_u64()), (Some("planning"), Some(1)));
    let [first, second] = [0, 1].map(|number| server.requests()[number].body.clone());
    (scenario, output, [first, second])
}

#[test]
fn repair_questions_repeat_the_reasoning() {
    for field in ["reasoning_content", "reasoning"] {
        let first = chat(json!({ "content": "No plan yet.", field: THOUGHT }), "stop", 9);
        let second = chat(json!({ "content": plan(), field: THOUGHT }), "stop", 9);
        let (scenario, output, [_, repair]) = plan_with(ProviderKind::Chat, [first, second]);
        assert_eq!(repair["messages"][2], json!({ "role": "assistant", "content": "No plan yet.", field: THOUGHT }));
        let answered = output.events_named("model_answered").next().unwrap();
        let content = blob(&scenario, &answered["answer"])["Ok"]["content"].clone();
        let kept = json!({ field: THOUGHT }).to_string();
        assert_eq!(content, json!([{ "type": "opaque", "json": kept }, { "type": "text", "text": "No plan yet." }]));
        let report = fs::read_to_string(scenario.path("out/report.md")).unwrap();
        for text in [&output.stdout, &output.stderr, &report] {
            assert!(!text.contains("Perhaps"), "{text}");
        }
    }
    let tags = chat(json!({ "content": format!("<think>\n{THOUGHT}\n</think>\n\nNo plan yet.") }), "stop", 9);
    let (.., [_, repair]) = plan_with(ProviderKind::Chat, [tags, chat(json!({ "content": plan() }), "stop", 9)]);
    let message = json!({ "role": "assistant", "content": "No plan yet.", "reasoning_content": THOUGHT });
    assert_eq!(repair["messages"][2], message);
}

#[test]
fn repair_questions_repeat_signed_blocks() {
    let thinking = json!([{ "type": "thinking", "thinking": THOUGHT, "signature": "c2ln" },
        { "type": "redacted_thinking", "data": "ZW5j" }, { "type": "text", "text": "No plan yet." }]);
    let second = messages(json!([{ "type": "text", "text": plan() }]));
    let (_, _, [_, repair]) = plan_with(ProviderKind::Messages, [messages(thinking.clone()), second]);
    assert_eq!(repair["messages"][1], json!({ "role": "assistant", "content": thinking }));
}

#[test]
fn cut_answers_are_asked_within_the_limit() {
    // The model writes 2,048 tokens at most, of 8,000 that are asked for, and says so nowhere.
    let cut = chat(json!({ "content": plan()[..200] }), "length", 2048);
    let whole = chat(json!({ "content": plan() }), "stop", 2000);
    let (_, output, [first, second]) = plan_with(ProviderKind::Chat, [cut, whole]);
    assert_eq!((first["max_tokens"].as_u64(), second["max_tokens"].as_u64()), (Some(8000), Some(2048)));
    let question = |request: &Value| request["messages"][1]["content"].as_str().unwrap().to_owned();
    let added = question(&second).strip_prefix(&question(&first)).unwrap().to_owned();
    assert!(added.starts_with("Your first answer was cut off at 2048 tokens"), "{added}");
    let labels: Vec<_> = output.events_named("model_asked").take(2).map(|event| event["label"].clone()).collect();
    assert_eq!(labels, ["planning", "planning/longer"]);
}
