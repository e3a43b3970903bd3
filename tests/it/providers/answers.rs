//! Answers that deviate from the published formats and are complete nevertheless.

use std::io::Write as _;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::ProviderKind;
use serde_json::{Value, json};

use super::{ANSWER, Run, first, respond};

/// A whole answer of a chat completions server with this choice.
fn whole(choice: Value) -> Value {
    json!({ "choices": [choice], "usage": { "prompt_tokens": 1000, "completion_tokens": 100 } })
}

fn answer_with(content: impl Into<Value>) -> Value {
    json!({ "message": { "content": content.into() }, "finish_reason": "stop" })
}

fn json_of(choice: Value) -> Response<Body> {
    respond(200, "application/json", whole(choice).to_string())
}

/// A stream of a chat completions server whose lines end so.
fn stream(end_of_line: &str, prefix: &str) -> String {
    let delta =
        |delta: Value, finish: Value| json!({ "choices": [{ "delta": delta, "finish_reason": finish }] }).to_string();
    let (head, tail) = ANSWER.split_at(9);
    let events = [
        delta(json!({ "role": "assistant", "content": head }), Value::Null),
        delta(json!({ "content": tail }), Value::Null),
        delta(json!({}), json!("stop")),
        json!({ "choices": [], "usage": { "prompt_tokens": 1000, "completion_tokens": 100 } }).to_string(),
        "[DONE]".to_owned(),
    ];
    let comment = format!(": ping{end_of_line}{end_of_line}");
    events.iter().map(|event| format!("{comment}{prefix}{event}{end_of_line}{end_of_line}")).collect()
}

/// Each first answer is complete: the run passes with two requests, and every token is counted.
fn assert_taken(kind: ProviderKind, answers: &[fn() -> Response<Body>]) {
    for (number, answer) in answers.iter().enumerate() {
        let (output, requests) = Run::of(kind).against(first(kind, vec![*answer]));
        assert_eq!((output.code, requests.len()), (0, 2), "answer {number}: {}", output.stderr);
        let answered: Vec<_> = output.events_named("model_answered").collect();
        assert!(answered.iter().all(|event| event["stop"] == "end"), "answer {number}: {answered:?}");
        assert_eq!(answered[0]["usage"]["input_tokens"], 1000, "answer {number}");
    }
}

#[test]
fn bytes_decide_whether_answers_are_streams() {
    assert_taken(
        ProviderKind::Chat,
        &[
            || respond(200, "application/json", stream("\n", "data: ")),
            || respond(200, "", stream("\r\n", "data:")),
            || respond(200, "Text/Event-Stream; charset=utf-8", stream("\r", "event: message\rdata: ")),
            || respond(200, "text/plain", format!("\n\n {}", whole(answer_with(ANSWER)))),
            || respond(200, "text/event-stream", whole(answer_with(ANSWER)).to_string()),
            || respond(200, "", format!("\u{feff}{}", whole(answer_with(ANSWER)))),
            || respond(200, "text/event-stream", stream("\n", "data: ").trim_end().to_owned()),
        ],
    );
}

#[test]
fn reasoning_is_no_part_of_answers() {
    assert_taken(
        ProviderKind::Chat,
        &[
            || {
                json_of(answer_with(
                    json!([{ "type": "text", "text": &ANSWER[..9] }, { "type": "text", "text": &ANSWER[9..] }]),
                ))
            },
            || {
                json_of(answer_with(
                    json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] }, { "type": "text", "text": ANSWER }]),
                ))
            },
            || json_of(json!({ "message": { "reasoning_content": "hm", "content": ANSWER }, "finish_reason": "stop" })),
            || {
                json_of(
                    json!({ "message": { "reasoning": "hm", "content": ANSWER, "refusal": null }, "finish_reason": "stop" }),
                )
            },
            || json_of(answer_with(format!("<think>\nhm, {{\n</think>\n\n{ANSWER}"))),
        ],
    );
    let thinking = || {
        let content =
            json!([{ "type": "thinking", "thinking": "hm", "signature": "s" }, { "type": "text", "text": ANSWER }]);
        let usage = json!({ "input_tokens": 1000, "output_tokens": 100 });
        respond(200, "", json!({ "content": content, "stop_reason": "end_turn", "usage": usage }).to_string())
    };
    assert_taken(ProviderKind::Messages, &[thinking]);
}

