//! A model behind HTTP: sends a request and reads the answer, whole or as a stream.
//!
//! Guarantees: a key reaches only the configured address, because redirects are not followed and no proxy sees a plain
//! request; bytes are bounded, and so are the duration of an attempt and the pauses within a stream; an answer that ends
//! early is an error. The client is made at the first call.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use phasegate_process::model::{Content, Error, Response, Usage};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Url};
use zeroize::Zeroizing;

use super::format::{ModelOptions, ParsedAnswer, broken_answer, content_text, too_many_bytes};
use super::peer::{Peer, sanitize};
use super::provider_error::ProviderError;
use super::stream::{MAX_ANSWER_BYTES, Stream, parse_complete};
use super::{anthropic, openai};
use crate::call::{Failure, FailureCost, PendingCall, Progress};
use crate::config::ProviderKind;
use crate::key::{Scrubber, Secret};

/// The most bytes that are read of an error.
const MAX_ERROR_BYTES: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The address of a provider, its wire format, key and time limits.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) peer: Peer,
    pub(crate) kind: ProviderKind,
    pub(crate) url: Url,
    pub(crate) key: Option<Arc<Secret>>,
    pub(crate) timeout: Duration,
    pub(crate) idle: Duration,
    pub(crate) client: OnceLock<Client>,
}

/// A model of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) options: Arc<ModelOptions>,
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
            let limit = model.endpoint.timeout;
            let parsed = tokio::time::timeout(limit, model.send(&call)).await.unwrap_or_else(|_| {
                Err(Failure::temporary(format!(
                    "{} did not complete its answer within {} s\nhint: raise [models] timeout_seconds",
                    model.endpoint.peer.name,
                    limit.as_secs()
                )))
            });
            match parsed {
                Ok(parsed) => Ok(model.response(parsed, &call)),
                Err(failure) => Err(model.scrub(failure)),
            }
        })
    }
}

