//! Limits on output tokens and context windows: learned from errors, or configured.

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ProviderKind, Request};
use serde_json::{Value, json};

use super::{ANSWER, Run, respond};

/// The limits of the requests.
fn asked(requests: &[Request]) -> Vec<u64> {
    requests.iter().map(|request| request.body["max_tokens"].as_u64().unwrap()).collect()
}

/// Refuses requests for more than so many tokens with this text.
fn refusing(most: u64, text: &'static str) -> impl Fn(&Value) -> Response<Body> + Send + Sync {
    move |request: &Value| match request["max_tokens"].as_u64().unwrap() > most {
        true => {
            let error = json!({ "error": { "type": "invalid_request_error", "message": text } });
            respond(400, "application/json", error.to_string())
        }
        false => ProviderKind::Chat.answer(request, ANSWER, 9),
    }
}

#[test]
fn limits_in_errors_are_kept() {
    let run = Run { models: "retries = 1", ..Run::of(ProviderKind::Chat) };
    let (output, requests) =
        run.against(refusing(400, "max_tokens is too large: 1000. This model supports at most 400 completion tokens."));
    // The second call begins within the limit.
    assert_eq!((output.code, asked(&requests)), (0, vec![1000, 400, 400]), "{}", output.stderr);
    let window = "This model's maximum context length is 900 tokens. However, you requested 1200 tokens (200 in the \
                  messages, 1000 in the completion).";
    let (output, requests) = run.against(refusing(700, window));
    // What a prompt leaves holds for that prompt only.
    assert_eq!((output.code, asked(&requests)), (0, vec![1000, 700, 1000, 700]), "{}", output.stderr);
    let range = "Invalid max_tokens value, the valid range of max_tokens is [1, 512]";
    let (output, requests) = run.against(refusing(512, range));
    assert_eq!((output.code, asked(&requests)), (0, vec![1000, 512, 512]), "{}", output.stderr);
}

#[test]
fn configured_limits_cap_answers() {
    for (provider, limit) in [
        ("max_output_tokens = 300", 300),
        ("max_output_tokens = 300\nmodels = { m = { max_output_tokens = 200 } }", 200),
    ] {
        let run = Run { provider, ..Run::of(ProviderKind::Chat) };
        let (output, requests) = run.against(|request| ProviderKind::Chat.answer(request, ANSWER, 9));
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(asked(&requests).iter().all(|asked| asked.abs_diff(limit) <= 9), "{provider}: {:?}", asked(&requests));
    }
}

#[test]
fn measured_prompts_count_in_the_window() {
    // The prompts are short lines of almost the same length.
    let provider = "context_window = 500";
    for (tokens_per_byte, second) in [(0.25, 483..=488), (0.5, 467..=474), (3.0, 422..=431)] {
        let run = Run { provider, ..Run::of(ProviderKind::Chat) };
        let respond = move |request: &Value| {
            let bytes = request["messages"][0]["content"].as_str().unwrap().len() as f64;
            let message = json!({ "content": ANSWER });
            let usage = json!({ "prompt_tokens": (bytes * tokens_per_byte) as u64, "completion_tokens": 5 });
            let answer = json!({ "choices": [{ "message": message, "finish_reason": "stop" }], "usage": usage });
            respond(200, "application/json", answer.to_string())
        };
        let (output, requests) = run.against(respond);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let asked = asked(&requests);
        // At first, four bytes count as a token.
        assert!(asked[0].abs_diff(485) <= 3, "{asked:?}");
        assert!(second.contains(&asked[1]), "{tokens_per_byte}: {asked:?}");
    }
}

#[test]
fn full_windows_are_refused_before_asking() {
    let run = Run { provider: "context_window = 64", ..Run::of(ProviderKind::Chat) };
    let (output, requests) = run.against(|request| ProviderKind::Chat.answer(request, ANSWER, 9));
    assert!(requests.is_empty() && output.code != 0, "{}", output.stderr);
    let text = format!("{}{}", output.stdout, output.stderr);
    assert!(text.contains("mine:m reads and writes at most 64 together"), "{text}");
}
