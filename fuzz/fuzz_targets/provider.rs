//! Answers, event streams and errors of providers, in both formats.
//!
//! Checks that no bytes panic or hang, that a stream gives the same result however it is split, that an answer survives being
//! stored and can be continued, and that no result contains the key.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phasegate_broker::ProviderKind;
use phasegate_broker::fuzzing::FuzzedModel;
use phasegate_process::model::{Answer, Request};
use serde_json::json;

/// The key of the requests. A provider may repeat it.
const KEY: &str = "sk-canary-0123";

static FORMATS: LazyLock<[FuzzedModel; 2]> =
    LazyLock::new(|| [ProviderKind::Anthropic, ProviderKind::Openai].map(|kind| fuzzed_model(kind).unwrap()));

fn fuzzed_model(kind: ProviderKind) -> Option<FuzzedModel> {
    let request = json!({
        "label": "plan", "tier": "default", "tools": [], "tool_choice": "auto", "answer_schema": null,
        "max_output_tokens": 100, "temperature": null,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
    });
    let request: Request = serde_json::from_value(request).ok()?;
    FuzzedModel::new(kind, "http://127.0.0.1/", KEY, request)
}

fuzz_target!(|bytes: &[u8]| {
    for model in FORMATS.iter() {
        let answer = model.answer([bytes]);
        assert_eq!(model.answer(bytes.chunks(1)), answer, "split into single bytes");
        let half = bytes.len() / 2;
        assert_eq!(model.answer([bytes.get(..half), bytes.get(half..)].into_iter().flatten()), answer, "split in half");
        assert_storable(model, answer);
        if let Ok(text) = std::str::from_utf8(bytes) {
            for status in [400, 404, 429, 500] {
                assert_storable(model, Err(model.provider_error(status, text)));
            }
        }
    }
});

/// Asserts that the answer can be continued and stored, and does not contain the key.
fn assert_storable(model: &FuzzedModel, answer: Answer) {
    if let Ok(answer) = &answer {
        assert_eq!(model.continue_with(answer), Ok(()), "after {answer:?}");
    }
    let text = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
    assert!(!text.contains(KEY), "{text} contains the key");
}