impl Model {
    async fn send(&self, call: &PendingCall) -> Result<ParsedAnswer, Failure> {
        let endpoint = &self.endpoint;
        let body = match endpoint.kind {
            ProviderKind::Anthropic => anthropic::body(&call.request, &self.options)?,
            ProviderKind::Openai => openai::body(&call.request, &self.options)?,
        };
        let request = endpoint.client()?.post(endpoint.url.clone()).headers(endpoint.headers(call)?).json(&body);
        let answer = request.send().await.map_err(|error| endpoint.connection_error(error))?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(endpoint.redirect_error(&answer).into());
        }
        if !status.is_success() {
            let after = retry_after(answer.headers());
            let text = endpoint.text(answer, MAX_ERROR_BYTES).await.unwrap_or_default();
            return Err(ProviderError { after, ..ProviderError::parse(Some(status.as_u16()), &text) }
                .into_failure(&endpoint.peer));
        }
        let is_json =
            answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        match self.options.stream && !is_json {
            true => self.streamed(answer, call).await,
            false => parse_complete(endpoint.kind, &endpoint.text(answer, MAX_ANSWER_BYTES).await?),
        }
    }

    async fn streamed(&self, mut answer: reqwest::Response, call: &PendingCall) -> Result<ParsedAnswer, Failure> {
        let endpoint = &self.endpoint;
        let mut stream = Stream::new(endpoint.kind);
        let read = async {
            while !stream.is_complete() {
                let piece =
                    tokio::time::timeout(endpoint.idle, answer.chunk()).await.map_err(|_| endpoint.idle_error())?;
                let Some(bytes) = piece.map_err(|error| broken_answer(&describe_error(error)))? else { break };
                stream.take(&bytes, &endpoint.peer, |characters| call.report(Progress::Receiving { characters }))?;
            }
            Ok(())
        };
        let read: Result<(), Failure> = read.await;
        let usage = stream.usage();
        let answer = read.and_then(|()| stream.finish());
        answer.map_err(|failure| match usage {
            Some(usage) => Failure { cost: FailureCost::Known(self.priced(usage)), ..failure },
            None => failure,
        })
    }

    pub(crate) fn response(&self, parsed: ParsedAnswer, call: &PendingCall) -> Response {
        let peer = &self.endpoint.peer;
        let counted = parsed.usage.map(|usage| self.priced(usage));
        let usage = counted.unwrap_or_else(|| estimate_usage(&parsed.content, call));
        let content = parsed.content.into_iter().map(|part| scrub_content(part, &peer.scrubber)).collect();
        Response {
            content,
            stop: peer.sanitize(&parsed.stop),
            model: format!("{}:{}", peer.name, self.options.model),
            usage,
        }
    }

    fn priced(&self, usage: Usage) -> Usage {
        Usage { usd: self.options.price.map(|price| price.cost_usd(&usage)), ..usage }
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

impl Endpoint {
    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client(&self.url).map_err(|why| {
            let name = &self.peer.name;
            Error::Other(format!("no HTTP client for {name}: {why}\nhint: https needs the system's CA certificates"))
        })?;
        Ok(self.client.get_or_init(|| made))
    }

    fn headers(&self, call: &PendingCall) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        let header = |text: &str, what: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| Error::Invalid(format!("{what} has characters that no header takes")))
        };
        let secret = |text: &str| {
            header(text, "the key").map(|mut value| {
                value.set_sensitive(true);
                value
            })
        };
        match (self.kind, &self.key) {
            (ProviderKind::Anthropic, Some(key)) => {
                headers.insert(HeaderName::from_static("x-api-key"), secret(key.expose())?);
            }
            (ProviderKind::Openai, Some(key)) => {
                let bearer = Zeroizing::new(format!("Bearer {}", key.expose()));
                headers.insert(AUTHORIZATION, secret(&bearer)?);
            }
            (_, None) => {}
        }
        match self.kind {
            ProviderKind::Anthropic => {
                headers
                    .insert(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(ANTHROPIC_VERSION));
            }
            ProviderKind::Openai => {
                let key = header(&call.idempotency_key, "the idempotency key")?;
                headers.insert(HeaderName::from_static("idempotency-key"), key);
            }
        }
        Ok(headers)
    }

    fn idle_error(&self) -> Failure {
        Failure::temporary(format!(
            "{} sent nothing for {} s within its answer\nhint: raise [models] idle_seconds",
            self.peer.name,
            self.idle.as_secs()
        ))
    }

    async fn text(&self, mut answer: reqwest::Response, most: usize) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| broken_answer(&describe_error(error)))? {
            if bytes.len() + piece.len() > most {
                return Err(too_many_bytes(most).into());
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| broken_answer("it is not UTF-8"))
    }

    fn connection_error(&self, error: reqwest::Error) -> Failure {
        let (impossible, unreached) = (error.is_builder(), error.is_connect());
        let (name, origin, message) = (&self.peer.name, url_origin(&self.url), describe_error(error));
        match impossible {
            true => Error::Other(format!("the request to {name} cannot be made: {message}")).into(),
            false if unreached && message.contains("tunnel") => Failure::temporary(format!(
                "{name} cannot be reached at {origin}: {message}\n\
                 hint: look at the proxy that HTTPS_PROXY or ALL_PROXY names, or name {} in NO_PROXY",
                self.url.host_str().unwrap_or_default()
            )),
            false if unreached => Failure::temporary(format!("{name} cannot be reached at {origin}: {message}")),
            false => Failure::temporary(format!("{name} did not answer: {message}")),
        }
    }

    fn redirect_error(&self, answer: &reqwest::Response) -> Error {
        let target = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = target.and_then(|target| self.url.join(target).ok());
        let target = target.map_or_else(|| "another address".to_owned(), |url| url_origin(&url));
        Error::Other(format!(
            "{} answered {} and points to {target}; redirects are not followed, because the key would go along\n\
             hint: if that is right, set [providers.{}] base_url to it",
            self.peer.name,
            answer.status().as_u16(),
            self.peer.name
        ))
    }
}

/// Returns a client that follows no redirects. For plain HTTP it needs no certificates, which a bare machine may lack.
pub(crate) fn client(url: &Url) -> Result<Client, String> {
    // Fails where one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("phasegate/", env!("CARGO_PKG_VERSION")));
    if url.scheme() == "http" {
        // A proxy would read the key. With https it only forwards encrypted bytes.
        builder = builder.tls_certs_only([]).no_proxy();
    }
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(describe_error)
}

/// Whether an address is a loopback address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn url_origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Renders the causes of an error in one line, without the address, which may hold secrets.
fn describe_error(error: reqwest::Error) -> String {
    let mut message = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(message, "{}{error}", if message.is_empty() { "" } else { ": " });
        cause = error.source();
    }
    if message.is_empty() { "the connection failed".to_owned() } else { sanitize(&message) }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Estimates the usage where the provider did not count: four characters a token, at unknown cost.
fn estimate_usage(content: &[Content], call: &PendingCall) -> Usage {
    tracing::warn!(label = %call.request.label, "the provider counted no tokens; they are estimated");
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
