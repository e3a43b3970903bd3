//! The most that a request can take.

use phasegate_process::model::{Content, Request};

use crate::budget::Cost;
use crate::price::Price;

/// The most that one try of a request can take at this price: every byte a token, and the longest answer.
pub fn worst_case(request: &Request, price: Option<Price>) -> Cost {
    let input = max_tokens_of(request);
    let output = u64::from(request.max_output_tokens.get());
    Cost { tokens: input.saturating_add(output), usd: price.map(|price| price.max_cost_usd(input, output)) }
}

/// The most tokens that a request can be: no tokeniser makes more of a text than it has bytes, and a provider adds a few
/// of its own to each message and to the tools.
fn max_tokens_of(request: &Request) -> u64 {
    const BY_MESSAGE: usize = 16;
    const BY_TOOLS: usize = 1024;
    let parts = request.messages.iter().flat_map(|message| &message.content).map(|part| match part {
        Content::Text { text } => text.len(),
        Content::ToolCall { id, name, arguments } => id.len() + name.len() + arguments.len() + BY_MESSAGE,
        Content::ToolResult { id, text, .. } => id.len() + text.len() + BY_MESSAGE,
        Content::Opaque { json } => json.len(),
    });
    let tools =
        request.tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.len() + BY_MESSAGE);
    let schema = request.answer_schema.as_ref().map_or(0, String::len);
    let extra =
        request.messages.len() * BY_MESSAGE + if request.tools.is_empty() && schema == 0 { 0 } else { BY_TOOLS };
    (parts.sum::<usize>() + tools.sum::<usize>() + schema + extra) as u64
}
