//! The chat completions format, against a test server.

use std::path::Path;

use crate::common::server::{Play, Server, json, status, stream};
use crate::common::{CANARY, Complete as _, broker_with, call, request, text};
use phasegate_process::model::{Content, Error, Message, Request, Response, Role, Tool, Usage};
use serde_json::{Value, json as value};

async fn ask_of(server: &Server, extra: &str, request: Request) -> Result<Response, Error> {
    let providers =
        format!("[local]\nkind = \"openai\"\nbase_url = \"{}/v1\"\nkey_env = \"CANARY_KEY\"\n{extra}", server.address);
    let prices = "[\"local:m:8b\"]\ninput = 1\noutput = 2\ncached_input = 0.5";
    let mut models = crate::common::models("local:m:8b");
    models.retries = 0;
    let broker = broker_with(&models, &providers, prices, Path::new("."), &[("CANARY_KEY", CANARY)]).await.unwrap();
    broker.complete(call(request), |_| ()).await
}

async fn exchange(play: Play, extra: &str, request: Request) -> (Result<Response, Error>, Value) {
    let server = Server::playing(vec![play]).await;
    let answer = ask_of(&server, extra, request).await;
    (answer, server.asked().first().map(|asked| asked.body.clone()).unwrap_or_default())
}

fn completion(message: Value, finish: &str) -> Value {
    value!({
        "id": "c", "object": "chat.completion", "model": "m:8b",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_tokens_details": {"cached_tokens": 40}}
    })
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    let chunk = value!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": null});
    format!("data: {chunk}\n\n")
}

const COUNTED: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20,\"prompt_tokens_details\":{\"cached_tokens\":40}}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn streamed_and_whole_answers_are_equal() {
    let call = |id: &str, name: &str, arguments: &str| value!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let message = value!({"role": "assistant", "content": "Reading: grüß", "tool_calls": [call("c1", "read", "{\"path\": \"a\"}"), call("c2", "list", "")]});
    let part = |index: u64, id: Value, name: Value, arguments: &str| value!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
    let pieces = [
        chunk(value!({"role": "assistant", "content": ""}), None),
        chunk(value!({"content": "Reading: gr"}), None),
        chunk(value!({"content": "üß"}), None),
        chunk(part(0, value!("c1"), value!("read"), ""), None),
        chunk(part(0, Value::Null, Value::Null, "{\"path\":"), None),
        chunk(part(0, Value::Null, Value::Null, " \"a\"}"), None),
        chunk(part(1, value!("c2"), value!("list"), ""), None),
        chunk(value!({}), Some("tool_calls")),
        COUNTED.to_owned(),
        DONE.to_owned(),
    ];
    let (whole, _) = exchange(json(completion(message, "tool_calls")), "stream = false", request("x")).await;
    let (streamed, asked) =
        exchange(stream(&pieces.iter().map(String::as_str).collect::<Vec<_>>()), "", request("x")).await;
    let whole = whole.unwrap();
    assert_eq!(whole, streamed.unwrap());
    assert_eq!((&asked["stream"], &asked["stream_options"]), (&value!(true), &value!({"include_usage": true})));
    assert_eq!(whole.stop, "tool-calls");
    assert_eq!(whole.model, "local:m:8b");
    assert_eq!(
        whole.content,
        [
            Content::Text { text: "Reading: grüß".into() },
            Content::ToolCall { id: "c1".into(), name: "read".into(), arguments: r#"{"path":"a"}"#.into() },
            Content::ToolCall { id: "c2".into(), name: "list".into(), arguments: "{}".into() },
        ]
    );
    let usd = Some((60.0 + 40.0 * 0.5 + 20.0 * 2.0) / 1e6);
    assert_eq!(whole.usage, Usage { input_tokens: 100, output_tokens: 20, cached_input_tokens: 40, usd });
}

