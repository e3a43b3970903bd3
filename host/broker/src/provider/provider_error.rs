//! Errors of providers, mapped to the contract's errors.
//!
//! Providers and gateways report errors with a status, in place of an answer with a successful status, or within a stream. The
//! code decides what an error means; words decide where there is no code, or one that says nothing.

use std::time::Duration;

use phasegate_process::model::Error;
use serde_json::Value;

use super::document;
use super::error_body::ErrorBody;
use super::peer::Peer;
use crate::call::{Failure, FailureCost, Retry};

/// The delay before a server that loads its model is asked again.
const LOADING_DELAY: Duration = Duration::from_secs(5);

/// The place of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorPlace {
    /// The body of an answer with this status.
    Status(u16),
    /// In place of an answer, with a successful status.
    Instead,
    /// Within an answer, a part of which has arrived.
    Within,
}

/// An error that a provider reported.
#[derive(Debug)]
pub(crate) struct ProviderError {
    place: ErrorPlace,
    body: ErrorBody,
    /// The delay that the headers ask for.
    after: Option<Duration>,
}

/// What an error means.
enum Meaning {
    /// The key is missing or wrong, or may not do this.
    Authentication,
    /// The account has no money or quota left.
    Account,
    /// The prompt is too long.
    TooLong,
    /// Another attempt may succeed.
    Temporary,
    /// There is no such model or address.
    NotFound,
    /// The request can never succeed as it is.
    Rejected,
    Other,
}

impl ProviderError {
    /// Parses the body of an answer with a status, whose headers ask for a delay; any text is the message.
    pub(crate) fn parse(status: u16, text: &str, after: Option<Duration>) -> Self {
        let parsed = document::parse_answer(text).ok();
        let found = parsed.as_ref().and_then(|body| ErrorBody::find(body).or_else(|| ErrorBody::from_message(body)));
        let body = found.unwrap_or_else(|| ErrorBody::from_text(text));
        Self { place: ErrorPlace::Status(status), body, after }
    }

    /// Returns the error that a successful answer, or an event of it, consists of.
    pub(super) fn find(place: ErrorPlace, value: &Value) -> Option<Self> {
        Some(Self { place, body: ErrorBody::find(value)?, after: None })
    }

    /// Maps the error to one of the contract and states whether another attempt may succeed.
    pub(crate) fn into_failure(self, peer: &Peer) -> Failure {
        let text = self.describe(peer);
        let name = &peer.name;
        let error = match self.meaning() {
            Meaning::Temporary => {
                let phrases = ["loading model", "model is loading", "model is currently loading"];
                let loading = self.place != ErrorPlace::Within && self.mentions(&phrases);
                let after = self.after.or(self.body.after).or(loading.then_some(LOADING_DELAY));
                let text = if loading {
                    format!("{text}\nhint: wait until the server has loaded the model, and resume the run")
                } else {
                    text
                };
                let retry = Some(Retry { after, max_output_tokens: None, is_loading: loading });
                return Failure { retry, status: self.status(), ..Failure::temporary(text) };
            }
            Meaning::Authentication if !peer.has_key => Error::Denied(format!(
                "{text}\nhint: no key was sent; set [providers.{name}] key_env to the variable that holds it"
            )),
            Meaning::Authentication => {
                Error::Denied(format!("{text}\nhint: look at the key and the account behind [providers.{name}]"))
            }
            Meaning::Account => {
                let hint = format!("hint: look at the key and the account behind [providers.{name}]");
                // A provider that names a delay says that the account is filled again by then.
                let after = self.after.or(self.body.after);
                let retry = after.map(|after| Retry { after: Some(after), ..Retry::default() });
                let error = Error::Denied(format!("{text}\n{hint}"));
                return Failure { error, retry, cost: FailureCost::Unknown, status: self.status() };
            }
            Meaning::TooLong => Error::TooLong(format!(
                "{text}\nhint: shorten the task or its context, or configure a model that takes more"
            )),
            Meaning::NotFound => Error::Invalid(format!(
                "{text}\nhint: look at the model's name under [models] and at [providers.{name}] base_url"
            )),
            Meaning::Rejected => Error::Invalid(format!("{text}{}", self.hint(name))),
            Meaning::Other => Error::Other(text),
        };
        Failure { cost: FailureCost::Unknown, status: self.status(), ..error.into() }
    }

