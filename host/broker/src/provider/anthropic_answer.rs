//! Answers in the Anthropic Messages format.
//!
//! Guarantees: a streamed answer and a whole one give the same [`ParsedAnswer`]; thinking is an opaque block, no part of the
//! text. An error of the provider in place of an answer or within it, an answer without a stop reason, and arguments that are
//! not an object are failures.

use std::collections::BTreeMap;

use phasegate_process::json::weight;
use phasegate_process::model::{Content, StopReason, Usage};
use serde_json::{Value, json};

use super::anthropic::ANSWER;
use super::document::{self, MAX_WEIGHT, TOO_HEAVY};
use super::format::{ParsedAnswer, broken_answer, text};
use super::peer::Peer;
use super::stop::{Stop, stop_reason};
use crate::call::Failure;

/// An answer as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct AnswerBuilder {
    blocks: BTreeMap<u64, Block>,
    /// The weight of the starts of all blocks.
    weight: usize,
    stop: Option<String>,
    counts: Counts,
    characters: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Block {
    start: Value,
    /// Text by the field that it extends.
    grown: BTreeMap<&'static str, String>,
}

impl AnswerBuilder {
    /// Takes an event of a stream, or a whole answer.
    pub(super) fn take(&mut self, event: &Value, peer: &Peer) -> Result<(), Failure> {
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match text(event, "type") {
            "message_start" => self.counts.take(event.get("message").and_then(|message| message.get("usage"))),
            "content_block_start" => {
                self.start(index, event.get("content_block").cloned().unwrap_or_default(), peer)?;
            }
            "content_block_delta" => self.grow(index, event.get("delta").unwrap_or(&Value::Null)),
            "message_delta" => {
                let stop = event.get("delta").and_then(|delta| delta.get("stop_reason")).and_then(Value::as_str);
                self.stop = stop.map(str::to_owned).or(self.stop.take());
                self.counts.take(event.get("usage"));
            }
            "message_stop" => self.ended = true,
            _ => {}
        }
        if let Some(blocks) = event.get("content").and_then(Value::as_array) {
            for (index, block) in blocks.iter().enumerate() {
                self.start(index as u64, block.clone(), peer)?;
            }
            self.stop = event.get("stop_reason").and_then(Value::as_str).map(str::to_owned);
            self.counts.take(event.get("usage"));
            self.ended = true;
        }
        Ok(())
    }

    fn start(&mut self, index: u64, start: Value, peer: &Peer) -> Result<(), Failure> {
        self.weight += weight(&start.to_string());
        if self.weight > MAX_WEIGHT {
            return Err(broken_answer(peer, &format!("it {TOO_HEAVY}")));
        }
        self.blocks.insert(index, Block { start, grown: BTreeMap::new() });
        Ok(())
    }

    fn grow(&mut self, index: u64, delta: &Value) {
        let (field, target) = match text(delta, "type") {
            "text_delta" => ("text", "text"),
            "input_json_delta" => ("partial_json", "input"),
            "thinking_delta" => ("thinking", "thinking"),
            "signature_delta" => ("signature", "signature"),
            _ => return,
        };
        let piece = text(delta, field);
        self.characters += piece.chars().count() as u64;
        self.blocks.entry(index).or_default().grown.entry(target).or_default().push_str(piece);
    }

    pub(super) fn characters(&self) -> u64 {
        self.characters
    }

    /// Whether the provider has marked the end of the answer.
    pub(super) fn is_complete(&self) -> bool {
        self.ended
    }

    /// Whether the provider has said why the answer ended.
    pub(super) fn has_finish(&self) -> bool {
        self.stop.is_some()
    }

