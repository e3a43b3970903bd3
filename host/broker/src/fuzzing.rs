//! Parses bytes of a provider without a connection. For the fuzz targets only: not a stable interface.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use phasegate_process::model::{Error, Message, Request, Response, Role};
use reqwest::Url;
use reqwest::header::HeaderMap;
use tokio::sync::mpsc;

use crate::call::{CallPath, Failure, PendingCall};
use crate::config::{ModelLimits, ProviderKind};
use crate::key::{Scrubber, Secret};
use crate::provider::endpoint::Endpoint;
use crate::provider::format::ModelOptions;
use crate::provider::http::Model;
use crate::provider::peer::Peer;
use crate::provider::provider_error::ProviderError;
use crate::provider::stream::read_answer;
use crate::provider::{anthropic, openai};

/// A model that has received a request and whose answers are given bytes.
#[derive(Debug)]
pub struct FuzzedModel {
    model: Model,
    call: PendingCall,
}

impl FuzzedModel {
    /// Creates a request to a model of this wire format, whose provider has this key; `None` where `url` is not an address.
    pub fn new(kind: ProviderKind, url: &str, key: &str, request: Request) -> Option<Self> {
        let secret = Arc::new(Secret::new(key));
        let endpoint = Endpoint {
            peer: Peer { name: "peer".to_owned(), scrubber: Scrubber::new([Arc::clone(&secret)]), has_key: true },
            kind,
            url: Url::parse(url).ok()?,
            key: Some(secret),
            key_header: None,
            headers: HeaderMap::new(),
            lists_models: false,
            timeout: Duration::MAX,
            idle: Duration::MAX,
            client: OnceLock::new(),
        };
        let options = ModelOptions {
            model: "model".to_owned(),
            stream: true,
            structured: true,
            temperature: true,
            seed: true,
            max_completion_tokens: false,
            limits: ModelLimits::default(),
            price: None,
        };
        let path = CallPath { phase: "code".to_owned(), attempt: 1, number: 1, occurrence: 1 };
        let call = PendingCall {
            path: path.into(),
            request: request.into(),
            idempotency_key: "key".into(),
            measure: Default::default(),
            attempt: 1,
            max_output_tokens: None,
            progress: mpsc::unbounded_channel().0,
        };
        Some(Self { model: Model::new(endpoint, options), call })
    }

    /// Parses an answer that came in these pieces, after which the connection ended.
    pub fn answer<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Response, Error> {
        let pieces = pieces.into_iter().map(|piece| Ok(Bytes::copy_from_slice(piece)));
        let endpoint = &self.model.endpoint;
        let read = read_answer(endpoint.kind, &endpoint.peer, stream::iter(pieces), |_| {});
        let parsed = futures::executor::block_on(read).map_err(|failure| self.error(failure))?;
        Ok(self.model.response(parsed, &self.call, self.call.request.max_output_tokens))
    }

    /// Parses an error of the provider with this HTTP status.
    pub fn provider_error(&self, status: u16, text: &str) -> Error {
        self.error(ProviderError::parse(status, text, None).into_failure(&self.model.endpoint.peer))
    }

    /// Checks that the conversation can be encoded with this answer in it.
    pub fn continue_with(&self, answer: &Response) -> Result<(), Error> {
        let mut request = Request::clone(&self.call.request);
        request.messages.push(Message { role: Role::Assistant, content: answer.content.clone() });
        let options = &self.model.options;
        let limit = request.max_output_tokens;
        match self.model.endpoint.kind {
            ProviderKind::Anthropic => anthropic::body(&request, options, limit),
            ProviderKind::Openai => openai::body(&request, options, limit),
        }
        .map(|_| ())
    }

    fn error(&self, failure: Failure) -> Error {
        self.model.scrub(failure).error
    }
}