    fn describe(&self, peer: &Peer) -> String {
        let name = &peer.name;
        let code = self.body.code.map(|code| format!(" {code}")).unwrap_or_default();
        let what = match self.place {
            ErrorPlace::Status(status) => format!("{name} answered {status}"),
            ErrorPlace::Instead => format!("{name} answered with error{code}"),
            ErrorPlace::Within if code.is_empty() => format!("{name} broke its answer off"),
            ErrorPlace::Within => format!("{name} broke its answer off with error{code}"),
        };
        match peer.sanitize(&self.body.message).as_str() {
            "" => what,
            message => format!("{what}: {message}"),
        }
    }

    fn meaning(&self) -> Meaning {
        let code = self.code();
        let is_kind = |words: &[&str]| words.iter().any(|word| self.body.kind.contains(word));
        let is_request = code.is_none_or(|code| matches!(code, 400 | 413 | 422)) && self.place != ErrorPlace::Within;
        let too_long = ["prompt is too long", "context length", "context size", "context window", "context limit"];
        if self.mentions(&["grammar"]) && code != Some(429) {
            return Meaning::Rejected;
        }
        if code == Some(413)
            || (is_request && is_kind(&["context_length", "request_too_large", "exceed_context"]))
            || (is_request && self.mentions(&too_long))
        {
            return Meaning::TooLong;
        }
        if code == Some(402) || is_kind(&["billing", "insufficient_quota", "insufficient_balance"]) {
            return Meaning::Account;
        }
        if matches!(code, Some(401 | 403))
            || is_kind(&["authentication", "unauthenticated", "permission", "invalid_api_key"])
        {
            return Meaning::Authentication;
        }
        if code.is_some_and(is_temporary) || self.is_overload() {
            return Meaning::Temporary;
        }
        match code {
            Some(404) => Meaning::NotFound,
            _ if is_kind(&["not_found"]) => Meaning::NotFound,
            Some(400..=499) => Meaning::Rejected,
            None if is_kind(&["invalid_request"]) => Meaning::Rejected,
            // Nothing says that the request is at fault.
            None => Meaning::Temporary,
            Some(_) => Meaning::Other,
        }
    }

    /// Returns the code that decides. The one in the body says more than a status that stands for many errors.
    fn code(&self) -> Option<u16> {
        match self.place {
            ErrorPlace::Status(status @ (400 | 500)) => self.body.code.or(Some(status)),
            ErrorPlace::Status(status) => Some(status),
            ErrorPlace::Instead | ErrorPlace::Within => self.body.code,
        }
    }

    fn status(&self) -> Option<u16> {
        match self.place {
            ErrorPlace::Status(status) => Some(status),
            ErrorPlace::Instead | ErrorPlace::Within => None,
        }
    }

    /// Whether the words say that the provider is busy, for servers that give such an error a code of the client.
    fn is_overload(&self) -> bool {
        let kinds = ["overloaded", "rate_limit", "resource_exhausted", "unavailable", "server_error", "timeout"];
        let words = [
            "overloaded",
            "at capacity",
            "over capacity",
            "too many requests",
            "rate limit",
            "try again later",
            "temporarily unavailable",
            "server is busy",
            "server busy",
        ];
        kinds.iter().any(|word| self.body.kind.contains(word)) || self.mentions(&words)
    }

    fn mentions(&self, words: &[&str]) -> bool {
        let message = self.body.message.to_lowercase();
        words.iter().any(|word| message.contains(word))
    }

    /// Returns a hint at the setting that leaves out or lowers what the provider rejects.
    fn hint(&self, name: &str) -> String {
        let settings = [
            ("temperature", "temperature = false may help"),
            ("seed", "seed = false may help"),
            ("max_completion_tokens", "max_completion_tokens = true, or false, may help"),
            ("max_tokens", "max_output_tokens = N keeps answers within what the model supports"),
            ("tool_choice", "structured = false may help"),
            ("response_format", "structured = false may help"),
            ("grammar", "structured = false may help"),
            ("schema", "structured = false may help"),
        ];
        let found = settings.iter().find(|(word, _)| self.mentions(&[word]));
        found.map(|(_, line)| format!("\nhint: [providers.{name}] {line}")).unwrap_or_default()
    }
}

/// Whether a status says that the provider, or a gateway before it, failed for the moment. 501 and 505 say for good.
fn is_temporary(status: u16) -> bool {
    match status {
        408 | 409 | 425 | 429 => true,
        501 | 505 => false,
        status => status >= 500,
    }
}
