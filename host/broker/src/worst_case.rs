//! The upper bound of what a request can use, for reservations.

use phasegate_process::model::{Content, Request};

use crate::budget::Cost;
use crate::price::Price;

/// Returns the most that one attempt of a request can use at this price: each byte is a token, and the answer has maximum
/// length. The cost is unknown where the price is.
pub fn worst_case(request: &Request, price: Option<Price>) -> Cost {
    let input = max_tokens_of(request);
    let output = u64::from(request.max_output_tokens.get());
    Cost { tokens: input.saturating_add(output), usd: price.map(|price| price.max_cost_usd(input, output)) }
}

/// Returns the most tokens that a request can have: a tokenizer makes at most one token of a byte, and a provider adds a
/// few of its own for each message and for the tools.
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
