//! The address of a provider: its client, the headers of requests, and errors of connections.
//!
//! Guarantees: a key reaches only the configured address, because redirects are not followed and no proxy sees a plain
//! request; neither keys nor values of headers and the query are in an error. The client is made at the first call.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use phasegate_process::model::Error;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Url};
use zeroize::Zeroizing;

use super::format::broken_answer;
use super::peer::{Peer, sanitize};
use crate::call::{Failure, FailureCost};
use crate::config::ProviderKind;
use crate::key::Secret;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The address of a provider, its wire format, key and time limits.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) peer: Peer,
    pub(crate) kind: ProviderKind,
    /// The address of requests, with the configured query.
    pub(crate) url: Url,
    pub(crate) key: Option<Arc<Secret>>,
    /// The header of the key, where it is not the usual one.
    pub(crate) key_header: Option<HeaderName>,
    /// The configured headers; secret values are marked as sensitive.
    pub(crate) headers: HeaderMap,
    /// Whether it may be asked for its models.
    pub(crate) lists_models: bool,
    pub(crate) timeout: Duration,
    pub(crate) idle: Duration,
    pub(crate) client: OnceLock<Client>,
}

impl Endpoint {
    pub(crate) fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client(&self.url).map_err(|why| {
            let name = &self.peer.name;
            Error::Other(format!("no HTTP client for {name}: {why}\nhint: https needs the system's CA certificates"))
        })?;
        Ok(self.client.get_or_init(|| made))
    }

    /// Returns the address of the list of models, beside that of requests.
    pub(crate) fn models_url(&self) -> Option<Url> {
        let mut url = self.url.clone();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop();
            if self.kind == ProviderKind::Openai {
                path.pop();
            }
            path.push("models");
        }
        if self.kind == ProviderKind::Anthropic {
            url.query_pairs_mut().append_pair("limit", "1000");
        }
        Some(url)
    }

    /// Returns the headers of a request. Configured ones take precedence.
    pub(crate) fn headers(&self, idempotency_key: Option<&str>) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Compressed streams arrive late. Servers that compress nevertheless are understood.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(key) = &self.key {
            let usual = match self.kind {
                ProviderKind::Anthropic => HeaderName::from_static("x-api-key"),
                ProviderKind::Openai => AUTHORIZATION,
            };
            let name = self.key_header.clone().unwrap_or(usual);
            let text = match name == AUTHORIZATION {
                true => Zeroizing::new(format!("Bearer {}", key.expose())),
                false => Zeroizing::new(key.expose().to_owned()),
            };
            let mut value = header_value(&text, "the key")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        match self.kind {
            ProviderKind::Anthropic => {
                headers
                    .insert(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(ANTHROPIC_VERSION));
            }
            ProviderKind::Openai => {
                if let Some(key) = idempotency_key {
                    let key = header_value(key, "the idempotency key")?;
                    headers.insert(HeaderName::from_static("idempotency-key"), key);
                }
            }
        }
        headers.extend(self.headers.clone());
        Ok(headers)
    }

    pub(super) fn idle_failure(&self) -> Failure {
        Failure::temporary(format!(
            "{} sent nothing for {} s within its answer\nhint: raise [models] idle_seconds",
            self.peer.name,
            self.idle.as_secs()
        ))
    }

    pub(super) fn timeout_failure(&self) -> Failure {
        Failure::temporary(format!(
            "{} did not complete its answer within {} s\nhint: raise [models] timeout_seconds",
            self.peer.name,
            self.timeout.as_secs()
        ))
    }

    /// The failure of a request that got no answer.
    pub(crate) fn connection_failure(&self, error: reqwest::Error) -> Failure {
        let (impossible, unreached) = (error.is_builder(), error.is_connect());
        let (name, origin, message) = (&self.peer.name, url_origin(&self.url), describe_error(error));
        let text = match impossible {
            true => return Error::Other(format!("the request to {name} cannot be made: {message}")).into(),
            false if unreached && message.contains("tunnel") => format!(
                "{name} cannot be reached at {origin}: {message}\n\
                 hint: look at the proxy that HTTPS_PROXY or ALL_PROXY names, or name {} in NO_PROXY",
                self.url.host_str().unwrap_or_default()
            ),
            false if unreached => format!("{name} cannot be reached at {origin}: {message}"),
            false => format!("{name} did not answer: {message}"),
        };
        let cost = if unreached { FailureCost::Nothing } else { FailureCost::Unknown };
        Failure { cost, ..Failure::temporary(text) }
    }

    /// The failure of an answer whose connection broke.
    pub(super) fn broken_connection(&self, error: reqwest::Error) -> Failure {
        broken_answer(&self.peer, &describe_error(error))
    }

    pub(super) fn redirect_failure(&self, answer: &reqwest::Response) -> Failure {
        let target = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = target.and_then(|target| self.url.join(target).ok());
        let target = target.map_or_else(|| "another address".to_owned(), |url| url_origin(&url));
        let error = Error::Other(format!(
            "{} answered {} and points to {target}; redirects are not followed, because the key would go along\n\
             hint: if that is right, set [providers.{}] base_url to it",
            self.peer.name,
            answer.status().as_u16(),
            self.peer.name
        ));
        Failure { cost: FailureCost::Unknown, ..error.into() }
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

/// Returns the delay that the headers of an answer ask for.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(milliseconds));
    }
    let text = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

fn header_value(text: &str, what: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| Error::Invalid(format!("{what} has characters that no header takes")))
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
