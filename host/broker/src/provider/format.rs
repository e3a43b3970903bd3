//! What the wire formats share.

use phasegate_process::model::{Content, Error, Message, Request, Role, Usage};
use serde_json::Value;

use super::document;
use crate::call::Failure;
use crate::price::Price;

/// How requests are put to one model of one provider.
#[derive(Debug, Clone)]
pub(crate) struct ModelOptions {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) structured: bool,
    pub(crate) temperature: bool,
    pub(crate) max_completion_tokens: bool,
    pub(crate) price: Option<Price>,
}

/// An answer as a wire format understood it, before it is anyone's.
#[derive(Debug)]
pub(crate) struct ParsedAnswer {
    pub(crate) content: Vec<Content>,
    pub(crate) stop: String,
    /// `None` where the provider counted nothing.
    pub(crate) usage: Option<Usage>,
}

/// The system messages' words, and the rest of the conversation.
pub(super) fn split_system(request: &Request) -> (String, impl Iterator<Item = &Message>) {
    let parts =
        request.messages.iter().filter(|message| message.role == Role::System).flat_map(|message| &message.content);
    let texts: Vec<&str> =
        parts.filter_map(|part| if let Content::Text { text } = part { Some(text.as_str()) } else { None }).collect();
    (texts.join("\n\n"), request.messages.iter().filter(|message| message.role != Role::System))
}

/// JSON that a guest handed over as text.
pub(super) fn parse_json(what: &str, text: &str) -> Result<Value, Error> {
    document::parse(text).map_err(|why| Error::Invalid(format!("{what} {why}")))
}

/// A JSON object that a guest handed over as text.
pub(super) fn parse_object(what: &str, text: &str) -> Result<Value, Error> {
    match parse_json(what, text)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Error::Invalid(format!("{what} is no JSON object"))),
    }
}

/// Asks for a schema in words, for models that have no other way.
pub(super) fn schema_prompt(schema: &str) -> String {
    format!(
        "Answer with one JSON document and nothing else: no words around it, no code fence. \
         It must satisfy this JSON Schema:\n{schema}"
    )
}

/// A named tool must be on offer.
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

pub(super) fn broken_answer(text: &str) -> Failure {
    Failure::temporary(format!("the answer broke off: {text}"))
}

pub(super) fn too_many_bytes(most: usize) -> Error {
    Error::Other(format!("the answer has more than {most} bytes"))
}

/// The words of a part that a model reads or writes.
pub(crate) fn content_text(part: &Content) -> &str {
    match part {
        Content::Text { text } | Content::ToolResult { text, .. } => text,
        Content::ToolCall { arguments, .. } => arguments,
        Content::Opaque { json } => json,
    }
}
