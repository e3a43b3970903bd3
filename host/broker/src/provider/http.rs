//! A model behind HTTP: sends a request and reads the answer, whole or as a stream.
//!
//! Guarantees: bytes are bounded, after decompression, and so are the duration of an attempt and the pauses within a stream; an
//! answer that ends early is an error. A limit on output tokens that an error shows applies to the next attempt; the limit of a
//! model applies to its later calls as well.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use phasegate_process::model::{Content, Error, Response, Usage};

use super::endpoint::{Endpoint, retry_after};
use super::format::{ModelOptions, ParsedAnswer, content_text};
use super::notices::{Exchange, Notices};
use super::output_limit::{Lower, configured_limit, limit_in_error};
use super::provider_error::ProviderError;
use super::stream::read_answer;
use super::{anthropic, openai};
use crate::call::{Failure, FailureCost, PendingCall, Progress, Retry};
use crate::config::ProviderKind;
use crate::key::Scrubber;

/// The most bytes that are read of an error.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A model of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) options: Arc<ModelOptions>,
    pub(crate) learned: Arc<Learned>,
}

/// What answers and errors of a model have shown.
#[derive(Debug)]
pub(crate) struct Learned {
    /// The most output tokens that the model supports.
    max_output_tokens: AtomicU32,
    notices: Notices,
}

impl Default for Learned {
    fn default() -> Self {
        Self { max_output_tokens: AtomicU32::new(u32::MAX), notices: Notices::default() }
    }
}

impl tower::Service<PendingCall> for Model {
    type Response = Response;
    type Error = Failure;
    type Future = BoxFuture<'static, Result<Response, Failure>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Failure>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: PendingCall) -> Self::Future {
        let model = self.clone();
        Box::pin(async move {
            call.report(Progress::Requesting { attempt: call.attempt });
            let limit = model.output_limit(&call)?;
            let sent = tokio::time::timeout(model.endpoint.timeout, model.send(&call, limit)).await;
            match sent.unwrap_or_else(|_| Err(model.endpoint.timeout_failure())) {
                Ok(parsed) => Ok(model.response(parsed, &call, limit)),
                Err(failure) => Err(model.scrub(model.adapt(failure, limit))),
            }
        })
    }
}

impl Model {
    pub(crate) fn new(endpoint: Endpoint, options: ModelOptions) -> Self {
        Self { endpoint: Arc::new(endpoint), options: Arc::new(options), learned: Arc::default() }
    }

    /// Returns the most output tokens that the provider is asked for.
    fn output_limit(&self, call: &PendingCall) -> Result<NonZeroU32, Error> {
        let learned = NonZeroU32::new(self.learned.max_output_tokens.load(Ordering::Relaxed));
        let name = format!("{}:{}", self.endpoint.peer.name, self.options.model);
        let configured = configured_limit(&call.request, self.options.limits, &call.measure, &name)?;
        Ok([learned, call.max_output_tokens].into_iter().flatten().fold(configured, NonZeroU32::min))
    }

    async fn send(&self, call: &PendingCall, limit: NonZeroU32) -> Result<ParsedAnswer, Failure> {
        let endpoint = &self.endpoint;
        let body = match endpoint.kind {
            ProviderKind::Anthropic => anthropic::body(&call.request, &self.options, limit)?,
            ProviderKind::Openai => openai::body(&call.request, &self.options, limit)?,
        };
        let request = endpoint
            .client()?
            .post(endpoint.url.clone())
            .headers(endpoint.headers(Some(&call.idempotency_key))?)
            .body(body);
        let answer = request.send().await.map_err(|error| endpoint.connection_failure(error))?;
        let status = answer.status();
        let read = match status.is_success() {
            true => self.read(answer, call).await,
            false if status.is_redirection() => Err(endpoint.redirect_failure(&answer)),
            false => {
                let after = retry_after(answer.headers());
                let text = start_of_text(answer).await;
                Err(ProviderError::parse(status.as_u16(), &text, after).into_failure(&endpoint.peer))
            }
        };
        read.map_err(|failure| Failure { status: Some(status.as_u16()), ..failure })
    }

