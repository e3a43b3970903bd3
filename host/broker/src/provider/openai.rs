//! The chat completions format of OpenAI and compatible servers.
//!
//! An answer schema is sent as `response_format`, not strict: the strict form takes only a part of JSON Schema.
//! `structured = false` sends a prompt instead.
//!
//! Guarantees: a streamed answer and a whole one give the same [`ParsedAnswer`]. Fails on a request that the format cannot
//! carry; an answer without a finish reason, or with arguments that are not an object, is a temporary failure.

use std::collections::BTreeMap;

use phasegate_process::model::{Content, Error, Message, Request, Role, StopReason, Usage};
use serde_json::{Value, json};

use super::document;
use super::format::{
    self, ModelOptions, ParsedAnswer, broken_answer, check_tool_choice, parse_object, schema_prompt, split_system,
};
use super::peer::Peer;
use super::provider_error::ProviderError;
use crate::call::Failure;

/// Encodes the body of a request.
pub(crate) fn body(request: &Request, options: &ModelOptions) -> Result<Value, Error> {
    check_tool_choice(request)?;
    let (mut system, messages) = split_system(request);
    let schema = request
        .answer_schema
        .as_deref()
        .map(|text| format::parse_json("answer_schema", text).map(|value| (text, value)));
    let schema = schema.transpose()?;
    if let Some((text, _)) = schema.as_ref().filter(|_| !options.structured) {
        system = if system.is_empty() { schema_prompt(text) } else { format!("{system}\n\n{}", schema_prompt(text)) };
    }
    let mut turns = Vec::new();
    if !system.is_empty() {
        turns.push(json!({"role": "system", "content": system}));
    }
    let before = turns.len();
    for message in messages {
        push_message(message, &mut turns)?;
    }
    if turns.len() == before {
        return Err(Error::Invalid("the request has no message with words in it".into()));
    }
    let limit = if options.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let mut body = json!({"model": options.model, "messages": turns, limit: request.max_output_tokens});
    let mut set = |key: &str, value: Value| body.as_object_mut().map(|body| body.insert(key.to_owned(), value));
    if options.stream {
        set("stream", true.into());
        set("stream_options", json!({"include_usage": true}));
    }
    if !request.tools.is_empty() {
        set("tools", tools(request)?.into());
        set("tool_choice", choice(&request.tool_choice));
    }
    if let Some((_, schema)) = schema.filter(|_| options.structured) {
        set("response_format", json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}));
    }
    if let Some(temperature) = request.temperature.filter(|_| options.temperature) {
        set("temperature", json!(temperature));
    }
    Ok(body)
}

fn tools(request: &Request) -> Result<Vec<Value>, Error> {
    let tool = |tool: &phasegate_process::model::Tool| {
        let schema = parse_object(&format!("the parameters of tool `{}`", tool.name), &tool.parameters)?;
        let function = json!({"name": tool.name, "description": tool.description, "parameters": schema});
        Ok(json!({"type": "function", "function": function}))
    };
    request.tools.iter().map(tool).collect()
}

fn choice(choice: &str) -> Value {
    match choice {
        "" => "auto".into(),
        "auto" | "none" | "required" => choice.into(),
        name => json!({"type": "function", "function": {"name": name}}),
    }
}