#[test]
fn odd_documents_are_read() {
    assert_taken(
        ProviderKind::Chat,
        &[
            || {
                let answer = whole(answer_with(ANSWER)).to_string();
                respond(
                    200,
                    "application/json",
                    answer.replacen('{', "{\"logprob\": NaN, \"scores\": [-Infinity], ", 1),
                )
            },
            // Whole content that was counted, without a reason.
            || json_of(json!({ "message": { "content": ANSWER }, "finish_reason": null })),
            || json_of(json!({ "message": { "content": ANSWER }, "finish_reason": "EOS" })),
        ],
    );
    let halves = || {
        let stream = stream("\n", "data: ");
        let (head, tail) = stream.split_once("by a").unwrap();
        let rest = "\\ud83d\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\\ude00 by a";
        respond(200, "text/event-stream", format!("{head}{rest}{tail}"))
    };
    let (output, _) = Run::of(ProviderKind::Chat).against(first(ProviderKind::Chat, vec![halves]));
    assert_eq!(output.code, 0, "{}", output.stderr);
}

fn compressed(program: &[&str], text: &str) -> Vec<u8> {
    let mut child =
        Command::new(program[0]).args(&program[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output.stdout
}

const DEFLATE: [&str; 3] =
    ["python3", "-c", "import sys, zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))"];

fn encoded(encoding: &str, bytes: Vec<u8>) -> Response<Body> {
    Response::builder().header("content-encoding", encoding).body(Body::from(bytes)).unwrap()
}

#[test]
fn answers_may_be_compressed() {
    assert_taken(
        ProviderKind::Chat,
        &[
            || encoded("gzip", compressed(&["gzip"], &stream("\n", "data: "))),
            || encoded("gzip", compressed(&["gzip"], &whole(answer_with(ANSWER)).to_string())),
            || encoded("deflate", compressed(&DEFLATE, &stream("\n", "data: "))),
        ],
    );
}

#[test]
fn small_answers_that_expand_are_rejected() {
    let bomb = compressed(&["gzip"], &" ".repeat(40 * 1024 * 1024));
    assert!(bomb.len() < 100_000);
    let respond = move |_: &Value| encoded("gzip", bomb.clone());
    let (output, _) = Run::of(ProviderKind::Chat).against(respond);
    assert!(output.code != 0 && !output.events.is_empty(), "{}", output.stderr);
    assert!(
        format!("{}{}", output.stdout, output.stderr).contains("the answer has more than 33554432 bytes"),
        "{}",
        output.stderr
    );
}

#[test]
fn refusals_are_told_from_answers() {
    let refusals: [fn() -> Response<Body>; 4] = [
        || json_of(json!({ "message": { "content": null, "refusal": "I will not." }, "finish_reason": "stop" })),
        || json_of(answer_with(json!([{ "type": "refusal", "refusal": "I will not." }]))),
        || json_of(json!({ "message": { "content": "I will not." }, "finish_reason": "content_filter" })),
        || json_of(json!({ "message": { "content": "I will not." }, "finish_reason": "SAFETY" })),
    ];
    for refusal in refusals {
        let (output, _) = Run::of(ProviderKind::Chat).against(first(ProviderKind::Chat, vec![refusal]));
        let event = output.events_named("model_answered").next().unwrap();
        assert_eq!(event["stop"], "refusal", "{}", output.stderr);
    }
}

#[test]
fn cut_answers_are_told_in_any_words() {
    for word in ["length", "max_tokens", "MAX_TOKENS", "model_length"] {
        let respond = move |_: &Value| json_of(json!({ "message": { "content": ANSWER }, "finish_reason": word }));
        let (output, _) = Run::of(ProviderKind::Chat).against(respond);
        assert_eq!(output.events_named("model_answered").next().unwrap()["stop"], "max-tokens", "{word}");
    }
    // An unknown word is kept.
    let respond = |_: &Value| json_of(json!({ "message": { "content": ANSWER }, "finish_reason": "moonlight" }));
    let (output, _) = Run::of(ProviderKind::Chat).against(respond);
    assert_eq!(output.events_named("model_answered").next().unwrap()["stop"], "moonlight");
}
