//! `scripted:FILE`: answers from a file, for tests and examples.
//!
//! Guarantees: an answer depends on the call alone, so a resumed run gets the same answers; the first block whose conditions
//! all hold answers. Files are read once, together with the configuration, and only below the script's folder. A call that
//! no block matches fails with the position of the call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use phasegate_process::model::{Content, Error, Request, Response, Usage};

use super::format::content_text;
use super::generated;
use super::script::{Block, Reply, ScriptError};
use crate::call::{CallPath, Failure, PendingCall, Progress};
use crate::price::Price;

/// A model whose answers come from a script.
#[derive(Debug, Clone)]
pub(crate) struct Scripted(Arc<Script>);

#[derive(Debug)]
struct Script {
    name: String,
    blocks: Vec<Block>,
    price: Option<Price>,
}

impl Scripted {
    /// Reads a script.
    pub(crate) fn read(path: &Path, price: Option<Price>) -> Result<Self, ScriptError> {
        Script::read(path, price).map(|script| Self(Arc::new(script)))
    }
}

/// Answers of a script without a broker: for a dry run, which counts and charges nothing.
#[derive(Debug)]
pub struct ScriptedAnswers(Script);

impl ScriptedAnswers {
    /// Reads a script.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        Script::read(path, None).map(Self)
    }

    /// Returns the answer to a request at this position, or the error that the script names. A request that no block matches
    /// gets [`Error::Unavailable`].
    pub fn answer(&self, path: &CallPath, request: &Request) -> Result<Response, Error> {
        self.0.reply(self.0.find_block(path, request)?, request)
    }
}

impl tower::Service<PendingCall> for Scripted {
    type Response = Response;
    type Error = Failure;
    type Future = BoxFuture<'static, Result<Response, Failure>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Failure>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: PendingCall) -> Self::Future {
        let script = Arc::clone(&self.0);
        Box::pin(async move { script.answer(&call).await.map_err(Failure::from) })
    }
}

impl Script {
    fn read(path: &Path, price: Option<Price>) -> Result<Self, ScriptError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, blocks: super::script::read(path)?, price })
    }

    async fn answer(&self, call: &PendingCall) -> Result<Response, Error> {
        call.report(Progress::Requesting { attempt: call.attempt });
        let block = self.find_block(&call.path, &call.request)?;
        if block.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(block.delay_ms)).await;
        }
        let response = self.reply(block, &call.request)?;
        call.report(Progress::Receiving { characters: response.content.iter().map(characters).sum() });
        Ok(response)
    }

    fn reply(&self, block: &Block, request: &Request) -> Result<Response, Error> {
        let (content, stop) = match &block.reply {
            Reply::Error(error) => return Err(error.clone()),
            Reply::Content { content, stop } => (content.clone(), stop.clone()),
            Reply::Generated { bytes, stop } => {
                (vec![Content::Text { text: generated::document(request, *bytes) }], stop.clone())
            }
        };
        let written: u64 = content.iter().map(characters).sum();
        let read: u64 = request.messages.iter().flat_map(|message| &message.content).map(characters).sum();
        let usage = Usage {
            input_tokens: block.input_tokens.unwrap_or(read.div_ceil(4)),
            output_tokens: block.output_tokens.unwrap_or(written.div_ceil(4)),
            ..Usage::default()
        };
        let usage = Usage { usd: self.price.map(|price| price.cost_usd(&usage, 0)), ..usage };
        Ok(Response { content, stop, model: format!("scripted:{}", self.name), usage })
    }

    fn find_block(&self, path: &CallPath, request: &Request) -> Result<&Block, Error> {
        let found = self.blocks.iter().find(|block| block.matches(path, request));
        found.ok_or_else(|| self.no_answer(path, request))
    }

    fn no_answer(&self, path: &CallPath, request: &Request) -> Error {
        Error::Unavailable(format!(
            "scripted:{} has no answer for label \"{}\" (phase {}, attempt {}, call {}, occurrence {})\n\
             hint: add an [[answer]] whose conditions match this call",
            self.name, request.label, path.phase, path.attempt, path.number, path.occurrence
        ))
    }
}

fn characters(part: &Content) -> u64 {
    content_text(part).chars().count() as u64
}
