//! The Anthropic Messages format, against a test server.

use std::path::Path;

use crate::common::server::{Play, Server, json, status, stream};
use crate::common::{CANARY, Complete as _, broker_with, call, request, text};
use phasegate_broker::Progress;
use phasegate_process::model::{Content, Error, Message, Request, Response, Role, Tool};
use serde_json::{Value, json as value};

async fn ask_of(server: &Server, streaming: bool, request: Request) -> Result<Response, Error> {
    let providers =
        format!("[anthropic]\nbase_url = \"{}\"\nkey_env = \"CANARY_KEY\"\nstream = {streaming}", server.address);
    let prices = "[\"anthropic:claude\"]\ninput = 3\noutput = 15\ncached_input = 0.3";
    let mut models = crate::common::models("anthropic:claude");
    models.retries = 0;
    let broker = broker_with(&models, &providers, prices, Path::new("."), &[("CANARY_KEY", CANARY)]).await.unwrap();
    broker.complete(call(request), |_| ()).await
}

async fn exchange(play: Play, streaming: bool, request: Request) -> (Result<Response, Error>, Value) {
    let server = Server::playing(vec![play]).await;
    let answer = ask_of(&server, streaming, request).await;
    (answer, server.asked()[0].body.clone())
}

fn message(content: Value, stop: &str) -> Value {
    value!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": content,
        "stop_reason": stop, "stop_sequence": null,
        "usage": {"input_tokens": 100, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 1000, "output_tokens": 50}
    })
}

/// Converts an answer to events, its text and arguments in small pieces.
fn events(content: &Value, stop: &str) -> Play {
    let mut pieces = vec![
        event(
            value!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
            "usage": {"input_tokens": 100, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 1000, "output_tokens": 1}}}),
        ),
        event(value!({"type": "ping"})),
    ];
    for (index, block) in content.as_array().unwrap().iter().enumerate() {
        let kind = block["type"].as_str().unwrap();
        let mut start = block.clone();
        let mut deltas = Vec::new();
        let mut cut = |field: &str, delta: &str, piece: &str, whole: String| {
            start[field] = if field == "input" { value!({}) } else { value!("") };
            let letters: Vec<char> = whole.chars().collect();
            deltas.extend(
                letters.chunks(3).map(|letters| value!({"type": delta, piece: letters.iter().collect::<String>()})),
            );
        };
        match kind {
            "text" => cut("text", "text_delta", "text", block["text"].as_str().unwrap().into()),
            "tool_use" => cut(
                "input",
                "input_json_delta",
                "partial_json",
                match &block["input"] {
                    Value::String(text) => text.clone(),
                    input => input.to_string(),
                },
            ),
            _ => {
                cut("thinking", "thinking_delta", "thinking", block["thinking"].as_str().unwrap().into());
                cut("signature", "signature_delta", "signature", block["signature"].as_str().unwrap().into());
            }
        }
        pieces.push(event(value!({"type": "content_block_start", "index": index, "content_block": start})));
        pieces.extend(
            deltas
                .into_iter()
                .map(|delta| event(value!({"type": "content_block_delta", "index": index, "delta": delta}))),
        );
        pieces.push(event(value!({"type": "content_block_stop", "index": index})));
    }
    pieces.push(event(value!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 50}})));
    pieces.push(event(value!({"type": "message_stop"})));
    let all = pieces.concat();
    // The stream is cut within an event.
    let pieces: Vec<String> =
        all.as_bytes().chunks(50).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect();
    stream(&pieces.iter().map(String::as_str).collect::<Vec<_>>())
}

