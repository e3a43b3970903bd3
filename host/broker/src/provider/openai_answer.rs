//! Answers in the chat completions format of OpenAI and compatible servers.
//!
//! Guarantees: a streamed answer and a whole one give the same [`ParsedAnswer`]; reasoning is an opaque block, no part of the
//! text. An error of the provider in place of an answer or within it, an answer without a sign that it is complete, and
//! arguments that are not an object are failures.

use std::collections::BTreeMap;

use phasegate_process::model::{Content, StopReason, Usage};
use serde_json::Value;

use super::document;
use super::format::{ParsedAnswer, broken_answer, text};
use super::peer::Peer;
use super::reasoning::{Reasoning, split_reasoning};
use super::stop::{Stop, stop_reason};
use crate::call::Failure;

/// An answer as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct AnswerBuilder {
    content: String,
    reasoning: Reasoning,
    refusal: String,
    calls: BTreeMap<u64, ToolCallParts>,
    finish: Option<String>,
    usage: Option<Usage>,
    characters: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct ToolCallParts {
    id: String,
    name: String,
    arguments: String,
}

impl AnswerBuilder {
    /// Takes a whole answer.
    pub(super) fn take_whole(&mut self, answer: &Value) {
        self.take(answer);
        self.ended = true;
    }

    /// Takes the provider's end marker.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Takes a chunk of a stream.
    pub(super) fn take(&mut self, chunk: &Value) {
        let counted = [chunk.get("usage"), chunk.get("x_groq").and_then(|more| more.get("usage"))];
        self.usage = counted.into_iter().flatten().find_map(usage).or(self.usage);
        let choices = chunk.get("choices").and_then(Value::as_array);
        // Only the last chunk has a count and no choices.
        self.ended |= choices.is_some_and(Vec::is_empty) && self.usage.is_some();
        let Some(choice) = choices.and_then(|choices| choices.first()) else { return };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str).filter(|word| !word.is_empty()) {
            self.finish = Some(finish.to_owned());
        }
        let Some(message) = ["delta", "message"].into_iter().find_map(|part| choice.get(part)) else { return };
        self.characters += self.reasoning.take(message);
        self.parts(message.get("content").unwrap_or(&Value::Null));
        self.refuse(text(message, "refusal"));
        for (place, call) in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
            self.call(place as u64, call);
        }
    }

    /// Takes content: text, or a list of parts of which those with text, reasoning or a refusal count.
    fn parts(&mut self, content: &Value) {
        match content {
            Value::String(piece) => self.say(piece),
            Value::Array(parts) => parts.iter().for_each(|part| match (part, text(part, "type")) {
                (Value::String(piece), _) => self.say(piece),
                (_, "text" | "output_text" | "") => self.say(text(part, "text")),
                (_, "refusal") => self.refuse(text(part, "refusal")),
                (_, "thinking") => self.characters += self.reasoning.take_part(part),
                _ => {}
            }),
            _ => {}
        }
    }

    fn say(&mut self, piece: &str) {
        self.characters += piece.chars().count() as u64;
        self.content.push_str(piece);
    }

    fn refuse(&mut self, piece: &str) {
        self.characters += piece.chars().count() as u64;
        self.refusal.push_str(piece);
    }

    fn call(&mut self, place: u64, call: &Value) {
        let index = call.get("index").and_then(Value::as_u64).unwrap_or(place);
        let parts = self.calls.entry(index).or_default();
        let function = call.get("function").unwrap_or(&Value::Null);
        if parts.id.is_empty() {
            parts.id.push_str(text(call, "id"));
        }
        if parts.name.is_empty() {
            parts.name.push_str(text(function, "name"));
        }
        match function.get("arguments") {
            Some(Value::String(piece)) => {
                self.characters += piece.chars().count() as u64;
                parts.arguments.push_str(piece);
            }
            // Some servers send the object itself.
            Some(object @ Value::Object(_)) => parts.arguments = object.to_string(),
            _ => {}
        }
    }

    pub(super) fn characters(&self) -> u64 {
        self.characters
    }

    /// Whether the provider has said why the answer ended.
    pub(super) fn has_finish(&self) -> bool {
        self.finish.is_some()
    }

    /// Returns the tokens that the provider has counted so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Returns the answer; fails if it is incomplete.
    pub(super) fn finish(mut self, peer: &Peer) -> Result<ParsedAnswer, Failure> {
        let word = self.finish.as_deref();
        let is_cut = word.and_then(Stop::from_word) == Some(Stop::Truncated);
        let mut content = Vec::new();
        let (within, text) = split_reasoning(&self.content, is_cut);
        self.reasoning.add(within);
        content.extend(self.reasoning.into_block());
        let text = text.to_owned() + &self.refusal;
        if !text.is_empty() {
            content.push(Content::Text { text });
        }
        for (n, parts) in self.calls.into_values().enumerate() {
            content.extend(parts.finish(n + 1, is_cut, peer)?);
        }
        let stop = stop_reason(word, &content, self.ended && self.usage.is_some(), peer)?;
        let stop = if self.refusal.is_empty() { stop } else { StopReason::Refusal.as_str().to_owned() };
        Ok(ParsedAnswer { content, stop, usage: self.usage, cache_written_tokens: 0 })
    }
}

impl ToolCallParts {
    /// Returns the call; `None` if the token limit cut it off.
    fn finish(self, number: usize, is_cut: bool, peer: &Peer) -> Result<Option<Content>, Failure> {
        let arguments = if self.arguments.trim().is_empty() { "{}" } else { &self.arguments };
        match document::parse(arguments) {
            Ok(object @ Value::Object(_)) => {
                let id = if self.id.is_empty() { format!("call-{number}") } else { self.id };
                Ok(Some(Content::ToolCall { id, name: self.name, arguments: object.to_string() }))
            }
            _ if is_cut => Ok(None),
            _ => Err(broken_answer(peer, "a tool call's arguments are no JSON object")),
        }
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let count = |value: &Value, fields: &[&str]| {
        let number = fields.iter().find_map(|field| value.get(field).filter(|count| count.is_number()))?;
        number.as_u64().or_else(|| number.as_f64().map(|count| count as u64))
    };
    let cached = usage.get("prompt_tokens_details").and_then(|details| count(details, &["cached_tokens"]));
    Some(Usage {
        input_tokens: count(usage, &["prompt_tokens", "input_tokens"])?,
        output_tokens: count(usage, &["completion_tokens", "output_tokens"]).unwrap_or(0),
        cached_input_tokens: cached.or_else(|| count(usage, &["prompt_cache_hit_tokens"])).unwrap_or(0),
        usd: None,
    })
}
