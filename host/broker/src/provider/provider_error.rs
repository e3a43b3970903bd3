//! Errors of providers, mapped to the contract's errors.

use std::time::Duration;

use phasegate_process::model::Error;
use serde_json::Value;

use super::document;
use super::peer::Peer;
use crate::call::{Failure, FailureCost, Retry};

/// An error that a provider reported.
#[derive(Debug, Default)]
pub(crate) struct ProviderError {
    /// The HTTP status; `None` for an error within a stream.
    pub(crate) status: Option<u16>,
    /// The provider's error type and code, joined by a space.
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) after: Option<Duration>,
}

impl ProviderError {
    /// Parses the `error` object that all formats share; any other text is the message.
    pub(crate) fn parse(status: Option<u16>, body: &str) -> Self {
        let parsed = document::parse(body).ok();
        let error = parsed.as_ref().and_then(|body| body.get("error"));
        let field = |name: &str| error.and_then(|error| error.get(name)).map(field_text).unwrap_or_default();
        let message = match error {
            Some(Value::String(message)) => message.clone(),
            Some(_) => field("message"),
            None => body.to_owned(),
        };
        Self { status, kind: format!("{} {}", field("type"), field("code")), message, after: None }
    }

    /// Maps the error to one of the contract and states whether another attempt may succeed.
    pub(crate) fn into_failure(self, peer: &Peer) -> Failure {
        Failure { status: self.status, cost: FailureCost::Unknown, ..self.classify(peer) }
    }

    fn classify(&self, peer: &Peer) -> Failure {
        let name = &peer.name;
        let message = peer.sanitize(&self.message);
        let text = match (self.status, message.as_str()) {
            (Some(status), "") => format!("{name} answered {status}"),
            (Some(status), message) => format!("{name} answered {status}: {message}"),
            (None, message) => format!("{name} broke its answer off: {message}"),
        };
        let has_kind = |names: &[&str]| names.iter().any(|name| self.kind.contains(name));
        let lower = message.to_lowercase();
        let mentions = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
        let status = self.status.unwrap_or(0);

        let too_long = ["prompt is too long", "context length", "context size", "context window"];
        if status == 413
            || has_kind(&["context_length", "request_too_large", "exceed_context"])
            || (status < 429 && mentions(&too_long))
        {
            return Error::TooLong(format!(
                "{text}\nhint: shorten the task or its context, or configure a model that takes more"
            ))
            .into();
        }
        if matches!(status, 401..=403)
            || has_kind(&[
                "authentication_error",
                "permission_error",
                "invalid_api_key",
                "billing",
                "insufficient_quota",
            ])
        {
            return Error::Denied(format!("{text}\nhint: look at the key and the account behind [providers.{name}]"))
                .into();
        }
        if matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 529) {
            return Failure {
                retry: Some(Retry { after: self.after, ..Retry::default() }),
                ..Failure::temporary(text)
            };
        }
        if status == 404 || has_kind(&["not_found"]) {
            return Error::Invalid(format!(
                "{text}\nhint: look at the model's name under [models] and at [providers.{name}] base_url"
            ))
            .into();
        }
        if matches!(status, 400 | 405..=499) || (status == 0 && has_kind(&["invalid_request"])) {
            return Error::Invalid(format!("{text}{}", hint_for(name, &lower))).into();
        }
        match status {
            // Within a stream that began well, another attempt may succeed.
            0 => Failure::temporary(text),
            _ => Error::Other(text).into(),
        }
    }
}

/// Returns a hint at the setting that leaves out what the provider rejects.
fn hint_for(name: &str, lower: &str) -> String {
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

fn field_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
