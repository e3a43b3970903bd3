//! Reasoning in the chat completions format.
//!
//! Servers send it in a field of the message, `reasoning_content` or `reasoning`, in a part of the content, or in tags at the
//! beginning of the text. It becomes one opaque block: an object with that field and nothing else. Blocks of the Messages format
//! have a `type`, so that each format finds its own; the blocks of the other format have no meaning in a request and are left
//! out.
//!
//! Guarantees: a request repeats the reasoning as it was, in the same field. Reasoning of more than [`MAX_BYTES`] is dropped as a
//! whole. Cannot fail.

use phasegate_process::model::Content;
use serde_json::{Map, Value};

use super::format::text;

/// The fields of a message that hold reasoning. The first is the most common one.
const FIELDS: [&str; 2] = ["reasoning_content", "reasoning"];
/// The most bytes of reasoning that are kept: more than the longest answers of models have.
const MAX_BYTES: usize = 1 << 20;

/// The reasoning of an answer as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    /// The field that the provider uses.
    field: Option<&'static str>,
    text: String,
    is_too_long: bool,
}

impl Reasoning {
    /// Takes the reasoning of a message or of a piece of one, and returns the number of its characters. A server that sends both
    /// fields sends the same text in them.
    pub(super) fn take(&mut self, message: &Value) -> u64 {
        let Some(field) = FIELDS.into_iter().find(|field| !text(message, field).is_empty()) else { return 0 };
        self.field.get_or_insert(field);
        self.add(text(message, field))
    }

    /// Takes a part of the content, whose reasoning is text or a list of parts with text.
    pub(super) fn take_part(&mut self, part: &Value) -> u64 {
        match part.get("thinking") {
            Some(Value::String(piece)) => self.add(piece),
            Some(Value::Array(parts)) => parts.iter().map(|part| self.add(text(part, "text"))).sum(),
            _ => 0,
        }
    }

    /// Adds a piece, and returns the number of its characters.
    pub(super) fn add(&mut self, piece: &str) -> u64 {
        self.is_too_long |= self.text.len() + piece.len() > MAX_BYTES;
        if self.is_too_long {
            self.text.clear();
        } else {
            self.text.push_str(piece);
        }
        piece.chars().count() as u64
    }

    /// Returns the block; `None` where there is no reasoning.
    pub(super) fn into_block(self) -> Option<Content> {
        let [usual, _] = FIELDS;
        let field = self.field.unwrap_or(usual);
        (!self.text.is_empty()).then(|| {
            let block = Map::from_iter([(field.to_owned(), Value::String(self.text))]);
            Content::Opaque { json: Value::Object(block).to_string() }
        })
    }
}

/// Returns the field and the text of an opaque block of this format.
pub(super) fn parse_block(json: &str) -> Option<(&'static str, String)> {
    let block: Map<String, Value> = serde_json::from_str(json).ok()?;
    let (name, text) = block.iter().next().filter(|_| block.len() == 1)?;
    let field = FIELDS.into_iter().find(|field| field == name)?;
    Some((field, text.as_str()?.to_owned()))
}

/// Returns the reasoning in tags at the beginning of a text, and the rest.
pub(super) fn split_reasoning(content: &str, is_cut: bool) -> (&str, &str) {
    let Some(reasoning) = content.trim_start().strip_prefix("<think>") else { return ("", content) };
    match reasoning.split_once("</think>") {
        Some((reasoning, answer)) => (reasoning.trim(), answer.trim_start()),
        None if is_cut => (reasoning.trim(), ""),
        None => ("", content),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_keep_field_and_text() {
        for field in FIELDS {
            let mut reasoning = Reasoning::default();
            assert_eq!(reasoning.take(&json!({ field: "hm, " })) + reasoning.take(&json!({ field: "é" })), 5);
            let Some(Content::Opaque { json }) = reasoning.into_block() else { panic!("there is a block") };
            assert_eq!(parse_block(&json), Some((field, "hm, é".to_owned())));
        }
        assert_eq!(Reasoning::default().into_block(), None);
    }

    #[test]
    fn other_blocks_are_not_reasoning() {
        for json in
            ["{}", "[]", "x", "{\"type\":\"thinking\",\"thinking\":\"hm\"}", "{\"reasoning\":1}", "{\"a\":\"b\"}"]
        {
            assert_eq!(parse_block(json), None, "{json}");
        }
    }

    #[test]
    fn endless_reasoning_is_dropped() {
        let mut reasoning = Reasoning::default();
        let piece = "x".repeat(MAX_BYTES / 2);
        (0..3).for_each(|_| assert_eq!(reasoning.add(&piece), piece.len() as u64));
        assert_eq!(reasoning.into_block(), None);
    }
}
