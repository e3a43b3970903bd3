//! Upper bounds of what a request can use, for reservations.

use phasegate_process::RequestBound;
use phasegate_process::budget::Cost;
use phasegate_process::model::{Content, Request, Usage};

use crate::price::Price;

/// Estimates count at least one token for this many bytes: below that, a change of the text could double the real number.
const MOST_BYTES_PER_TOKEN: f64 = 2.0;
/// Estimates are larger than what was measured by this factor.
const MARGIN: f64 = 1.5;

/// Returns the most that one request can use at this price: each byte is a token, and the answer has maximum length. The
/// cost in money is unknown where the price is.
pub fn worst_case(request: &Request, price: Option<Price>) -> Cost {
    PromptMeasure::default().bound(request, price).most
}

/// How many tokens the prompts of a model had for their bytes so far.
///
/// The order of measurements does not matter. Without one, each byte counts as a token.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PromptMeasure {
    /// The most tokens that a prompt had for a byte.
    tokens_per_byte: Option<f64>,
    /// The tokens and the bytes of all prompts together.
    totals: (u64, u64),
}

impl PromptMeasure {
    /// Adds the usage of an answered request.
    pub fn add(&mut self, prompt_bytes: u64, usage: &Usage) {
        if prompt_bytes > 0 && usage.input_tokens > 0 {
            let measured = usage.input_tokens as f64 / prompt_bytes as f64;
            self.tokens_per_byte = Some(self.tokens_per_byte.map_or(measured, |most| most.max(measured)));
            let (tokens, bytes) = self.totals;
            self.totals = (tokens.saturating_add(usage.input_tokens), bytes.saturating_add(prompt_bytes));
        }
    }

    /// Returns how many tokens a prompt is likely to have: as many for its bytes as the measured prompts together, at most one
    /// for each. `None` where nothing is measured.
    pub(crate) fn estimate(&self, request: &Request) -> Option<u64> {
        let (tokens, bytes) = self.totals;
        let prompt = PromptBytes::of(request);
        let rate = (tokens as f64 / bytes as f64).min(1.0);
        (bytes > 0).then(|| ((prompt.light + prompt.dense) as f64 * rate).ceil() as u64)
    }

    /// Returns the most that a request can use at this price, as far as the measured prompts are like this one: letters and
    /// punctuation have at most half as many tokens again as measured, never less than one for two bytes. Every other byte is
    /// a token, and the answer has maximum length.
    pub fn bound(&self, request: &Request, price: Option<Price>) -> RequestBound {
        let prompt = PromptBytes::of(request);
        let rate = self.tokens_per_byte.map_or(1.0, |most| (most * MARGIN).clamp(1.0 / MOST_BYTES_PER_TOKEN, 1.0));
        let input = prompt.dense + (prompt.light as f64 * rate).ceil() as u64;
        let output = u64::from(request.max_output_tokens.get());
        let usd = price.map(|price| price.max_cost_usd(input, output));
        RequestBound {
            prompt_bytes: prompt.dense + prompt.light,
            most: Cost { tokens: input.saturating_add(output), usd },
        }
    }
}

/// Returns every text that a model reads.
pub(crate) fn prompt_texts(request: &Request) -> impl Iterator<Item = &str> {
    let parts = request.messages.iter().flat_map(|message| &message.content).flat_map(|part| match part {
        Content::Text { text } | Content::Opaque { json: text } => [text, "", ""],
        Content::ToolCall { id, name, arguments } => [id.as_str(), name, arguments],
        Content::ToolResult { id, text, .. } => [id.as_str(), text, ""],
    });
    let tools = request.tools.iter().flat_map(|tool| [&*tool.name, &tool.description, &tool.parameters]);
    parts.chain(tools).chain(request.answer_schema.as_deref())
}

/// The bytes of a prompt, with those that a provider adds: a few for each message and for the tools.
#[derive(Default)]
struct PromptBytes {
    /// Letters, spaces and punctuation of ASCII, of which a token usually has several.
    light: u64,
    /// Digits, other scripts and what the provider adds: a tokenizer makes at most one token of a byte.
    dense: u64,
}

impl PromptBytes {
    fn of(request: &Request) -> Self {
        const BY_PART: u64 = 16;
        const BY_TOOLS: u64 = 1024;
        let mut bytes = Self::default();
        prompt_texts(request).for_each(|text| bytes.add(text));
        let is_tool_part = |part: &&Content| matches!(part, Content::ToolCall { .. } | Content::ToolResult { .. });
        let tool_parts = request.messages.iter().flat_map(|message| &message.content).filter(is_tool_part).count();
        bytes.dense += BY_PART * (request.messages.len() + tool_parts + request.tools.len()) as u64;
        if !request.tools.is_empty() || request.answer_schema.as_ref().is_some_and(|schema| !schema.is_empty()) {
            bytes.dense += BY_TOOLS;
        }
        bytes
    }

    fn add(&mut self, text: &str) {
        for byte in text.bytes() {
            let is_light = byte.is_ascii_alphabetic() || byte.is_ascii_punctuation() || byte.is_ascii_whitespace();
            *(if is_light { &mut self.light } else { &mut self.dense }) += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::num::NonZeroU32;

    use phasegate_process::model::{Message, Role, Tier};

    use super::*;

    fn request(text: &str) -> Request {
        Request {
            label: "test".into(),
            tier: Tier::Default,
            messages: vec![Message { role: Role::User, content: vec![Content::Text { text: text.into() }] }],
            tools: Vec::new(),
            tool_choice: "auto".into(),
            answer_schema: None,
            max_output_tokens: NonZeroU32::new(100).unwrap(),
            temperature: None,
            seed: None,
        }
    }

    fn measured(tokens: &[u64]) -> PromptMeasure {
        let mut measure = PromptMeasure::default();
        tokens.iter().for_each(|tokens| measure.add(1000, &Usage { input_tokens: *tokens, ..Usage::default() }));
        measure
    }

    fn tokens(measure: PromptMeasure, text: &str) -> u64 {
        measure.bound(&request(text), None).most.tokens - 16 - 100
    }

    #[test]
    fn bounds_follow_the_densest_measured_prompt() {
        let text = "plain words, ".repeat(100);
        assert_eq!(tokens(PromptMeasure::default(), &text), 1300, "nothing is measured");
        assert_eq!(tokens(measured(&[250, 500, 260]), &text), 975);
        assert_eq!(measured(&[250, 500, 260]), measured(&[500, 260, 250]));
        assert_eq!(tokens(measured(&[20]), &text), 650, "a prompt that was cut, or counted wrongly");
        assert_eq!(tokens(measured(&[900]), &text), 1300, "a byte is at most a token");
    }

    #[test]
    fn estimates_follow_all_measured_prompts() {
        // With the bytes that a provider adds, the prompt has 1,316.
        let prompt = request(&"plain words, ".repeat(100));
        assert_eq!(PromptMeasure::default().estimate(&prompt), None);
        assert_eq!(measured(&[250, 350]).estimate(&prompt), Some(395));
        assert_eq!(measured(&[5000]).estimate(&prompt), Some(1316), "a byte is at most a token");
    }

    #[test]
    fn dense_text_counts_each_byte() {
        assert_eq!(tokens(measured(&[250]), &"1234567890".repeat(10)), 100);
        assert_eq!(tokens(measured(&[250]), &"設計".repeat(10)), 60);
    }
}
