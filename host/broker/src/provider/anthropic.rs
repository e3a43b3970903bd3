//! Requests in the Anthropic Messages format.
//!
//! An answer schema becomes a tool that the model must call, and the arguments are returned as text: every model with tools
//! can do that, with any schema of an object. `structured = false`, or a schema of another type, sends a prompt instead. A
//! schema keeps the order of its keys, which models follow.
//!
//! The parts that a later request of the same plugin repeats are marked for the provider's cache, see [`breakpoints`].
//! Fails on a request that the format cannot carry.
//!
//! [`breakpoints`]: super::breakpoints

use std::num::NonZeroU32;

use phasegate_process::model::{self, Content, Error, Message, Request, Role};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::breakpoints;
use super::format::{
    self, ModelOptions, check_tool_choice, parse_object, raw_object, schema_prompt, split_system, text,
};

/// The tool whose arguments are the answer.
pub(super) const ANSWER: &str = "give_answer";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: NonZeroU32,
    stream: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Value>,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: Box<RawValue>,
}

/// Encodes the body of a request for at most this many output tokens.
pub(crate) fn body(request: &Request, options: &ModelOptions, limit: NonZeroU32) -> Result<Vec<u8>, Error> {
    check_tool_choice(request)?;
    let (mut system, messages) = split_system(request);
    let mut tools = request.tools.iter().map(tool).collect::<Result<Vec<_>, _>>()?;
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
    let mut messages = turns(messages)?;
    let tool_bytes: usize = tools.iter().map(|tool| tool.description.len() + tool.input_schema.get().len()).sum();
    let system = breakpoints::set(tool_bytes, system, &mut messages);
    format::encode(&Body {
        model: &options.model,
        max_tokens: limit,
        stream: options.stream,
        tool_choice: (!tools.is_empty()).then_some(choice),
        tools,
        system,
        messages,
        temperature: request.temperature.filter(|_| options.temperature),
    })
}

fn tool(tool: &model::Tool) -> Result<Tool<'_>, Error> {
    if tool.name == ANSWER {
        return Err(Error::Invalid(format!("the tool name `{ANSWER}` is taken\nhint: choose another")));
    }
    let input_schema = raw_object(&format!("the parameters of tool `{}`", tool.name), &tool.parameters)?;
    Ok(Tool { name: &tool.name, description: &tool.description, input_schema })
}

fn choice(request: &Request) -> Value {
    match request.tool_choice.as_str() {
        "auto" | "" => json!({"type": "auto"}),
        "none" => json!({"type": "none"}),
        "required" => json!({"type": "any"}),
        name => json!({"type": "tool", "name": name}),
    }
}

/// Returns the tool that gives an answer of this schema; `None` where the prompt has to ask for it.
fn answer_tool<'a>(schema: &str, options: &ModelOptions) -> Result<Option<Tool<'a>>, Error> {
    let parsed = format::parse_json("answer_schema", schema)?;
    if !options.structured || text(&parsed, "type") != "object" {
        return Ok(None);
    }
    let input_schema = format::raw_json("answer_schema", schema)?;
    let description = "Gives the answer. Call it once, with the whole answer.";
    Ok(Some(Tool { name: ANSWER, description, input_schema }))
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
        blocks.sort_by_key(|block| text(block, "type") != "tool_result");
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
        // A block of another format has no type, and no meaning in this one.
        Content::Opaque { json } => {
            let block = parse_object("an opaque block", json)?;
            return Ok(Some(block).filter(|block| block.get("type").is_some()));
        }
    }))
}
