//! Answers in the providers' published formats, whole or as a stream of two pieces, and configurations that use them.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// A published format of model calls.
#[derive(Debug, Clone, Copy)]
pub enum ProviderKind {
    Chat,
    Messages,
}

impl ProviderKind {
    /// An answer with this text to a request. A stream is cut after `cut` bytes of the text.
    pub fn answer(self, request: &Value, text: &str, cut: usize) -> Response<Body> {
        match self {
            Self::Chat => chat(request, text, cut),
            Self::Messages => messages(request, text, cut),
        }
    }

    /// The name of the kind in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai",
            Self::Messages => "anthropic",
        }
    }

    /// A configuration with provider `mine`, model `m`, its key in `MY_KEY`, and more lines for the provider.
    pub fn config(self, base_url: &str, stream: bool, more: &str) -> String {
        let kind = self.name();
        format!(
            "[models]\ndefault = \"mine:m\"\nstream = {stream}\nretries = 1\n\n[providers.mine]\nkind = \"{kind}\"\n\
             base_url = \"{base_url}\"\nkey_env = \"MY_KEY\"\n{more}\n[prices.\"mine:m\"]\ninput = 3.0\noutput = 15.0\n"
        )
    }
}

fn respond_stream(lines: &[Value], end: &str) -> Response<Body> {
    let named = |line: &Value| match line["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {line}\n\n"),
        None => format!("data: {line}\n\n"),
    };
    let text: String = lines.iter().map(named).collect();
    Response::builder().header("content-type", "text/event-stream").body(Body::from(text + end)).unwrap()
}

/// A successful response with a JSON body.
pub fn respond_json(body: &Value) -> Response<Body> {
    Response::builder().header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

/// Chat completions. The official SDK accepts them with strict validation: see `tests/interop`.
fn chat(request: &Value, text: &str, cut: usize) -> Response<Body> {
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 });
    let chunk = |choices: Value, usage: &Value| {
        json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": choices, "usage": usage })
    };
    if request["stream"] == json!(true) {
        let (head, tail) = text.split_at(cut);
        let piece = |delta: Value, finish: Value| {
            chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), &Value::Null)
        };
        let lines = [
            piece(json!({ "role": "assistant", "content": head }), Value::Null),
            piece(json!({ "content": tail }), Value::Null),
            piece(json!({}), json!("stop")),
            chunk(json!([]), &usage),
        ];
        return respond_stream(&lines, "data: [DONE]\n\n");
    }
    let message = json!({ "role": "assistant", "content": text });
    respond_json(&json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage }))
}

/// Messages.
fn messages(request: &Value, text: &str, cut: usize) -> Response<Body> {
    let head = json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": { "input_tokens": 1000, "output_tokens": 1 } });
    if request["stream"] == json!(true) {
        let (first, last) = text.split_at(cut);
        let piece = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
        let lines = [
            json!({ "type": "message_start", "message": head }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            json!({ "type": "ping" }),
            piece(first),
            piece(last),
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null }, "usage": { "output_tokens": 100 } }),
            json!({ "type": "message_stop" }),
        ];
        return respond_stream(&lines, "");
    }
    let mut body = head;
    body["content"] = json!([{ "type": "text", "text": text }]);
    body["stop_reason"] = json!("end_turn");
    body["usage"] = json!({ "input_tokens": 1000, "output_tokens": 100 });
    respond_json(&body)
}