fn event(data: Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

#[tokio::test]
async fn streamed_and_whole_answers_are_equal() {
    let content = value!([
        {"type": "thinking", "thinking": "First I look.", "signature": "abc123=="},
        {"type": "text", "text": "I will read two files."},
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.py", "lines": [1, 2]}},
        {"type": "tool_use", "id": "toolu_2", "name": "list", "input": {}}
    ]);
    let (whole, _) = exchange(json(message(content.clone(), "tool_use")), false, request("hi")).await;
    let (streamed, asked) = exchange(events(&content, "tool_use"), true, request("hi")).await;
    let whole = whole.unwrap();
    assert_eq!(whole, streamed.unwrap());
    assert_eq!(asked["stream"], true);
    assert_eq!(whole.stop, "tool-calls");
    assert_eq!(whole.model, "anthropic:claude");
    assert_eq!(
        whole.content[1..],
        [
            Content::Text { text: "I will read two files.".into() },
            Content::ToolCall {
                id: "toolu_1".into(),
                name: "read".into(),
                arguments: r#"{"lines":[1,2],"path":"a.py"}"#.into()
            },
            Content::ToolCall { id: "toolu_2".into(), name: "list".into(), arguments: "{}".into() },
        ]
    );
    let Content::Opaque { json } = &whole.content[0] else { panic!("thinking is handed through") };
    assert_eq!(serde_json::from_str::<Value>(json).unwrap(), content[0]);
    assert_eq!(
        (whole.usage.input_tokens, whole.usage.cached_input_tokens, whole.usage.output_tokens),
        (1120, 1000, 50)
    );
    assert!((whole.usage.usd.unwrap() - (100.0 * 3.0 + 20.0 * 3.75 + 1000.0 * 0.3 + 50.0 * 15.0) / 1e6).abs() < 1e-12);
}

#[tokio::test]
async fn encodes_conversations_with_tools() {
    let mut request = request("read it");
    request.messages.insert(0, text(Role::System, "You are careful."));
    request.messages.push(Message {
        role: Role::Assistant,
        content: vec![
            Content::Opaque { json: r#"{"reasoning_content":"of another format"}"#.into() },
            Content::Opaque { json: r#"{"type":"thinking","thinking":"hm","signature":"s"}"#.into() },
            Content::ToolCall { id: "toolu_1".into(), name: "read".into(), arguments: r#"{"path":"a"}"#.into() },
        ],
    });
    request.messages.push(text(Role::User, "And go on."));
    request.messages.push(Message {
        role: Role::User,
        content: vec![Content::ToolResult { id: "toolu_1".into(), text: "no such file".into(), is_error: true }],
    });
    request.tools =
        vec![Tool { name: "read".into(), description: "Reads.".into(), parameters: r#"{"type":"object"}"#.into() }];
    request.temperature = Some(0.5);
    // The format has no seed.
    request.seed = Some(7);
    let server = Server::playing(vec![json(message(value!([{"type": "text", "text": "ok"}]), "end_turn"))]).await;
    let answer = ask_of(&server, false, request).await.unwrap();
    assert_eq!((answer.text().as_str(), answer.stop.as_str()), ("ok", "end"));

    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/messages");
    assert_eq!((asked.header("x-api-key"), asked.header("anthropic-version")), (CANARY, "2023-06-01"));
    assert_eq!(
        asked.body,
        value!({
            "model": "claude", "max_tokens": 1000, "stream": false, "temperature": 0.5, "system": "You are careful.",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "read it"}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a"}}
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such file", "is_error": true},
                    {"type": "text", "text": "And go on."}
                ]}
            ],
            "tools": [{"name": "read", "description": "Reads.", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "auto"}
        })
    );
}

const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}"#;

#[tokio::test]
async fn structured_answers_use_a_forced_tool() {
    let mut request = request("count");
    request.answer_schema = Some(SCHEMA.into());
    let content = value!([{"type": "text", "text": "Here:"}, {"type": "tool_use", "id": "t", "name": "give_answer", "input": {"n": 3}}]);
    for (play, streaming) in [(json(message(content.clone(), "tool_use")), false), (events(&content, "tool_use"), true)]
    {
        let (answer, asked) = exchange(play, streaming, request.clone()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.content, [Content::Text { text: r#"{"n":3}"#.into() }]);
        assert_eq!(answer.stop, "end");
        assert_eq!(asked["tool_choice"], value!({"type": "tool", "name": "give_answer"}));
        assert_eq!(asked["tools"][0]["input_schema"], serde_json::from_str::<Value>(SCHEMA).unwrap());
    }
}

#[tokio::test]
async fn truncated_answers_keep_what_arrived() {
    let mut request = request("count");
    request.answer_schema = Some(SCHEMA.into());
    let content = value!([{"type": "tool_use", "id": "t", "name": "give_answer", "input": "{\"n\": 12"}]);
    let (answer, _) = exchange(events(&content, "max_tokens"), true, request.clone()).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text().as_str(), answer.stop.as_str()), ("{\"n\": 12", "max-tokens"));

    let content =
        value!([{"type": "text", "text": "a"}, {"type": "tool_use", "id": "t", "name": "read", "input": "{\"pa"}]);
    let (answer, _) = exchange(events(&content, "max_tokens"), true, request).await;
    assert_eq!(answer.unwrap().content, [Content::Text { text: "a".into() }]);
}

#[tokio::test]
async fn rejects_arguments_that_are_not_objects() {
    let content = value!([{"type": "tool_use", "id": "t", "name": "read", "input": "[1]"}]);
    let (answer, _) = exchange(events(&content, "tool_use"), true, request("x")).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "model unavailable: anthropic broke its answer off: a tool call's arguments are no JSON object"
    );
}

#[tokio::test]
async fn rejects_deltas_of_blocks_that_never_began() {
    let begun = event(value!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}}));
    let piece = value!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lost"}});
    let stop = event(value!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}));
    let play = stream(&[&begun, &event(piece), &stop, &event(value!({"type": "message_stop"}))]);
    let (answer, _) = exchange(play, true, request("hi")).await;
    let text = answer.unwrap_err().to_string();
    assert_eq!(text, "model unavailable: anthropic broke its answer off: a part of it is no JSON object");
}