#[tokio::test]
async fn encodes_conversations_with_tools() {
    let mut request = request("read it");
    request.messages.insert(0, text(Role::System, "You are careful."));
    request.messages.push(Message {
        role: Role::Assistant,
        content: vec![
            Content::Opaque { json: r#"{"type":"thinking","thinking":"of another format"}"#.into() },
            Content::Opaque { json: r#"{"reasoning_content":"hm"}"#.into() },
            Content::ToolCall { id: "c1".into(), name: "read".into(), arguments: "{}".into() },
        ],
    });
    request.messages.push(Message {
        role: Role::User,
        content: vec![
            Content::Text { text: "And go on.".into() },
            Content::ToolResult { id: "c1".into(), text: "no such file".into(), is_error: true },
        ],
    });
    request.tools =
        vec![Tool { name: "read".into(), description: "Reads.".into(), parameters: r#"{"type":"object"}"#.into() }];
    request.tool_choice = "read".into();
    request.temperature = Some(0.5);
    request.seed = Some(7);
    let server = Server::playing(vec![json(completion(value!({"role": "assistant", "content": "ok"}), "stop"))]).await;
    let answer = ask_of(&server, "stream = false", request).await.unwrap();
    assert_eq!((answer.text().as_str(), answer.stop.as_str()), ("ok", "end"));

    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.header("authorization"), format!("Bearer {CANARY}"));
    assert_eq!(asked.header("idempotency-key"), "run-1/code/1/1");
    assert_eq!(
        asked.body,
        value!({
            "model": "m:8b", "max_tokens": 1000, "temperature": 0.5, "seed": 7,
            "messages": [
                {"role": "system", "content": "You are careful."},
                {"role": "user", "content": "read it"},
                {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "error: no such file"},
                {"role": "user", "content": "And go on."}
            ],
            "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "read"}}
        })
    );
}

#[tokio::test]
async fn requests_schemas_by_format_or_prompt() {
    let mut request = request("count");
    request.answer_schema = Some(r#"{"type":"object"}"#.into());
    let play = || json(completion(value!({"role": "assistant", "content": "{\"n\":1}"}), "stop"));
    let (answer, asked) = exchange(play(), "stream = false", request.clone()).await;
    assert_eq!(answer.unwrap().text(), "{\"n\":1}");
    assert_eq!(
        asked["response_format"],
        value!({"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}})
    );
    assert_eq!(asked["messages"].as_array().unwrap().len(), 1);

    let (_, asked) = exchange(play(), "stream = false\nstructured = false", request).await;
    assert_eq!(asked.get("response_format"), None);
    assert_eq!(
        asked["messages"][0],
        value!({"role": "system", "content": "Answer with one JSON document and nothing else: no words around it, no code fence. It must satisfy this JSON Schema:\n{\"type\":\"object\"}"})
    );
}

#[tokio::test]
async fn sends_only_what_the_provider_table_allows() {
    let mut request = request("x");
    request.temperature = Some(1.0);
    request.seed = Some(7);
    let play = json(completion(value!({"role": "assistant", "content": "ok"}), "stop"));
    let (_, asked) = exchange(play, "temperature = false\nseed = false\nmax_completion_tokens = true", request).await;
    assert_eq!(
        (asked.get("temperature"), asked.get("seed"), asked.get("max_tokens"), &asked["max_completion_tokens"]),
        (None, None, None, &value!(1000))
    );
}

#[tokio::test]
async fn accepts_whole_answers_to_streaming_requests() {
    let play = json(completion(value!({"role": "assistant", "content": "ok"}), "stop"));
    let (answer, asked) = exchange(play, "stream = true", request("x")).await;
    assert_eq!((asked["stream"].as_bool(), answer.unwrap().text().as_str()), (Some(true), "ok"));
}

#[tokio::test]
async fn reasoning_is_kept_beside_the_text() {
    let kept = |json: &str| Content::Opaque { json: json.to_owned() };
    let said = |text: &str| Content::Text { text: text.to_owned() };
    let tagged = value!({"content": "<think>\nhm, {\"n\":2}\n</think>\n\n{\"n\":1}"});
    let parts = value!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "ok"}]});
    for (message, expected) in [
        (value!({"reasoning_content": "hm", "content": "ok"}), [kept(r#"{"reasoning_content":"hm"}"#), said("ok")]),
        (value!({"reasoning": "hm", "content": "ok"}), [kept(r#"{"reasoning":"hm"}"#), said("ok")]),
        // Some servers send both.
        (
            value!({"reasoning_content": "hm", "reasoning": "hm", "content": "ok"}),
            [kept(r#"{"reasoning_content":"hm"}"#), said("ok")],
        ),
        (parts, [kept(r#"{"reasoning_content":"hm"}"#), said("ok")]),
        (tagged, [kept(r#"{"reasoning_content":"hm, {\"n\":2}"}"#), said("{\"n\":1}")]),
    ] {
        let answer = exchange(json(completion(message, "stop")), "", request("x")).await.0.unwrap();
        assert_eq!(answer.content, expected);
    }
    let pieces = [
        chunk(value!({"reasoning": "h"}), None),
        chunk(value!({"reasoning": "m"}), None),
        chunk(value!({"content": "ok"}), Some("stop")),
        "data: [DONE]\n\n".to_owned(),
    ];
    let answer = exchange(stream(&[&pieces.concat()]), "", request("x")).await.0.unwrap();
    assert_eq!(
        (answer.content.as_slice(), answer.text().as_str()),
        (&[kept(r#"{"reasoning":"hm"}"#), said("ok")][..], "ok")
    );
}

#[tokio::test]
async fn accepts_deviating_servers() {
    // Arguments as an object, no id, and a wrong finish reason.
    let message = value!({"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "read", "arguments": {"path": "a"}}}]});
    let (answer, _) = exchange(json(completion(message, "stop")), "", request("x")).await;
    let answer = answer.unwrap();
    assert_eq!(answer.stop, "tool-calls");
    assert_eq!(
        answer.content,
        [Content::ToolCall { id: "call-1".into(), name: "read".into(), arguments: r#"{"path":"a"}"#.into() }]
    );
    // No end marker and no usage: tokens are estimated, and the cost is unknown.
    let pieces = [chunk(value!({"content": "12345678"}), None), chunk(value!({}), Some("stop"))].concat();
    let (answer, _) = exchange(stream(&[&pieces]), "", request("1234")).await;
    assert_eq!(answer.unwrap().usage, Usage { input_tokens: 1, output_tokens: 2, cached_input_tokens: 0, usd: None });
}

#[tokio::test]
async fn maps_finish_reasons_to_the_contract() {
    for (theirs, ours) in [("stop", "end"), ("length", "max-tokens"), ("content_filter", "refusal"), ("odd", "odd")] {
        let play = json(completion(value!({"role": "assistant", "content": "x"}), theirs));
        assert_eq!(exchange(play, "", request("x")).await.0.unwrap().stop, ours);
    }
    let refusal = json(completion(value!({"role": "assistant", "content": null, "refusal": "I will not."}), "stop"));
    let answer = exchange(refusal, "", request("x")).await.0.unwrap();
    assert_eq!((answer.text().as_str(), answer.stop.as_str()), ("I will not.", "refusal"));
}

#[tokio::test]
async fn maps_provider_errors_to_the_contract() {
    let provider_error = |code: &str, message: &str| value!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
    for (number, code, message, expected) in [
        (
            401,
            "invalid_api_key",
            "Incorrect key",
            "model call denied: local answered 401: Incorrect key\nhint: look at the key and the account behind [providers.local]",
        ),
        (
            429,
            "insufficient_quota",
            "You exceeded your quota",
            "model call denied: local answered 429: You exceeded your quota\nhint: look at the key and the account behind [providers.local]",
        ),
        (
            400,
            "context_length_exceeded",
            "too much",
            "model request too long: local answered 400: too much\nhint: shorten the task or its context, or configure a model that takes more",
        ),
        (
            400,
            "unsupported",
            "Unsupported: 'response_format'",
            "model request refused: local answered 400: Unsupported: 'response_format'\nhint: [providers.local] structured = false may help",
        ),
        (
            404,
            "model_not_found",
            "no model m",
            "model request refused: local answered 404: no model m\nhint: look at the model's name under [models] and at [providers.local] base_url",
        ),
        (418, "teapot", "short\u{1b}[31m and\nstout", "model request refused: local answered 418: short[31m and stout"),
    ] {
        let (answer, _) = exchange(status(number, provider_error(code, message)), "", request("x")).await;
        assert_eq!(answer.unwrap_err().to_string(), expected);
    }
    let plain = Play { pieces: vec!["<html>bad gateway</html>".into()], ..status(502, Value::Null) };
    let (answer, _) = exchange(plain, "", request("x")).await;
    assert_eq!(answer.unwrap_err().to_string(), "model unavailable: local answered 502: <html>bad gateway</html>");
}
