//! What two requests, or two answers, have in common.
//!
//! A provider counts tokens, numbers tool calls and adds blocks in its own format anew each time it answers, and the seed of
//! a request is another one in each repetition. None of these is a difference of content. A blob that is gone or cannot be
//! read equals only itself.

use serde_json::{Map, Value, json};

use crate::digest::Digest;

/// Returns the bytes of a blob; `None` if it is not stored.
pub type Blobs<'a> = &'a dyn Fn(&Digest) -> Option<Vec<u8>>;

/// Whether two requests to models have the same content.
pub(super) fn is_same_request(blobs: Blobs<'_>, one: &Digest, other: &Digest) -> bool {
    is_same(blobs, one, other, |request| {
        if let Value::Object(fields) = request {
            fields.remove("seed");
        }
    })
}

/// Whether two answers of models have the same content and ended for the same reason.
pub(super) fn is_same_answer(blobs: Blobs<'_>, one: &Digest, other: &Digest) -> bool {
    is_same(blobs, one, other, |answer| {
        if let Some(Value::Object(response)) = answer.get_mut("Ok") {
            response.retain(|field, _| field == "content" || field == "stop");
        }
    })
}

fn is_same(blobs: Blobs<'_>, one: &Digest, other: &Digest, reduce: impl Fn(&mut Value)) -> bool {
    let content = |digest| {
        let mut value: Value = serde_json::from_slice(&blobs(digest)?).ok()?;
        reduce(&mut value);
        normalize(&mut value, &mut Map::new());
        Some(value)
    };
    one == other || content(one).is_some_and(|known| Some(known) == content(other))
}

/// Removes blocks in a provider's own format, and numbers tool calls in their order. `ids` has the numbers given so far.
fn normalize(value: &mut Value, ids: &mut Map<String, Value>) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item.get("type").and_then(Value::as_str) != Some("opaque"));
            items.iter_mut().for_each(|item| normalize(item, ids));
        }
        Value::Object(fields) => {
            let is_tool = matches!(fields.get("type").and_then(Value::as_str), Some("tool_call" | "tool_result"));
            if let Some(Value::String(id)) = fields.get("id").filter(|_| is_tool).cloned() {
                let number = json!(ids.len());
                fields.insert("id".to_owned(), ids.entry(id).or_insert(number).clone());
            }
            fields.values_mut().for_each(|field| normalize(field, ids));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn same(of: fn(Blobs<'_>, &Digest, &Digest) -> bool, one: &Value, other: &Value) -> bool {
        let blobs: Vec<Vec<u8>> = [one, other].map(|value| serde_json::to_vec(value).unwrap()).into();
        let digests: Vec<Digest> = blobs.iter().map(|blob| Digest::from_content(blob)).collect();
        let find = |digest: &Digest| blobs.iter().find(|blob| Digest::from_content(blob) == *digest).cloned();
        let (first, second) = (digests.first().unwrap(), digests.last().unwrap());
        assert_eq!(of(&|_| None, first, second), first == second, "without blobs");
        of(&find, first, second)
    }

    fn answer(text: &str, id: &str, tokens: u64) -> Value {
        json!({ "Ok": {
            "content": [
                { "type": "opaque", "json": format!("{{\"signature\":{tokens}}}") },
                { "type": "text", "text": text },
                { "type": "tool_call", "id": id, "name": "look", "arguments": "{}" },
            ],
            "stop": "tool-calls", "model": "a:b",
            "usage": { "input_tokens": 10, "output_tokens": tokens, "cached_input_tokens": 0, "usd": 0.1 },
        } })
    }

    #[test]
    fn usage_and_ids_are_no_content() {
        assert!(same(is_same_answer, &answer("yes", "call-1", 5), &answer("yes", "call-9", 7)));
        assert!(!same(is_same_answer, &answer("yes", "call-1", 5), &answer("no", "call-1", 5)));
        let (denied, busy) =
            (json!({ "Err": { "type": "denied", "message": "x" } }), json!({ "Err": { "type": "other" } }));
        assert!(!same(is_same_answer, &denied, &busy));
    }

    #[test]
    fn requests_after_tool_calls_are_the_same() {
        let request = |id: &str, seed: u64, text: &str| {
            let messages = json!([
                { "role": "assistant", "content": [{ "type": "tool_call", "id": id, "name": "look", "arguments": "{}" }] },
                { "role": "user", "content": [{ "type": "tool_result", "id": id, "text": text, "is_error": false }] },
            ]);
            json!({ "label": "plan", "messages": messages, "seed": seed })
        };
        assert!(same(is_same_request, &request("a", 1, "seen"), &request("b", 2, "seen")));
        assert!(!same(is_same_request, &request("a", 1, "seen"), &request("a", 1, "not seen")));
    }
}