    /// Returns the tokens that the provider has counted so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.counts.usage()
    }

    /// Returns the answer; fails if it is incomplete.
    pub(super) fn finish(self, peer: &Peer) -> Result<ParsedAnswer, Failure> {
        let word = self.stop.as_deref();
        if word.is_none() && !self.ended {
            return Err(broken_answer(peer, "it ended without a finish reason"));
        }
        let is_cut = word.and_then(Stop::from_word) == Some(Stop::Truncated);
        let mut content = Vec::new();
        let mut document = None;
        for block in self.blocks.into_values().map(Block::finish) {
            match text(&block, "type") {
                "text" if text(&block, "text").is_empty() => {}
                "text" => content.push(Content::Text { text: text(&block, "text").to_owned() }),
                "tool_use" if text(&block, "name") == ANSWER => document = answer(&block, is_cut, peer)?,
                "tool_use" => content.extend(tool_call(&block, is_cut, peer)?),
                // So is a delta of a block that never began: accepting it would lose the start of the block.
                _ if !block.is_object() => return Err(broken_answer(peer, "a part of it is no JSON object")),
                _ => content.push(Content::Opaque { json: block.to_string() }),
            }
        }
        let calls = content.iter().any(|part| matches!(part, Content::ToolCall { .. }));
        let is_answer = document.is_some() && !calls;
        if let Some(document) = document.filter(|_| is_answer) {
            // The arguments are the whole answer: text around them would break the schema.
            content.retain(|part| matches!(part, Content::Opaque { .. }));
            content.push(Content::Text { text: document });
        }
        let usage = self.counts.usage();
        let stop = stop_reason(word, &content, self.ended && usage.is_some(), peer)?;
        let is_end = is_answer && stop == StopReason::ToolCalls.as_str();
        let stop = if is_end { StopReason::End.as_str().to_owned() } else { stop };
        Ok(ParsedAnswer { content, stop, usage, cache_written_tokens: self.counts.written() })
    }
}

impl Block {
    fn finish(mut self) -> Value {
        for (field, grown) in self.grown {
            let start = if field == "input" { "" } else { text(&self.start, field) };
            let value = match (field, grown.as_str()) {
                ("input", "") => json!({}),
                // Invalid JSON stays text; whether it is an error depends on the stop reason.
                ("input", json) => document::parse(json).unwrap_or(Value::String(grown)),
                _ => Value::String(format!("{start}{grown}")),
            };
            if let Some(block) = self.start.as_object_mut() {
                block.insert(field.to_owned(), value);
            }
        }
        self.start
    }
}

/// Returns the arguments of the tool that gives the answer, also where the token limit cut them off.
fn answer(block: &Value, is_cut: bool, peer: &Peer) -> Result<Option<String>, Failure> {
    match block.get("input") {
        Some(Value::String(cut)) if is_cut => Ok(Some(cut.clone())),
        _ => arguments(block, is_cut, peer),
    }
}

fn tool_call(block: &Value, is_cut: bool, peer: &Peer) -> Result<Option<Content>, Failure> {
    let (id, name) = (text(block, "id").to_owned(), text(block, "name").to_owned());
    Ok(arguments(block, is_cut, peer)?.map(|arguments| Content::ToolCall { id, name, arguments }))
}

/// Returns the arguments of a call as text; `None` if the token limit cut them off.
fn arguments(block: &Value, is_cut: bool, peer: &Peer) -> Result<Option<String>, Failure> {
    match block.get("input") {
        Some(input @ Value::Object(_)) => Ok(Some(input.to_string())),
        _ if is_cut => Ok(None),
        _ => Err(broken_answer(peer, "a tool call's arguments are no JSON object")),
    }
}

#[derive(Debug, Default)]
struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    const FRESH: &'static str = "input_tokens";
    const WRITTEN: &'static str = "cache_creation_input_tokens";
    const CACHED: &'static str = "cache_read_input_tokens";
    const OUTPUT: &'static str = "output_tokens";

    /// Takes counts of tokens. Later ones are running totals and replace earlier ones.
    fn take(&mut self, usage: Option<&Value>) {
        for field in [Self::FRESH, Self::WRITTEN, Self::CACHED, Self::OUTPUT] {
            if let Some(count) = usage.and_then(|usage| usage.get(field)).and_then(Value::as_u64) {
                self.0.insert(field, count);
            }
        }
    }

    fn get(&self, field: &str) -> u64 {
        self.0.get(field).copied().unwrap_or(0)
    }

    fn written(&self) -> u64 {
        self.get(Self::WRITTEN)
    }

    /// Returns the tokens; `None` without a count of the input, which some servers leave out of a stream without text.
    fn usage(&self) -> Option<Usage> {
        let cached = self.get(Self::CACHED);
        let has_input = [Self::FRESH, Self::WRITTEN, Self::CACHED].iter().any(|field| self.0.contains_key(field));
        has_input.then(|| Usage {
            input_tokens: self.get(Self::FRESH).saturating_add(self.written()).saturating_add(cached),
            output_tokens: self.get(Self::OUTPUT),
            cached_input_tokens: cached,
            usd: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_alone_is_no_count() {
        let mut counts = Counts::default();
        counts.take(Some(&json!({"output_tokens": 5})));
        assert_eq!(counts.usage(), None);
        counts.take(Some(&json!({"input_tokens": 0, "cache_read_input_tokens": 7})));
        let usage = Usage { input_tokens: 7, output_tokens: 5, cached_input_tokens: 7, usd: None };
        assert_eq!(counts.usage(), Some(usage));
    }
}
