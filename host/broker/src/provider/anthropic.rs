//! The Anthropic Messages format.
//!
//! An answer schema becomes a tool that the model must call, and the arguments are returned as text: every model with tools
//! can do that, with any schema of an object. `structured = false`, or a schema of another type, sends a prompt instead.
//!
//! Guarantees: a streamed answer and a whole one give the same [`ParsedAnswer`]. Fails on a request that the format cannot
//! carry; an answer without a stop reason, or with arguments that are not an object, is a temporary failure.

use std::collections::BTreeMap;

use phasegate_process::json::weight;
use phasegate_process::model::{Content, Error, Message, Request, Role, StopReason, Usage};
use serde_json::{Value, json};

use super::document::{self, MAX_WEIGHT, TOO_HEAVY};
use super::format::{
    self, ModelOptions, ParsedAnswer, broken_answer, check_tool_choice, parse_object, schema_prompt, split_system,
};
use super::peer::Peer;
use super::provider_error::ProviderError;
use crate::call::Failure;

/// The tool whose arguments are the answer.
const ANSWER: &str = "give_answer";

/// Encodes the body of a request.
pub(crate) fn body(request: &Request, options: &ModelOptions) -> Result<Value, Error> {
    check_tool_choice(request)?;
    let (mut system, messages) = split_system(request);
    let mut tools = tools(request)?;
    let mut choice = choice(request);
    if let Some(schema) = &request.answer_schema {
        match answer_tool(schema, options)? {
            Some(tool) => {
                tools.push(tool);
                choice = match request.tool_choice.as_str() {
                    "auto" | "required" | "" if tools.len() > 1 => json!({"type": "any"}),
                    "auto" | "required" | "none" | "" => json!({"type": "tool", "name": ANSWER}),
                    _ => choice,
                };
            }
            None if system.is_empty() => system = schema_prompt(schema),
            None => system = format!("{system}\n\n{}", schema_prompt(schema)),
        }
    }
    let mut body = json!({
        "model": options.model,
        "max_tokens": request.max_output_tokens,
        "messages": turns(messages)?,
        "stream": options.stream,
    });
    let mut set = |key: &str, value: Value| body.as_object_mut().map(|body| body.insert(key.to_owned(), value));
    if !system.is_empty() {
        set("system", system.into());
    }
    if !tools.is_empty() {
        set("tools", tools.into());
        set("tool_choice", choice);
    }
    if let Some(temperature) = request.temperature.filter(|_| options.temperature) {
        set("temperature", json!(temperature));
    }
    Ok(body)
}

fn tools(request: &Request) -> Result<Vec<Value>, Error> {
    let tool = |tool: &phasegate_process::model::Tool| {
        if tool.name == ANSWER {
            return Err(Error::Invalid(format!("the tool name `{ANSWER}` is taken\nhint: choose another")));
        }
        let schema = parse_object(&format!("the parameters of tool `{}`", tool.name), &tool.parameters)?;
        Ok(json!({"name": tool.name, "description": tool.description, "input_schema": schema}))
    };
    request.tools.iter().map(tool).collect()
}

fn choice(request: &Request) -> Value {
    match request.tool_choice.as_str() {
        "auto" | "" => json!({"type": "auto"}),
        "none" => json!({"type": "none"}),
        "required" => json!({"type": "any"}),
        name => json!({"type": "tool", "name": name}),
    }
}

fn answer_tool(schema: &str, options: &ModelOptions) -> Result<Option<Value>, Error> {
    let schema = format::parse_json("answer_schema", schema)?;
    let fits = options.structured && schema.get("type").and_then(Value::as_str) == Some("object");
    let what = "Gives the answer. Call it once, with the whole answer.";
    Ok(fits.then(|| json!({"name": ANSWER, "description": what, "input_schema": schema})))
}

/// Encodes messages. Consecutive messages of one role become one turn with tool results first, as the format requires.
fn turns<'a>(messages: impl Iterator<Item = &'a Message>) -> Result<Vec<Value>, Error> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let blocks =
            message.content.iter().filter_map(|part| block(part).transpose()).collect::<Result<Vec<_>, _>>()?;
        match turns.last_mut() {
            Some((last, content)) if *last == role => content.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    turns.retain(|(_, blocks)| !blocks.is_empty());
    if turns.is_empty() {
        return Err(Error::Invalid("the request has no message with words in it".into()));
    }
    let turn = |(role, mut blocks): (&str, Vec<Value>)| {
        blocks.sort_by_key(|block| kind(block) != "tool_result");
        json!({"role": role, "content": blocks})
    };
    Ok(turns.into_iter().map(turn).collect())
}

