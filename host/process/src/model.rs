//! Requests to language models and their answers, independent of providers.
//!
//! Mirrors `interface model-types` of `wit/models.wit`. A request's digest is computed over its JSON, and the order of
//! its fields is the order of declaration: reordering fields changes the digests of recorded requests.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name that the model uses.
    pub name: String,
    /// A description for the model.
    pub description: String,
    /// The JSON Schema of its arguments, as text.
    pub parameters: String,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A tool call of the model.
    ToolCall {
        /// The provider's id of this call.
        id: String,
        /// The tool's name.
        name: String,
        /// The arguments, a JSON object as text.
        arguments: String,
    },
    /// The result of a tool call.
    ToolResult {
        /// The id of the call.
        id: String,
        /// The result.
        text: String,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// A block in the provider's own format, sent back unchanged.
    Opaque {
        /// The block, JSON as text.
        json: String,
    },
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The agent, or the result of a tool.
    User,
    /// The model.
    Assistant,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The parts, in order.
    pub content: Vec<Content>,
}

/// The capability, and so the price, of the model that is asked for. The operator configures the model of each tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Cheap and fast.
    Fast,
    /// For most work.
    Default,
    /// The most capable.
    Deep,
}

impl Tier {
    /// All tiers, cheapest first.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Default, Self::Deep];

    /// Returns the tier of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }

    /// Returns `fast`, `default` or `deep`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::Deep => "deep",
        }
    }
}

/// One request to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The purpose of this call, in a few words; shown to people.
    pub label: String,
    /// The tier asked for.
    pub tier: Tier,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<Tool>,
    /// `auto`, `none`, `required` or a tool's name.
    pub tool_choice: String,
    /// The JSON Schema that the whole answer has to satisfy, as text.
    pub answer_schema: Option<String>,
    /// The most tokens of the answer.
    pub max_output_tokens: NonZeroU32,
    /// From 0.0 to 2.0; the provider's default where absent.
    pub temperature: Option<f32>,
    /// The seed of the answer, which the operator sets; none where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seed: Option<u64>,
}

/// Tokens as counted by the provider, and their price from the operator's price table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens that came from the provider's cache.
    pub cached_input_tokens: u64,
    /// US dollars; `None` where the price is unknown, which is not zero.
    pub usd: Option<f64>,
}

/// One complete answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The parts, in order.
    pub content: Vec<Content>,
    /// Why the answer ended: a [`StopReason`], or the provider's own word.
    pub stop: String,
    /// `provider:model` that answered.
    pub model: String,
    /// The usage of the call.
    pub usage: Usage,
}

/// The reasons of [`Response::stop`] that are the same for every provider. Others are text of the provider, and therefore
/// the contract and the journal hold text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model finished its answer.
    End,
    /// The answer reached the most output tokens.
    MaxTokens,
    /// The model wants tools to be called.
    ToolCalls,
    /// The model or the provider refused to answer.
    Refusal,
}

impl StopReason {
    /// The `stop` of a `model_answered` event whose call failed; no reason of an answer.
    pub const FAILED_CALL: &str = "error";

    /// Returns `end`, `max-tokens`, `tool-calls` or `refusal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::MaxTokens => "max-tokens",
            Self::ToolCalls => "tool-calls",
            Self::Refusal => "refusal",
        }
    }
}

impl Response {
    /// Returns the text parts, joined.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            Content::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

/// The reason why a model call has no answer. Mirrors `error` of `wit/models.wit`, and is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "message")]
pub enum Error {
    /// The plugin lacks the grant, or the tier is not configured.
    #[error("model call denied: {0}")]
    Denied(String),
    /// A budget of tokens, money or calls is exhausted.
    #[error("{0}")]
    Budget(String),
    /// The request can never succeed as it is.
    #[error("model request refused: {0}")]
    Invalid(String),
    /// The request is longer than the model allows.
    #[error("model request too long: {0}")]
    TooLong(String),
    /// The provider failed after the host's retries.
    #[error("model unavailable: {0}")]
    Unavailable(String),
    /// Any other failure.
    #[error("model call failed: {0}")]
    Other(String),
}

/// An answer, or the reason why there is none: the content of the blob of `model_answered`.
pub type Answer = Result<Response, Error>;