    async fn read(&self, answer: reqwest::Response, call: &PendingCall) -> Result<ParsedAnswer, Failure> {
        let endpoint = &self.endpoint;
        // A whole answer comes when all of it is there, after any pause.
        let idle = if self.options.stream { endpoint.idle } else { Duration::MAX };
        let pieces = stream::unfold(answer, |mut answer| async move {
            let piece = match tokio::time::timeout(idle, answer.chunk()).await {
                Ok(Ok(piece)) => piece.map(Ok),
                Ok(Err(error)) => Some(Err(endpoint.broken_connection(error))),
                Err(_) => Some(Err(endpoint.idle_failure())),
            };
            piece.map(|piece| (piece, answer))
        });
        let progress = |characters| call.report(Progress::Receiving { characters });
        let read = read_answer(endpoint.kind, &endpoint.peer, pieces.boxed(), progress).await;
        read.map_err(|failure| match failure.cost {
            FailureCost::Known(usage) => Failure { cost: FailureCost::Known(self.priced(usage, 0)), ..failure },
            FailureCost::Nothing | FailureCost::Unknown => failure,
        })
    }

    /// Has the next attempt ask for fewer output tokens, where the error shows that so many are too many.
    fn adapt(&self, failure: Failure, limit: NonZeroU32) -> Failure {
        let (Error::Invalid(message) | Error::TooLong(message)) = &failure.error else { return failure };
        let Some(lower) = limit_in_error(message, limit).filter(|_| failure.status.is_some()) else { return failure };
        if let Lower::Model(most) = lower {
            self.learned.max_output_tokens.fetch_min(most.get(), Ordering::Relaxed);
        }
        let retry = Retry { after: Some(Duration::ZERO), max_output_tokens: Some(lower.tokens()), is_loading: false };
        Failure { retry: Some(retry), ..failure }
    }

    pub(crate) fn response(&self, parsed: ParsedAnswer, call: &PendingCall, limit: NonZeroU32) -> Response {
        let peer = &self.endpoint.peer;
        let counted = parsed.usage.map(|usage| self.priced(usage, parsed.cache_written_tokens));
        let usage = counted.unwrap_or_else(|| estimate_usage(&parsed.content, call));
        let content = parsed.content.into_iter().map(|part| scrub_content(part, &peer.scrubber)).collect();
        let response = Response {
            content,
            stop: peer.sanitize(&parsed.stop),
            model: format!("{}:{}", peer.name, self.options.model),
            usage,
        };
        self.learned.notices.give(&Exchange {
            request: &call.request,
            response: &response,
            provider: &peer.name,
            limit: limit.get(),
            counted,
            is_structured: self.options.structured,
        });
        response
    }

    fn priced(&self, usage: Usage, cache_written: u64) -> Usage {
        Usage { usd: self.options.price.map(|price| price.cost_usd(&usage, cache_written)), ..usage }
    }

    pub(crate) fn scrub(&self, mut failure: Failure) -> Failure {
        let (Error::Denied(message)
        | Error::Budget(message)
        | Error::Invalid(message)
        | Error::TooLong(message)
        | Error::Unavailable(message)
        | Error::Other(message)) = &mut failure.error;
        *message = self.endpoint.peer.scrubber.scrub(message);
        failure
    }
}

/// Returns the text of an error, as far as it is shown and arrives.
async fn start_of_text(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        bytes.extend(piece.iter().take(MAX_ERROR_BYTES - bytes.len()));
        if bytes.len() == MAX_ERROR_BYTES {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Estimates the usage where the provider did not count: four characters a token, at unknown cost.
fn estimate_usage(content: &[Content], call: &PendingCall) -> Usage {
    let tokens = |parts: &mut dyn Iterator<Item = &Content>| {
        parts.map(|part| content_text(part).chars().count() as u64).sum::<u64>().div_ceil(4)
    };
    Usage {
        input_tokens: tokens(&mut call.request.messages.iter().flat_map(|message| &message.content)),
        output_tokens: tokens(&mut content.iter()),
        ..Usage::default()
    }
}

/// Redacts keys in a part of an answer: a provider, or a proxy before it, may echo what it was sent.
fn scrub_content(part: Content, scrubber: &Scrubber) -> Content {
    let clean = |text: String| scrubber.scrub(&text);
    match part {
        Content::Text { text } => Content::Text { text: clean(text) },
        Content::ToolCall { id, name, arguments } => {
            Content::ToolCall { id: clean(id), name: clean(name), arguments: clean(arguments) }
        }
        Content::ToolResult { id, text, is_error } => Content::ToolResult { id, text: clean(text), is_error },
        Content::Opaque { json } => Content::Opaque { json: clean(json) },
    }
}
