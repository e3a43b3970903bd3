//! What is said to and heard from language models, as every room understands it.
//!
//! Mirrors `interface model-types` of `wit/models.wit`. A request's digest is taken over its JSON, whose field order is the
//! order below, so that equal requests have equal digests in every run.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name the model calls it by.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments, as text.
    pub parameters: String,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Content {
    /// Plain words.
    Text {
        /// The words.
        text: String,
    },
    /// The model wants a tool called.
    ToolCall {
        /// The provider's name for this call.
        id: String,
        /// Which tool.
        name: String,
        /// JSON object as text.
        arguments: String,
    },
    /// What a tool answered.
    ToolResult {
        /// The call this answers.
        id: String,
        /// The answer.
        text: String,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// A provider's own block, handed back unchanged. JSON as text.
    Opaque {
        /// The block.
        json: String,
    },
}

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The asker, or a tool's answer.
    User,
    /// The model.
    Assistant,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// Its parts, in order.
    pub content: Vec<Content>,
}

/// How capable, and how dear, a model is asked for. Which model serves it is the operator's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Cheap and quick.
    Fast,
    /// The usual.
    Default,
    /// The most capable.
    Deep,
}

impl Tier {
    /// All tiers, cheapest first.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Default, Self::Deep];

    /// The tier of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }

    /// `fast`, `default` or `deep`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::Deep => "deep",
        }
    }
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What this call is for, in a few words.
    pub label: String,
    /// The tier asked for.
    pub tier: Tier,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// Tools on offer.
    pub tools: Vec<Tool>,
    /// `auto`, `none`, `required` or a tool's name.
    pub tool_choice: String,
    /// JSON Schema that the whole answer must satisfy, as text.
    pub answer_schema: Option<String>,
    /// The longest answer, in tokens.
    pub max_output_tokens: NonZeroU32,
    /// 0.0 to 2.0.
    pub temperature: Option<f32>,
}

/// Tokens as the provider counted them; money where the operator's price table knows the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_input_tokens: u64,
    /// US dollars; `None` where the price is not known, which is not zero.
    pub usd: Option<f64>,
}

/// One whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Its parts, in order.
    pub content: Vec<Content>,
    /// `end`, `max-tokens`, `tool-calls`, `refusal`, or what the provider said.
    pub stop: String,
    /// `provider:model` that answered.
    pub model: String,
    /// What it took.
    pub usage: Usage,
}

impl Response {
    /// The text parts, joined.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            Content::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

/// Why a model call gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "message")]
pub enum Error {
    /// The grant or the tier is missing.
    #[error("model call denied: {0}")]
    Denied(String),
    /// Tokens, money or calls are used up.
    #[error("budget used up: {0}")]
    Budget(String),
    /// The request can never succeed as it is.
    #[error("model request refused: {0}")]
    Invalid(String),
    /// Longer than the model takes.
    #[error("model request too long: {0}")]
    TooLong(String),
    /// The provider failed after the host's retries.
    #[error("model unavailable: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("model call failed: {0}")]
    Other(String),
}

/// An answer or the reason for none: what a `model_answered` event holds.
pub type Answer = Result<Response, Error>;
