//! Providers: the bottom services, each a model that answers one request.
//!
//! Promises: one try a call; a failure says whether another try may help; what a provider says in an error is shortened
//! and stripped of keys and control characters before anyone sees it.

pub(crate) mod anthropic;
mod document;
pub(crate) mod http;
pub(crate) mod openai;
mod script;
pub(crate) mod scripted;
mod sse;
pub(crate) mod stream;

use std::time::Duration;

use phasegate_process::model::{Content, Error, Message, Request, Role, Usage};
use serde_json::Value;

use crate::Price;
use crate::call::{Again, Failure};
use crate::key::Scrubber;

/// The longest part of a provider's own error text that is passed on.
const LONGEST_WORDS: usize = 600;

/// How requests are put to one model of one provider.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) structured: bool,
    pub(crate) temperature: bool,
    pub(crate) max_completion_tokens: bool,
    pub(crate) price: Option<Price>,
}

/// An answer as a wire format understood it, before it is anyone's.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) content: Vec<Content>,
    pub(crate) stop: String,
    /// `None` where the provider counted nothing.
    pub(crate) usage: Option<Usage>,
}

/// Who is asked: its name in the configuration, and what must not be repeated of what it says.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) scrubber: Scrubber,
}

impl Peer {
    /// What it said, without keys, short, on one line, and harmless on a terminal.
    pub(crate) fn tidy(&self, words: &str) -> String {
        // Keys go first, since half a key would not be found, and last, since what hid one may be gone.
        self.scrubber.scrub(&tidy(&self.scrubber.scrub(words)))
    }
}

/// What a provider said was wrong.
#[derive(Debug, Default)]
pub(crate) struct Complaint {
    /// The HTTP status, where the complaint came as one.
    pub(crate) status: Option<u16>,
    /// The provider's own name for it: error type and code, joined.
    pub(crate) kind: String,
    pub(crate) words: String,
    pub(crate) after: Option<Duration>,
}

impl Complaint {
    /// Out of the `error` object that all formats share, or any text.
    pub(crate) fn read(status: Option<u16>, body: &str) -> Self {
        let parsed = document::parse(body).ok();
        let error = parsed.as_ref().and_then(|body| body.get("error"));
        let field = |name: &str| error.and_then(|error| error.get(name)).map(plain).unwrap_or_default();
        let words = match error {
            Some(Value::String(words)) => words.clone(),
            Some(_) => field("message"),
            None => body.to_owned(),
        };
        Self { status, kind: format!("{} {}", field("type"), field("code")), words, after: None }
    }

    /// What it means for the call.
    pub(crate) fn failure(self, peer: &Peer) -> Failure {
        let name = &peer.name;
        let words = peer.tidy(&self.words);
        let said = match (self.status, words.as_str()) {
            (Some(status), "") => format!("{name} answered {status}"),
            (Some(status), words) => format!("{name} answered {status}: {words}"),
            (None, words) => format!("{name} broke its answer off: {words}"),
        };
        let is = |names: &[&str]| names.iter().any(|name| self.kind.contains(name));
        let lower = words.to_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        let status = self.status.unwrap_or(0);

        let too_long = ["prompt is too long", "context length", "context size", "context window"];
        if status == 413
            || is(&["context_length", "request_too_large", "exceed_context"])
            || (status < 429 && says(&too_long))
        {
            return Error::TooLong(format!(
                "{said}\nhint: shorten the task or its context, or configure a model that takes more"
            ))
            .into();
        }
        if matches!(status, 401..=403)
            || is(&["authentication_error", "permission_error", "invalid_api_key", "billing", "insufficient_quota"])
        {
            return Error::Denied(format!("{said}\nhint: look at the key and the account behind [providers.{name}]"))
                .into();
        }
        if matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 529) {
            return Failure { error: Error::Unavailable(said), again: Some(Again { after: self.after }) };
        }
        if status == 404 || is(&["not_found"]) {
            return Error::Invalid(format!(
                "{said}\nhint: look at the model's name under [models] and at [providers.{name}] base_url"
            ))
            .into();
        }
        if matches!(status, 400 | 405..=499) || (status == 0 && is(&["invalid_request"])) {
            return Error::Invalid(format!("{said}{}", remedy(name, &lower))).into();
        }
        match status {
            // Within a stream, after a good start: it may go better another time.
            0 => Failure::passing(said),
            _ => Error::Other(said).into(),
        }
    }
}

/// The setting that makes us ask without what the provider does not like.
fn remedy(name: &str, lower: &str) -> String {
    let settings = [
        ("temperature", "temperature = false"),
        ("max_completion_tokens", "max_completion_tokens = true, or false"),
        ("tool_choice", "structured = false"),
        ("response_format", "structured = false"),
        ("schema", "structured = false"),
    ];
    let found = settings.iter().find(|(word, _)| lower.contains(word));
    found.map(|(_, line)| format!("\nhint: [providers.{name}] {line} may help")).unwrap_or_default()
}

/// Short, on one line, and harmless on a terminal.
pub(crate) fn tidy(words: &str) -> String {
    let flat = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe: String = flat.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect();
    if safe.chars().count() == LONGEST_WORDS {
        safe.push('…');
    }
    safe
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The system messages' words, and the rest of the conversation.
fn split_system(request: &Request) -> (String, impl Iterator<Item = &Message>) {
    let words =
        request.messages.iter().filter(|message| message.role == Role::System).flat_map(|message| &message.content);
    let texts: Vec<&str> =
        words.filter_map(|part| if let Content::Text { text } = part { Some(text.as_str()) } else { None }).collect();
    (texts.join("\n\n"), request.messages.iter().filter(|message| message.role != Role::System))
}

/// JSON that a guest handed over as text.
fn json(what: &str, text: &str) -> Result<Value, Error> {
    document::parse(text).map_err(|why| Error::Invalid(format!("{what} {why}")))
}

/// A JSON object that a guest handed over as text.
fn object(what: &str, text: &str) -> Result<Value, Error> {
    match json(what, text)? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Error::Invalid(format!("{what} is no JSON object"))),
    }
}

/// Asks for a schema in words, for models that have no other way.
fn schema_in_words(schema: &str) -> String {
    format!(
        "Answer with one JSON document and nothing else: no words around it, no code fence. \
         It must satisfy this JSON Schema:\n{schema}"
    )
}

/// A named tool must be on offer.
fn check_choice(request: &Request) -> Result<(), Error> {
    let choice = request.tool_choice.as_str();
    let known =
        matches!(choice, "auto" | "none" | "required" | "") || request.tools.iter().any(|tool| tool.name == choice);
    match known {
        true => Ok(()),
        false => Err(Error::Invalid(format!(
            "tool_choice `{choice}` is no tool on offer\nhint: use auto, none, required or a tool's name"
        ))),
    }
}

fn broken(words: &str) -> Failure {
    Failure::passing(format!("the answer broke off: {words}"))
}

fn too_many_bytes(most: usize) -> Error {
    Error::Other(format!("the answer has more than {most} bytes"))
}

/// The most tokens that a request can be: no tokeniser makes more of a text than it has bytes, and a provider adds a few
/// of its own to each message and to the tools.
pub(crate) fn most_tokens(request: &Request) -> u64 {
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
