//! Conversion of model calls.

use std::num::NonZeroU32;

use phasegate_process::model::{Answer, Content, Error, Message, Request, Role, Tier, Tool, Usage};

use crate::bindings::phasegate::plugin::model_types as wit;

/// The longest label, in bytes. Events and state contain the label.
const MAX_LABEL_BYTES: usize = 200;

/// Converts a request. Fails with the answer for the guest if the request is invalid.
pub(crate) fn request(request: wit::Request) -> Result<Request, Error> {
    let wit::Request { label, tier, messages, tools, tool_choice, answer_schema, max_output_tokens, temperature } =
        request;
    if label.len() > MAX_LABEL_BYTES {
        let text =
            format!("the label has {} bytes, at most {MAX_LABEL_BYTES} are taken; say more in a message", label.len());
        return Err(Error::Invalid(text));
    }
    let Some(tier) = Tier::from_name(&tier) else {
        return Err(Error::Denied(format!("there is no tier `{tier}`; the tiers are fast, default and deep")));
    };
    let Some(max_output_tokens) = NonZeroU32::new(max_output_tokens) else {
        return Err(Error::Invalid("max-output-tokens is 0; ask for at least one token".to_owned()));
    };
    if let Some(temperature) = temperature
        && !(0.0..=2.0).contains(&temperature)
    {
        return Err(Error::Invalid(format!("temperature {temperature} is not between 0.0 and 2.0")));
    }
    Ok(Request {
        label,
        tier,
        messages: messages.into_iter().map(message).collect::<Result<_, _>>()?,
        tools: tools.into_iter().map(tool).collect(),
        tool_choice,
        answer_schema,
        max_output_tokens,
        temperature,
        seed: None,
    })
}

fn message(message: wit::Message) -> Result<Message, Error> {
    let role = match message.role {
        wit::Role::System => Role::System,
        wit::Role::User => Role::User,
        wit::Role::Assistant => Role::Assistant,
    };
    Ok(Message { role, content: message.content.into_iter().map(content).collect::<Result<_, _>>()? })
}

fn tool(tool: wit::Tool) -> Tool {
    Tool { name: tool.name, description: tool.description, parameters: tool.parameters }
}

fn content(content: wit::Content) -> Result<Content, Error> {
    Ok(match content {
        wit::Content::Text(text) => Content::Text { text },
        wit::Content::ToolCall(call) => Content::ToolCall { id: call.id, name: call.name, arguments: call.arguments },
        wit::Content::ToolResult(result) => {
            Content::ToolResult { id: result.id, text: result.text, is_error: result.is_error }
        }
        wit::Content::Opaque(json) => Content::Opaque { json },
        wit::Content::Other(what) => {
            return Err(Error::Invalid(format!(
                "this host does not know the content `{}`",
                what.chars().take(80).collect::<String>()
            )));
        }
    })
}

/// Returns the size of a request in bytes, for the limit on the requests of an agent.
pub(crate) fn size(request: &wit::Request) -> usize {
    let content = |part: &wit::Content| match part {
        wit::Content::Text(text) | wit::Content::Opaque(text) | wit::Content::Other(text) => text.len(),
        wit::Content::ToolCall(it) => it.id.len() + it.name.len() + it.arguments.len(),
        wit::Content::ToolResult(it) => it.id.len() + it.text.len(),
    };
    // Empty elements count too, because a list of them takes memory.
    let piece = size_of::<wit::Content>();
    let message = |message: &wit::Message| message.content.iter().map(|it| content(it) + piece).sum::<usize>() + piece;
    let tool = |tool: &wit::Tool| tool.name.len() + tool.description.len() + tool.parameters.len() + piece;
    request.label.len()
        + request.tier.len()
        + request.tool_choice.len()
        + request.answer_schema.as_deref().map_or(0, str::len)
        + request.messages.iter().map(message).sum::<usize>()
        + request.tools.iter().map(tool).sum::<usize>()
}

/// Returns the size of an answer in bytes, for the limit on one answer.
pub(crate) fn answer_size(answer: &Answer) -> u64 {
    let Ok(response) = answer else { return 0 };
    let part = |part: &Content| match part {
        Content::Text { text } => text.len(),
        Content::ToolCall { id, name, arguments } => id.len() + name.len() + arguments.len(),
        Content::ToolResult { id, text, .. } => id.len() + text.len(),
        Content::Opaque { json } => json.len(),
    };
    response.content.iter().map(part).sum::<usize>() as u64
}

/// Converts an answer for the guest.
pub(crate) fn answer(answer: Answer) -> Result<wit::Response, wit::Error> {
    let response = answer.map_err(|error| match error {
        Error::Denied(text) => wit::Error::Denied(text),
        Error::Budget(text) => wit::Error::Budget(text),
        Error::Invalid(text) => wit::Error::Invalid(text),
        Error::TooLong(text) => wit::Error::TooLong(text),
        Error::Unavailable(text) => wit::Error::Unavailable(text),
        Error::Other(text) => wit::Error::Other(text),
    })?;
    let Usage { input_tokens, output_tokens, cached_input_tokens, usd } = response.usage;
    Ok(wit::Response {
        content: response.content.into_iter().map(to_content).collect(),
        stop: response.stop,
        model: response.model,
        usage: wit::Usage { input_tokens, output_tokens, cached_input_tokens, usd },
    })
}

fn to_content(content: Content) -> wit::Content {
    match content {
        Content::Text { text } => wit::Content::Text(text),
        Content::ToolCall { id, name, arguments } => wit::Content::ToolCall(wit::ToolCall { id, name, arguments }),
        Content::ToolResult { id, text, is_error } => wit::Content::ToolResult(wit::ToolResult { id, text, is_error }),
        Content::Opaque { json } => wit::Content::Opaque(json),
    }
}
