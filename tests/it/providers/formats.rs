//! Answers as the providers' published formats have them, whole or as a stream of two pieces.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

pub fn events(lines: &[Value], end: &str) -> Response<Body> {
    let named = |line: &Value| match line["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {line}\n\n"),
        None => format!("data: {line}\n\n"),
    };
    let text: String = lines.iter().map(named).collect();
    Response::builder().header("content-type", "text/event-stream").body(Body::from(text + end)).unwrap()
}

pub fn whole(body: &Value) -> Response<Body> {
    Response::builder().header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

/// Chat completions; a stream is cut after `cut` bytes of the words.
pub fn chat(asked: &Value, text: &str, cut: usize) -> Response<Body> {
    let usage = json!({ "prompt_tokens": 1000, "completion_tokens": 100 });
    if asked["stream"] == json!(true) {
        let (head, tail) = text.split_at(cut);
        let piece = |delta: Value, finish: Value| json!({ "id": "c", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
        let lines = [
            piece(json!({ "role": "assistant", "content": head }), Value::Null),
            piece(json!({ "content": tail }), Value::Null),
            piece(json!({}), json!("stop")),
            json!({ "id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage }),
        ];
        return events(&lines, "data: [DONE]\n\n");
    }
    let message = json!({ "role": "assistant", "content": text });
    whole(&json!({ "id": "c", "object": "chat.completion", "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage }))
}

/// Messages; a stream is cut after `cut` bytes of the words.
pub fn messages(asked: &Value, text: &str, cut: usize) -> Response<Body> {
    let head = json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": { "input_tokens": 1000, "output_tokens": 1 } });
    if asked["stream"] == json!(true) {
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
        return events(&lines, "");
    }
    let mut body = head;
    body["content"] = json!([{ "type": "text", "text": text }]);
    body["stop_reason"] = json!("end_turn");
    body["usage"] = json!({ "input_tokens": 1000, "output_tokens": 100 });
    whole(&body)
}
