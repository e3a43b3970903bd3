//! Answers that a script generates: a document of a given size that differs for each request.
//!
//! Guarantees: a document depends on the request alone; two requests get different documents; it compresses about as prose
//! does. For measurements, where equal answers would be stored once.

use phasegate_process::Digest;
use phasegate_process::model::Request;

/// Around the text of a document.
const FRAME: (&str, &str) = ("{\"body\":\"", "\"}");

/// The smallest document in bytes: one with sixteen letters to tell it from others.
pub(crate) const MIN_BYTES: usize = 16 + FRAME.0.len() + FRAME.1.len();

/// The largest document in bytes.
pub(crate) const MAX_BYTES: usize = 64 << 20;

const WORDS: [&str; 128] = [
    "a",
    "about",
    "account",
    "add",
    "after",
    "agent",
    "all",
    "an",
    "and",
    "answer",
    "any",
    "are",
    "as",
    "at",
    "batch",
    "be",
    "before",
    "between",
    "bound",
    "branch",
    "by",
    "cache",
    "call",
    "case",
    "change",
    "check",
    "client",
    "close",
    "code",
    "column",
    "commit",
    "contract",
    "copy",
    "count",
    "create",
    "data",
    "default",
    "delete",
    "design",
    "each",
    "empty",
    "error",
    "event",
    "fail",
    "field",
    "file",
    "first",
    "folder",
    "for",
    "format",
    "from",
    "gate",
    "given",
    "has",
    "if",
    "in",
    "index",
    "input",
    "interface",
    "into",
    "is",
    "it",
    "item",
    "key",
    "last",
    "length",
    "limit",
    "line",
    "list",
    "lock",
    "memory",
    "message",
    "method",
    "missing",
    "model",
    "module",
    "must",
    "name",
    "new",
    "no",
    "not",
    "number",
    "of",
    "on",
    "one",
    "only",
    "open",
    "option",
    "or",
    "order",
    "output",
    "page",
    "parse",
    "path",
    "phase",
    "plan",
    "queue",
    "read",
    "record",
    "reject",
    "request",
    "result",
    "retry",
    "return",
    "review",
    "row",
    "run",
    "same",
    "schema",
    "server",
    "state",
    "step",
    "store",
    "table",
    "task",
    "test",
    "text",
    "that",
    "the",
    "then",
    "time",
    "to",
    "type",
    "update",
    "user",
    "value",
    "when",
    "with",
];

/// Returns `{"body":"…"}` with words that the request determines, of exactly so many bytes, and at least [`MIN_BYTES`].
pub(crate) fn document(request: &Request, bytes: usize) -> String {
    let length = bytes.max(MIN_BYTES) - FRAME.0.len() - FRAME.1.len();
    let digest = Digest::from_content(&serde_json::to_vec(request).unwrap_or_default());
    let seed = digest.as_str().get(7..23).unwrap_or_default();
    let mut state = u64::from_str_radix(seed, 16).unwrap_or_default();
    let mut text = String::with_capacity(bytes + 16);
    text.push_str(FRAME.0);
    text.push_str(seed);
    while text.len() < FRAME.0.len() + length {
        // A linear congruential generator; its upper bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(' ');
        text.push_str(WORDS.get((state >> 57) as usize).copied().unwrap_or_default());
    }
    text.truncate(FRAME.0.len() + length);
    text.push_str(FRAME.1);
    text
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use phasegate_process::model::Tier;

    use super::*;

    fn request(label: &str) -> Request {
        Request {
            label: label.to_owned(),
            tier: Tier::Default,
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: "auto".to_owned(),
            answer_schema: None,
            max_output_tokens: NonZeroU32::MIN,
            temperature: None,
            seed: None,
        }
    }

    #[test]
    fn documents_have_the_size_asked_for() {
        for bytes in [MIN_BYTES, 100, 2_000, 10_000] {
            let document = document(&request("x"), bytes);
            assert_eq!(document.len(), bytes);
            let parsed: serde_json::Value = serde_json::from_str(&document).unwrap();
            assert!(parsed["body"].is_string(), "{document}");
        }
    }

    #[test]
    fn documents_depend_on_the_request_alone() {
        assert_eq!(document(&request("x"), 2_000), document(&request("x"), 2_000));
        assert_ne!(document(&request("x"), MIN_BYTES), document(&request("y"), MIN_BYTES));
    }
}
