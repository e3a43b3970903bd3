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
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self(Arc::new(Script { name, blocks: super::script::read(path)?, price })))
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
    async fn answer(&self, call: &PendingCall) -> Result<Response, Error> {
        call.report(Progress::Requesting { attempt: call.attempt });
        let block =
            self.block_for(&call.path, &call.request).ok_or_else(|| self.no_answer(&call.path, &call.request))?;
        if block.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(block.delay_ms)).await;
        }
        let (content, stop) = match &block.reply {
            Reply::Error(error) => return Err(error.clone()),
            Reply::Content { content, stop } => (content.clone(), stop.clone()),
            Reply::Generated { bytes, stop } => {
                (vec![Content::Text { text: generated::document(&call.request, *bytes) }], stop.clone())
            }
        };
        let written = content.iter().map(characters).sum();
        call.report(Progress::Receiving { characters: written });
        let read: u64 = call.request.messages.iter().flat_map(|message| &message.content).map(characters).sum();
        let usage = Usage {
            input_tokens: block.input_tokens.unwrap_or(read.div_ceil(4)),
            output_tokens: block.output_tokens.unwrap_or(written.div_ceil(4)),
            ..Usage::default()
        };
        let usage = Usage { usd: self.price.map(|price| price.cost_usd(&usage, 0)), ..usage };
        Ok(Response { content, stop, model: format!("scripted:{}", self.name), usage })
    }

    fn block_for(&self, path: &CallPath, request: &Request) -> Option<&Block> {
        self.blocks.iter().find(|block| block.matches(path, request))
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