/// Encodes a message, as one or several: each tool result is a message of its own, before the text.
fn push_message(message: &Message, turns: &mut Vec<Value>) -> Result<(), Error> {
    let mut content = String::new();
    let mut calls = Vec::new();
    for part in &message.content {
        match part {
            Content::Text { text } => content.push_str(text),
            Content::ToolCall { id, name, arguments } => {
                parse_object(&format!("the arguments of call `{id}`"), arguments)?;
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            Content::ToolResult { id, text, is_error } => {
                let text = if *is_error { format!("error: {text}") } else { text.clone() };
                turns.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
            }
            // Blocks of another provider have no meaning in this format.
            Content::Opaque { .. } => {}
        }
    }
    match (message.role, calls.is_empty(), content.trim().is_empty()) {
        (_, true, true) => {}
        (Role::Assistant, true, false) => turns.push(json!({"role": "assistant", "content": content})),
        (Role::Assistant, false, true) => {
            turns.push(json!({"role": "assistant", "content": null, "tool_calls": calls}))
        }
        (Role::Assistant, false, false) => {
            turns.push(json!({"role": "assistant", "content": content, "tool_calls": calls}))
        }
        (_, true, false) => turns.push(json!({"role": "user", "content": content})),
        (_, false, _) => return Err(Error::Invalid("a tool call stands in a message that is not the model's".into())),
    }
    Ok(())
}

/// An answer as far as it has arrived.
#[derive(Debug, Default)]
pub(crate) struct AnswerBuilder {
    content: String,
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
    /// Takes the data of one event; returns the characters of the answer so far.
    pub(crate) fn event(&mut self, data: &str, peer: &Peer) -> Result<u64, Failure> {
        if data.trim() == "[DONE]" {
            self.ended = true;
            return Ok(self.characters);
        }
        let chunk = document::parse(data).map_err(|why| broken_answer(&format!("an event {why}")))?;
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return Err(ProviderError::parse(None, data).into_failure(peer));
        }
        self.take(&chunk, "delta");
        Ok(self.characters)
    }

    fn take(&mut self, chunk: &Value, part: &str) {
        self.usage = chunk.get("usage").and_then(usage).or(self.usage);
        let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else { return };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish.to_owned());
        }
        let Some(message) = choice.get(part) else { return };
        let (content, refusal) = (text(message, "content"), text(message, "refusal"));
        self.characters += (content.chars().count() + refusal.chars().count()) as u64;
        self.content.push_str(content);
        self.refusal.push_str(refusal);
        for (place, call) in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
            self.call(place as u64, call);
        }
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

    /// Whether the provider has marked the end of the answer.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended
    }

    /// Returns the tokens that the provider has counted so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Returns the answer; fails if it is incomplete.
    pub(crate) fn finish(self) -> Result<ParsedAnswer, Failure> {
        let finish = self.finish.ok_or_else(|| broken_answer("it ended without a finish reason"))?;
        let cut = finish == "length";
        let mut content = Vec::new();
        let text = self.content + &self.refusal;
        if !text.is_empty() {
            content.push(Content::Text { text });
        }
        for (n, parts) in self.calls.into_values().enumerate() {
            content.extend(parts.finish(n + 1, cut)?);
        }
        let calls = content.iter().any(|part| matches!(part, Content::ToolCall { .. }));
        let stop = match finish.as_str() {
            _ if !self.refusal.is_empty() => StopReason::Refusal.as_str(),
            "stop" if calls => StopReason::ToolCalls.as_str(),
            "stop" => StopReason::End.as_str(),
            "length" => StopReason::MaxTokens.as_str(),
            "tool_calls" | "function_call" => StopReason::ToolCalls.as_str(),
            "content_filter" => StopReason::Refusal.as_str(),
            other => other,
        };
        Ok(ParsedAnswer { content, stop: stop.to_owned(), usage: self.usage })
    }
}

impl ToolCallParts {
    /// Returns the call; `None` if the token limit cut it off.
    fn finish(self, number: usize, cut: bool) -> Result<Option<Content>, Failure> {
        let arguments = if self.arguments.trim().is_empty() { "{}" } else { &self.arguments };
        match document::parse(arguments) {
            Ok(object @ Value::Object(_)) => {
                let id = if self.id.is_empty() { format!("call-{number}") } else { self.id };
                Ok(Some(Content::ToolCall { id, name: self.name, arguments: object.to_string() }))
            }
            _ if cut => Ok(None),
            _ => Err(broken_answer("a tool call's arguments are no JSON object")),
        }
    }
}

/// Parses an answer that came in one piece.
pub(crate) fn parse_complete(body: &Value) -> Result<ParsedAnswer, Failure> {
    let mut builder = AnswerBuilder::default();
    builder.take(body, "message");
    builder.finish()
}

fn usage(usage: &Value) -> Option<Usage> {
    let count = |value: &Value, field: &str| value.get(field).and_then(Value::as_u64);
    Some(Usage {
        input_tokens: count(usage, "prompt_tokens")?,
        output_tokens: count(usage, "completion_tokens").unwrap_or(0),
        cached_input_tokens: usage
            .get("prompt_tokens_details")
            .and_then(|details| count(details, "cached_tokens"))
            .unwrap_or(0),
        usd: None,
    })
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
