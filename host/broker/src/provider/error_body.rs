//! The error in the body of an answer, in the shapes that providers and gateways give it.

use std::time::Duration;

use serde_json::Value;

/// The fields that hold the words of an error, in objects that name one.
const MESSAGES: [&str; 4] = ["message", "msg", "detail", "error_description"];
/// The fields that hold the code or the kind of an error.
const KINDS: [&str; 3] = ["type", "code", "status"];

/// An error as a provider described it.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    /// The number that the provider gave it, as a status of HTTP.
    pub(super) code: Option<u16>,
    /// The provider's words for the kind of error, in lower case.
    pub(super) kind: String,
    pub(super) message: String,
    /// The delay that the provider asks for.
    pub(super) after: Option<Duration>,
}

impl ErrorBody {
    /// Returns an error that is a text.
    pub(super) fn from_text(text: &str) -> Self {
        Self { message: text.to_owned(), after: delay_in_text(text), ..Self::default() }
    }

    /// Returns the error of a document; `None` if it is an answer or a part of one.
    pub(super) fn find(document: &Value) -> Option<Self> {
        // Some services wrap an error in a list.
        let document = document.as_array().and_then(|list| list.first()).unwrap_or(document);
        let choice = document.get("choices").and_then(|choices| choices.get(0));
        let nested = [Some(document), choice]
            .into_iter()
            .flatten()
            .find_map(|holder| holder.get("error").filter(|error| !matches!(error, Value::Null | Value::Bool(false))));
        match nested {
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => {
                let code = code(document);
                Some(Self { code, kind: kind(document), ..Self::from_text(&with_message_of(text, document)) })
            }
            Some(error @ Value::Object(_)) => Some(Self::from_object(error)),
            Some(other) => Some(Self::from_text(&other.to_string())),
            None if is_error(document) => Some(Self::from_object(document)),
            None => None,
        }
    }

    /// Returns the error of an object that is known to be one; `None` if it has no message.
    pub(super) fn from_message(object: &Value) -> Option<Self> {
        message_of(object).map(|_| Self::from_object(object))
    }

    fn from_object(error: &Value) -> Self {
        let message = message_of(error).unwrap_or_default();
        // What the provider behind a gateway said.
        let raw = error.get("metadata").and_then(|metadata| metadata.get("raw")).map(field_text).unwrap_or_default();
        let message = [message, raw].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        Self { code: code(error), kind: kind(error), after: delay(error).or_else(|| delay_in_text(&message)), message }
    }
}

/// Whether a document without a field `error` is one nevertheless: it says so, or has a code and a message but no part of an answer.
fn is_error(document: &Value) -> bool {
    let says = |field: &str| document.get(field).and_then(Value::as_str) == Some("error");
    let has_answer =
        ["choices", "content", "delta", "message_start", "usage"].iter().any(|field| document.get(field).is_some());
    let has_message = message_of(document).is_some();
    (says("type") || says("object") || says("status"))
        || (!has_answer && has_message && (code(document).is_some() || document.get("detail").is_some()))
}

fn message_of(error: &Value) -> Option<String> {
    MESSAGES
        .iter()
        .filter_map(|field| error.get(field))
        .find(|value| value.is_string() || value.is_array())
        .map(field_text)
}

fn with_message_of(text: &str, document: &Value) -> String {
    match message_of(document) {
        Some(more) if !more.contains(text) => format!("{text}: {more}"),
        Some(more) => more,
        None => text.to_owned(),
    }
}

/// Returns the first code that is a status of HTTP, given as a number or as text.
fn code(error: &Value) -> Option<u16> {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let codes = ["code", "status", "status_code", "statusCode", "http_code"];
    codes.iter().filter_map(|field| error.get(field).and_then(number)).find(|code| (400..600).contains(code))
}

fn kind(error: &Value) -> String {
    let kinds: Vec<String> = KINDS.iter().filter_map(|field| error.get(field)).map(field_text).collect();
    kinds.join(" ").to_lowercase()
}

/// Returns the delay in a field of the error.
fn delay(error: &Value) -> Option<Duration> {
    let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
    let metadata = error.get("metadata").and_then(|metadata| metadata.get("headers"));
    let holders = details.chain(metadata).chain([error]);
    holders
        .flat_map(|holder| ["retry_after", "retryDelay", "Retry-After", "retry-after"].map(|field| holder.get(field)))
        .flatten()
        .find_map(|delay| match delay {
            Value::Number(seconds) => seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            Value::String(text) => parse_delay(text),
            _ => None,
        })
}

/// Returns the delay in words such as `Please try again in 1m2.5s.`
fn delay_in_text(message: &str) -> Option<Duration> {
    let (_, after) = message.split_once("try again in ")?;
    parse_delay(after.split_whitespace().next()?.trim_end_matches(['.', ',']))
}

/// Parses `7`, `7s`, `1.5s`, `20ms` and `1m2.5s`.
fn parse_delay(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Some(milliseconds) = text.strip_suffix("ms") {
        return milliseconds.parse().ok().map(Duration::from_millis);
    }
    let (minutes, seconds) = text.split_once('m').unwrap_or(("0", text));
    let seconds = seconds.trim_end_matches('s');
    let seconds: f64 = if seconds.is_empty() { 0.0 } else { seconds.parse().ok()? };
    Duration::try_from_secs_f64(minutes.parse::<f64>().ok()? * 60.0 + seconds).ok()
}

fn field_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
