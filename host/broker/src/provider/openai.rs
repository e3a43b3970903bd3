//! Requests in the chat completions format of OpenAI and compatible servers.
//!
//! An answer schema is sent as `response_format`, not strict: the strict form takes only a part of JSON Schema.
//! `structured = false` sends a prompt instead. A schema keeps the order of its keys, which models follow.
//!
//! Fails on a request that the format cannot carry.

use std::num::NonZeroU32;

use phasegate_process::model::{self, Content, Error, Message, Request, Role};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::format::{
    self, ModelOptions, check_tool_choice, is_false, parse_object, raw_object, schema_prompt, split_system,
};
use super::reasoning::parse_block;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "is_false")]
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: Box<RawValue>,
}

#[derive(Serialize)]
struct ResponseFormat {
    r#type: &'static str,
    json_schema: NamedSchema,
}

#[derive(Serialize)]
struct NamedSchema {
    name: &'static str,
    schema: Box<RawValue>,
}

/// Encodes the body of a request for at most this many output tokens.
pub(crate) fn body(request: &Request, options: &ModelOptions, limit: NonZeroU32) -> Result<Vec<u8>, Error> {
    check_tool_choice(request)?;
    let schema = request.answer_schema.as_deref().map(|text| Ok((text, format::raw_json("answer_schema", text)?)));
    let schema: Option<(&str, Box<RawValue>)> = schema.transpose()?;
    let messages = turns(request, schema.as_ref().filter(|_| !options.structured).map(|(text, _)| *text))?;
    let has_tools = !request.tools.is_empty();
    let renamed = options.max_completion_tokens;
    format::encode(&Body {
        model: &options.model,
        messages,
        max_tokens: (!renamed).then_some(limit),
        max_completion_tokens: renamed.then_some(limit),
        stream: options.stream,
        stream_options: options.stream.then(|| json!({"include_usage": true})),
        tools: tools(request)?,
        tool_choice: has_tools.then(|| choice(&request.tool_choice)),
        response_format: schema.filter(|_| options.structured).map(|(_, schema)| ResponseFormat {
            r#type: "json_schema",
            json_schema: NamedSchema { name: "answer", schema },
        }),
        temperature: request.temperature.filter(|_| options.temperature),
        seed: request.seed.filter(|_| options.seed),
    })
}

fn tools(request: &Request) -> Result<Vec<Tool<'_>>, Error> {
    let encode = |tool| Ok(Tool { r#type: "function", function: function(tool)? });
    request.tools.iter().map(encode).collect()
}

fn function(tool: &model::Tool) -> Result<Function<'_>, Error> {
    let parameters = raw_object(&format!("the parameters of tool `{}`", tool.name), &tool.parameters)?;
    Ok(Function { name: &tool.name, description: &tool.description, parameters })
}

fn choice(choice: &str) -> Value {
    match choice {
        "" => "auto".into(),
        "auto" | "none" | "required" => choice.into(),
        name => json!({"type": "function", "function": {"name": name}}),
    }
}

/// Encodes the messages, with the schema in the system message where the prompt has to ask for it.
fn turns(request: &Request, schema: Option<&str>) -> Result<Vec<Value>, Error> {
    let (mut system, messages) = split_system(request);
    if let Some(schema) = schema {
        system =
            if system.is_empty() { schema_prompt(schema) } else { format!("{system}\n\n{}", schema_prompt(schema)) };
    }
    let mut turns = Vec::new();
    if !system.is_empty() {
        turns.push(json!({"role": "system", "content": system}));
    }
    let before = turns.len();
    for message in messages {
        push_message(message, &mut turns)?;
    }
    match turns.len() == before {
        true => Err(Error::Invalid("the request has no message with words in it".into())),
        false => Ok(turns),
    }
}

/// Encodes a message, as one or several: each tool result is a message of its own, before the text.
fn push_message(message: &Message, turns: &mut Vec<Value>) -> Result<(), Error> {
    let mut content = String::new();
    let mut reasoning: Option<(&str, String)> = None;
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
            // Blocks of another format have no meaning in this one.
            Content::Opaque { json } => {
                if let Some((field, text)) = parse_block(json) {
                    reasoning.get_or_insert((field, String::new())).1.push_str(&text);
                }
            }
        }
    }
    let is_empty = content.trim().is_empty();
    match (message.role, calls.is_empty(), is_empty) {
        (_, true, true) => {}
        (Role::Assistant, ..) => {
            let more = reasoning.map(|(field, text)| (field.to_owned(), text.into()));
            let calls = (!calls.is_empty()).then(|| ("tool_calls".to_owned(), calls.into()));
            let content = if is_empty { Value::Null } else { content.into() };
            let turn = [("role".to_owned(), "assistant".into()), ("content".to_owned(), content)];
            turns.push(Value::Object(Map::from_iter(turn.into_iter().chain(more).chain(calls))));
        }
        (_, true, false) => turns.push(json!({"role": "user", "content": content})),
        (_, false, _) => return Err(Error::Invalid("a tool call stands in a message that is not the model's".into())),
    }
    Ok(())
}