fn block(part: &Content) -> Result<Option<Value>, Error> {
    Ok(Some(match part {
        Content::Text { text } if text.trim().is_empty() => return Ok(None),
        Content::Text { text } => json!({"type": "text", "text": text}),
        Content::ToolCall { id, name, arguments } => {
            let input = parse_object(&format!("the arguments of call `{id}`"), arguments)?;
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
        Content::ToolResult { id, text, is_error } => {
            json!({"type": "tool_result", "tool_use_id": id, "content": text, "is_error": is_error})
        }
        Content::Opaque { json } => parse_object("an opaque block", json)?,
    }))
}

/// A streamed answer as far as it has arrived.
#[derive(Debug, Default)]
pub(crate) struct AnswerBuilder {
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
    /// Takes the data of one event; returns the characters of the answer so far.
    pub(crate) fn event(&mut self, data: &str, peer: &Peer) -> Result<u64, Failure> {
        let event = document::parse(data).map_err(|why| broken_answer(&format!("an event {why}")))?;
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        match kind(&event) {
            "error" => return Err(ProviderError::parse(None, data).into_failure(peer)),
            "message_start" => self.counts.take(event.get("message").and_then(|message| message.get("usage"))),
            "content_block_start" => {
                self.weight += weight(data);
                if self.weight > MAX_WEIGHT {
                    return Err(broken_answer(&format!("it {TOO_HEAVY}")));
                }
                let start = event.get("content_block").cloned().unwrap_or_default();
                self.blocks.insert(index, Block { start, grown: BTreeMap::new() });
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
        Ok(self.characters)
    }

    fn grow(&mut self, index: u64, delta: &Value) {
        let (field, target) = match kind(delta) {
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

    /// Whether the provider has marked the end of the answer.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended
    }

    /// Returns the tokens that the provider has counted so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.counts.usage()
    }

    /// Returns the answer; fails if it is incomplete.
    pub(crate) fn finish(self) -> Result<ParsedAnswer, Failure> {
        let stop =
            self.stop.filter(|_| self.ended).ok_or_else(|| broken_answer("the stream ended without a stop reason"))?;
        let blocks = self.blocks.into_values().map(Block::finish).collect();
        answer(blocks, &stop, self.counts)
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

/// Parses an answer that came in one piece.
pub(crate) fn parse_complete(body: &Value) -> Result<ParsedAnswer, Failure> {
    let blocks = body.get("content").and_then(Value::as_array).ok_or_else(|| broken_answer("it has no content"))?;
    let stop = body.get("stop_reason").and_then(Value::as_str).ok_or_else(|| broken_answer("it has no stop reason"))?;
    let mut counts = Counts::default();
    counts.take(body.get("usage"));
    answer(blocks.clone(), stop, counts)
}

fn answer(blocks: Vec<Value>, stop: &str, counts: Counts) -> Result<ParsedAnswer, Failure> {
    let mut stop = match stop {
        "end_turn" | "stop_sequence" => StopReason::End.as_str(),
        "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens.as_str(),
        "tool_use" => StopReason::ToolCalls.as_str(),
        other => other,
    };
    let mut content = Vec::new();
    let mut document = None;
    for block in blocks {
        match kind(&block) {
            "text" if text(&block, "text").is_empty() => {}
            "text" => content.push(Content::Text { text: text(&block, "text").to_owned() }),
            "tool_use" if text(&block, "name") == ANSWER => document = arguments(&block, stop, true)?,
            "tool_use" => content.extend(arguments(&block, stop, false)?.map(|arguments| Content::ToolCall {
                id: text(&block, "id").to_owned(),
                name: text(&block, "name").to_owned(),
                arguments,
            })),
            // So is a delta of a block that never began: accepting it would lose the start of the block.
            _ if !block.is_object() => return Err(broken_answer("a part of it is no JSON object")),
            _ => content.push(Content::Opaque { json: block.to_string() }),
        }
    }
    let calls = content.iter().any(|part| matches!(part, Content::ToolCall { .. }));
    if let Some(document) = document.filter(|_| !calls) {
        // The arguments are the whole answer: text around them would break the schema.
        content.retain(|part| matches!(part, Content::Opaque { .. }));
        content.push(Content::Text { text: document });
        stop = if stop == StopReason::ToolCalls.as_str() { StopReason::End.as_str() } else { stop };
    }
    Ok(ParsedAnswer { content, stop: stop.to_owned(), usage: counts.usage() })
}

/// Returns the arguments of a call as text. Where the token limit cut them off, those of an answer are returned as they are
/// and those of a tool call are dropped.
fn arguments(block: &Value, stop: &str, is_answer: bool) -> Result<Option<String>, Failure> {
    match block.get("input") {
        Some(input @ Value::Object(_)) => Ok(Some(input.to_string())),
        Some(Value::String(cut)) if stop == StopReason::MaxTokens.as_str() => Ok(is_answer.then(|| cut.clone())),
        _ if stop == StopReason::MaxTokens.as_str() => Ok(None),
        _ => Err(broken_answer("a tool call's arguments are no JSON object")),
    }
}

#[derive(Debug, Default)]
struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    const FIELDS: [&'static str; 4] =
        ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];

    /// Takes counts of tokens. Later ones are running totals and replace earlier ones.
    fn take(&mut self, usage: Option<&Value>) {
        for field in Self::FIELDS {
            if let Some(count) = usage.and_then(|usage| usage.get(field)).and_then(Value::as_u64) {
                self.0.insert(field, count);
            }
        }
    }

    fn usage(&self) -> Option<Usage> {
        let [fresh, written, cached, output] = Self::FIELDS.map(|field| self.0.get(field).copied().unwrap_or(0));
        let input = fresh.saturating_add(written).saturating_add(cached);
        (!self.0.is_empty()).then_some(Usage {
            input_tokens: input,
            output_tokens: output,
            cached_input_tokens: cached,
            usd: None,
        })
    }
}

fn kind(value: &Value) -> &str {
    text(value, "type")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