#[tokio::test]
async fn ignores_bytes_after_the_end() {
    let mut play = events(&value!([{"type": "text", "text": "hello"}]), "end_turn");
    play.pieces = vec![[play.pieces.concat(), b"data: no json\n\n".to_vec()].concat()];
    let (answer, _) = exchange(play, true, request("hi")).await;
    assert_eq!(answer.unwrap().text(), "hello");
}

#[tokio::test]
async fn maps_stop_reasons_to_the_contract() {
    for (theirs, ours) in [
        ("end_turn", "end"),
        ("stop_sequence", "end"),
        ("max_tokens", "max-tokens"),
        ("model_context_window_exceeded", "max-tokens"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
    ] {
        let (answer, _) =
            exchange(json(message(value!([{"type": "text", "text": "x"}]), theirs)), false, request("x")).await;
        assert_eq!(answer.unwrap().stop, ours);
    }
}

#[tokio::test]
async fn maps_provider_errors_to_the_contract() {
    let provider_error =
        |kind: &str, message: &str| value!({"type": "error", "error": {"type": kind, "message": message}});
    for (code, kind, message, expected) in [
        (
            401,
            "authentication_error",
            "invalid x-api-key",
            "model call denied: anthropic answered 401: invalid x-api-key\nhint: look at the key and the account behind [providers.anthropic]",
        ),
        (
            403,
            "permission_error",
            "no",
            "model call denied: anthropic answered 403: no\nhint: look at the key and the account behind [providers.anthropic]",
        ),
        (
            404,
            "not_found_error",
            "model: claude",
            "model request refused: anthropic answered 404: model: claude\nhint: look at the model's name under [models] and at [providers.anthropic] base_url",
        ),
        (
            400,
            "invalid_request_error",
            "max_tokens: too large",
            "model request refused: anthropic answered 400: max_tokens: too large\nhint: [providers.anthropic] max_output_tokens = N keeps answers within what the model supports",
        ),
        (
            400,
            "invalid_request_error",
            "temperature is deprecated for this model",
            "model request refused: anthropic answered 400: temperature is deprecated for this model\nhint: [providers.anthropic] temperature = false may help",
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "model request too long: anthropic answered 400: prompt is too long: 210000 tokens > 200000 maximum\nhint: shorten the task or its context, or configure a model that takes more",
        ),
        (
            413,
            "request_too_large",
            "big",
            "model request too long: anthropic answered 413: big\nhint: shorten the task or its context, or configure a model that takes more",
        ),
        (529, "overloaded_error", "Overloaded", "model unavailable: anthropic answered 529: Overloaded"),
    ] {
        let (answer, _) = exchange(status(code, provider_error(kind, message)), true, request("x")).await;
        assert_eq!(answer.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn reports_progress_while_streaming() {
    let server = Server::playing(vec![events(&value!([{"type": "text", "text": "123456789"}]), "end_turn")]).await;
    let providers = format!("[anthropic]\nbase_url = \"{}/v1/\"", server.address);
    let broker =
        crate::common::broker(&crate::common::models("anthropic:claude"), &providers, Path::new(".")).await.unwrap();
    let seen = std::sync::Mutex::new(Vec::new());
    broker.complete(call(request("x")), |progress| seen.lock().unwrap().push(progress)).await.unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.first(), Some(&Progress::Requesting { attempt: 1 }));
    assert_eq!(seen.last(), Some(&Progress::Receiving { characters: 9 }));
    assert_eq!(server.asked()[0].path, "/v1/messages");
    assert_eq!(server.asked()[0].header("x-api-key"), "", "an own address gets no key unless one is named");
}

#[tokio::test]
async fn rejects_unsupported_requests_before_sending() {
    let server = Server::playing(vec![status(500, value!({}))]).await;
    let refused = async |change: fn(&mut Request)| {
        let mut request = request("x");
        change(&mut request);
        ask_of(&server, true, request).await.unwrap_err().to_string()
    };
    assert_eq!(
        refused(|r| r.messages[0].content.clear()).await,
        "model request refused: the request has no message with words in it"
    );
    assert_eq!(
        refused(|r| r.tool_choice = "read".into()).await,
        "model request refused: tool_choice `read` is no tool on offer\nhint: use auto, none, required or a tool's name"
    );
    assert_eq!(
        refused(|r| r.answer_schema = Some("{".into())).await,
        "model request refused: answer_schema is no JSON: EOF while parsing an object at line 1 column 1"
    );
    assert_eq!(
        refused(|r| r.tools.push(Tool { name: "t".into(), description: String::new(), parameters: "3".into() })).await,
        "model request refused: the parameters of tool `t` is no JSON object"
    );
    assert!(server.asked().is_empty());
}
