//! Requests to one registry: login, redirects, and limits of size and time.
//!
//! A registry is asked over HTTPS, one on a loopback address over HTTP. Credentials are those of Docker's configuration; they
//! are read when the registry asks for them. A redirect is followed only to fetch a blob, because a digest protects its
//! content, only to an encrypted address, and never with credentials.

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use http_auth::ChallengeRef;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::RegistryError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The most redirects that a request follows.
const MAX_REDIRECTS: usize = 3;
/// The least bytes of an answer in a second, on average.
const MIN_BYTES_PER_SECOND: u64 = 16 << 10;
/// The largest answer of a login service, and the longest part of an error page that is read.
const MAX_MESSAGE_BYTES: u64 = 64 << 10;
/// The longest message of a registry that is shown, in characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// A client of one registry.
pub(crate) struct Http {
    host: String,
    base: Url,
    client: Client,
    timeout: Duration,
    /// The value of `Authorization`, once the registry asked for it.
    login: Mutex<Option<HeaderValue>>,
}

/// A request that can be sent again after a login.
pub(crate) struct Asked<'a> {
    /// As `the manifest of acme/audit`, for errors.
    pub(crate) what: &'a str,
    /// Absolute, or relative to the registry.
    pub(crate) url: Url,
    /// Whether redirects are followed.
    pub(crate) follows: bool,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Http {
    /// Creates a client of a registry, `host` or `host:port`. No data for `timeout` is a failure.
    pub(crate) fn new(host: &str, timeout: Duration) -> Result<Self, RegistryError> {
        let unreachable = |reason: String| RegistryError::Unreachable { host: host.to_owned(), reason };
        let url =
            |scheme: &str| Url::parse(&format!("{scheme}://{host}/v2/")).map_err(|why| unreachable(why.to_string()));
        let base = match is_loopback(&url("http")?) {
            true => url("http")?,
            false => url("https")?,
        };
        // Fails where one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(timeout)
            .user_agent(concat!("phasegate/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            builder = builder.tls_certs_only([]).no_proxy();
        }
        let client = builder.build().map_err(|why| unreachable(describe(&why)))?;
        Ok(Self { host: host.to_owned(), base, client, timeout, login: Mutex::new(None) })
    }

    /// The registry, as references name it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the address of a path below `/v2/`.
    pub(crate) fn url(&self, path: &str) -> Result<Url, RegistryError> {
        self.base.join(path).map_err(|why| self.unreachable(why.to_string()))
    }

    /// Sends the request that `make` builds; after a login, once more. Returns the answer whatever its status.
    pub(crate) async fn send(
        &self,
        asked: Asked<'_>,
        make: impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let answer = self.follow(&asked, &make).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !self.is_here(answer.url()) {
            return Ok(answer);
        }
        let challenge =
            answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let login = self.log_in(challenge).await?;
        *self.login.lock().await = Some(login);
        let answer = self.follow(&asked, &make).await?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Err(self.login_failed(self.credentials().await?.is_some())),
            _ => Ok(answer),
        }
    }

    async fn follow(
        &self,
        asked: &Asked<'_>,
        make: &impl Fn(&Client, Url) -> RequestBuilder,
    ) -> Result<Response, RegistryError> {
        let mut url = asked.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = make(&self.client, url.clone());
            if let Some(login) = self.login.lock().await.clone().filter(|_| self.is_here(&url)) {
                request = request.header(AUTHORIZATION, login);
            }
            let answer = request.send().await.map_err(|why| self.failed(&why))?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let target = url.join(location).map_err(|why| self.unreachable(why.to_string()))?;
            self.check_redirect(asked, &target)?;
            url = target;
        }
        Err(self.redirect(asked.what, &url, "it redirects again and again"))
    }

    fn check_redirect(&self, asked: &Asked<'_>, target: &Url) -> Result<(), RegistryError> {
        let is_encrypted = target.scheme() == "https";
        let stays_local = self.base.scheme() == "http" && target.scheme() == "http" && is_loopback(target);
        match () {
            () if !asked.follows => Err(self.redirect(asked.what, target, "only blobs may lie elsewhere")),
            () if !is_encrypted && !stays_local => Err(self.redirect(asked.what, target, "it is not encrypted")),
            () => Ok(()),
        }
    }

    /// Answers a challenge of the registry with the value of `Authorization`.
    async fn log_in(&self, challenge: &str) -> Result<HeaderValue, RegistryError> {
        let credentials = self.credentials().await?;
        let challenges = http_auth::parse_challenges(challenge).unwrap_or_default();
        let named = |name: &str| challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case(name));
        let failed = || self.login_failed(credentials.is_some());
        let value = match (named("bearer"), named("basic"), &credentials) {
            (Some(bearer), _, _) => format!("Bearer {}", self.fetch_token(bearer, credentials.as_ref()).await?),
            (None, Some(_), Some(DockerCredential::UsernamePassword(name, password))) => basic(name, password),
            _ => return Err(failed()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| failed())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Fetches a token from the login service that a challenge names.
    async fn fetch_token(
        &self,
        challenge: &ChallengeRef<'_>,
        credentials: Option<&DockerCredential>,
    ) -> Result<String, RegistryError> {
        let param = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let failed = || self.login_failed(credentials.is_some());
        let realm = param("realm").and_then(|realm| Url::parse(&realm).ok()).ok_or_else(failed)?;
        if realm.scheme() != "https" && !(self.base.scheme() == "http" && is_loopback(&realm)) {
            return Err(self.redirect("the login", &realm, "it is not encrypted"));
        }
        let mut query: Vec<(&str, String)> = Vec::new();
        query.extend(["service", "scope"].into_iter().filter_map(|name| Some((name, param(name)?))));
        let request = match credentials {
            Some(DockerCredential::IdentityToken(token)) => {
                query.push(("grant_type", "refresh_token".to_owned()));
                query.push(("refresh_token", token.clone()));
                query.push(("client_id", "phasegate".to_owned()));
                let mut form = realm.clone();
                form.query_pairs_mut().clear().extend_pairs(&query);
                let body = form.query().unwrap_or_default().to_owned();
                self.client.post(realm).header("content-type", "application/x-www-form-urlencoded").body(body)
            }
            known => {
                let mut url = realm;
                url.query_pairs_mut().extend_pairs(&query);
                let request = self.client.get(url);
                match known {
                    Some(DockerCredential::UsernamePassword(name, password)) => {
                        request.header(AUTHORIZATION, basic(name, password))
                    }
                    _ => request,
                }
            }
        };
        let answer = request.send().await.map_err(|why| self.failed(&why))?;
        if !answer.status().is_success() {
            return Err(failed());
        }
        let bytes = self.read(answer, "the token of its login service", MAX_MESSAGE_BYTES).await?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|_| failed())?;
        token.token.or(token.access_token).ok_or_else(failed)
    }

    /// Reads the credentials of this registry. A helper program of Docker may run.
    async fn credentials(&self) -> Result<Option<DockerCredential>, RegistryError> {
        if !docker_configuration().is_some_and(|file| file.exists()) {
            return Ok(None);
        }
        let host = self.host.clone();
        let fault = |reason: String| RegistryError::Credentials { host: self.host.clone(), reason };
        let found = tokio::task::spawn_blocking(move || docker_credential::get_credential(&host)).await;
        match found.map_err(|why| fault(why.to_string()))? {
            Ok(found) => Ok(Some(found)),
            Err(CredentialRetrievalError::ConfigNotFound | CredentialRetrievalError::NoCredentialConfigured) => {
                Ok(None)
            }
            Err(why) => Err(fault(why.to_string())),
        }
    }

    /// Reads an answer of at most `limit` bytes. An answer that comes drop by drop fails as one that does not come.
    pub(crate) async fn read(&self, answer: Response, what: &str, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let longest = 2 * self.timeout + Duration::from_secs(limit / MIN_BYTES_PER_SECOND);
        let seconds = longest.as_secs();
        let slow = |_| RegistryError::TooSlow { host: self.host.clone(), what: what.to_owned(), seconds };
        tokio::time::timeout(longest, self.read_all(answer, what, limit)).await.map_err(slow)?
    }

    async fn read_all(&self, mut answer: Response, what: &str, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let too_large = |size: Option<u64>| RegistryError::TooLarge { what: what.to_owned(), size, limit };
        if let Some(size) = answer.content_length().filter(|size| *size > limit) {
            return Err(too_large(Some(size)));
        }
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|why| self.failed(&why))? {
            if (bytes.len() + part.len()) as u64 > limit {
                return Err(too_large(None));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    /// Returns the failure of an answer whose status is not the expected one.
    pub(crate) async fn status_failure(&self, answer: Response, what: &str) -> RegistryError {
        let status = answer.status();
        if matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) {
            let has_credentials = self.credentials().await.is_ok_and(|known| known.is_some());
            return self.login_failed(has_credentials);
        }
        let text = self.read(answer, what, MAX_MESSAGE_BYTES).await.unwrap_or_default();
        let message = describe_errors(&text).map(|text| format!(": {text}")).unwrap_or_default();
        RegistryError::Status { host: self.host.clone(), status: status.as_u16(), what: what.to_owned(), message }
    }

    fn is_here(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    fn login_failed(&self, has_credentials: bool) -> RegistryError {
        RegistryError::Login { host: self.host.clone(), has_credentials }
    }

    fn unreachable(&self, reason: String) -> RegistryError {
        RegistryError::Unreachable { host: self.host.clone(), reason }
    }

    fn redirect(&self, what: &str, target: &Url, reason: &'static str) -> RegistryError {
        let origin = target.origin();
        let target = match origin.is_tuple() {
            true => origin.ascii_serialization(),
            false => format!("{}:", target.scheme()),
        };
        RegistryError::Redirect { host: self.host.clone(), what: what.to_owned(), target, reason }
    }

    fn failed(&self, why: &reqwest::Error) -> RegistryError {
        match why.is_timeout() && !why.is_connect() {
            true => RegistryError::Slow { host: self.host.clone(), seconds: self.timeout.as_secs() },
            false => self.unreachable(describe(why)),
        }
    }
}

/// Returns the file with the logins, which may not exist: `config.json` in `DOCKER_CONFIG`, else in `~/.docker`.
fn docker_configuration() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = folder("DOCKER_CONFIG").or_else(|| folder("HOME").map(|home| home.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

/// Whether an address is a loopback address.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

/// Returns the messages of an answer in the form that the specification gives to errors.
fn describe_errors(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        code: String,
        #[serde(default)]
        message: String,
    }
    let errors: Errors = serde_json::from_slice(text).ok()?;
    let lines: Vec<String> = errors.errors.iter().map(|one| format!("{} {}", one.code, one.message)).collect();
    let text = lines.join(", ");
    (!text.is_empty()).then(|| text.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE_CHARS).collect())
}

/// Renders the causes of an error in one line, without the address, which may hold secrets.
fn describe(error: &reqwest::Error) -> String {
    let mut message = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(message, "{}{error}", if message.is_empty() { "" } else { ": " });
        cause = error.source();
    }
    if message.is_empty() { "the connection failed".to_owned() } else { message }
}
