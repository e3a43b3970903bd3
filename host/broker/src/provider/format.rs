//! Types and helpers that the wire formats share.
//!
//! Text of [`Error`]s made here is recorded and shown to guests: it stays as it is, hints included.

use phasegate_process::model::{Content, Error, Message, Request, Role, Usage};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::document;
use super::peer::Peer;
use crate::call::Failure;
use crate::config::ModelLimits;
use crate::price::Price;

/// How requests to one model are encoded.
#[derive(Debug, Clone)]
pub(crate) struct ModelOptions {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) structured: bool,
    pub(crate) temperature: bool,
    pub(crate) seed: bool,
    pub(crate) max_completion_tokens: bool,
    pub(crate) limits: ModelLimits,
    pub(crate) price: Option<Price>,
}

/// An answer as parsed from a wire format, before keys are redacted and its cost is known.
#[derive(Debug)]
pub(crate) struct ParsedAnswer {
    pub(crate) content: Vec<Content>,
    pub(crate) stop: String,
    /// `None` where the provider did not count tokens.
    pub(crate) usage: Option<Usage>,
    /// The input tokens of `usage` that the provider wrote to its cache.
    pub(crate) cache_written_tokens: u64,
}

/// Returns the text of the system messages and the other messages.
pub(super) fn split_system(request: &Request) -> (String, impl Iterator<Item = &Message>) {
    let parts =
        request.messages.iter().filter(|message| message.role == Role::System).flat_map(|message| &message.content);
    let texts: Vec<&str> =
        parts.filter_map(|part| if let Content::Text { text } = part { Some(text.as_str()) } else { None }).collect();
    (texts.join("\n\n"), request.messages.iter().filter(|message| message.role != Role::System))
}

/// Parses JSON that a guest passed as text; `what` names it in the error.
pub(super) fn parse_json(what: &str, text: &str) -> Result<Value, Error> {
    document::parse(text).map_err(|why| Error::Invalid(format!("{what} {why}")))
}

/// Returns JSON that a guest passed as text, to be sent as it is written; `what` names it in the error.
pub(super) fn raw_json(what: &str, text: &str) -> Result<Box<RawValue>, Error> {
    parse_json(what, text)?;
    RawValue::from_string(text.to_owned()).map_err(|why| Error::Invalid(format!("{what} is no JSON: {why}")))
}

/// Returns a JSON object that a guest passed as text, to be sent as it is written; `what` names it in the error.
pub(super) fn raw_object(what: &str, text: &str) -> Result<Box<RawValue>, Error> {
    parse_object(what, text)?;
    raw_json(what, text)
}

/// Parses a JSON object that a guest passed as text; `what` names it in the error.
pub(super) fn parse_object(what: &str, text: &str) -> Result<Value, Error> {
    match parse_json(what, text)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Error::Invalid(format!("{what} is no JSON object"))),
    }
}

/// Returns a prompt that asks for a schema, for models without a mechanism for it.
pub(super) fn schema_prompt(schema: &str) -> String {
    format!(
        "Answer with one JSON document and nothing else: no words around it, no code fence. \
         It must satisfy this JSON Schema:\n{schema}"
    )
}

/// Checks that a tool that the request forces is among its tools.
pub(super) fn check_tool_choice(request: &Request) -> Result<(), Error> {
    let choice = request.tool_choice.as_str();
    let is_known =
        matches!(choice, "auto" | "none" | "required" | "") || request.tools.iter().any(|tool| tool.name == choice);
    match is_known {
        true => Ok(()),
        false => Err(Error::Invalid(format!(
            "tool_choice `{choice}` is no tool on offer\nhint: use auto, none, required or a tool's name"
        ))),
    }
}

/// Serializes the body of a request.
pub(super) fn encode(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|why| Error::Invalid(format!("the request is no JSON: {why}")))
}

/// A temporary failure; `text` continues a sentence about the answer.
pub(super) fn broken_answer(peer: &Peer, text: &str) -> Failure {
    Failure::temporary(format!("{} broke its answer off: {}", peer.name, peer.sanitize(text)))
}

/// Returns a text field of an object; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// For fields that are left out where they are false.
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// Returns the text of a part that a model reads or writes.
pub(crate) fn content_text(part: &Content) -> &str {
    match part {
        Content::Text { text } | Content::ToolResult { text, .. } => text,
        Content::ToolCall { arguments, .. } => arguments,
        Content::Opaque { json } => json,
    }
}
