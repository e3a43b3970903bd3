//! Reads an answer in either format. Its bytes decide whether it is whole or a stream of events, not the type that the server
//! says it has.
//!
//! Guarantees: the same bytes give the same answer or the same failure, however they are divided; bytes after the
//! provider's end marker are ignored; bytes are bounded. An incomplete answer is a temporary failure, with the tokens that the
//! provider counted before it.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _};
use phasegate_process::model::{Error, Usage};
use serde_json::Value;
use sse_stream::SseByteStream;

use super::document::{self, Surrogates};
use super::format::{ParsedAnswer, broken_answer};
use super::peer::Peer;
use super::provider_error::{ErrorPlace, ProviderError};
use super::{anthropic_answer, openai_answer};
use crate::call::{Failure, FailureCost};
use crate::config::ProviderKind;

/// The most bytes of one answer, after decompression.
pub(crate) const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The most bytes that are shown of an answer in another format.
const EXCERPT_BYTES: usize = 200;

/// Reads an answer from its pieces; calls `progress` with the characters of the answer so far. A failure of a piece counts
/// only if the answer is incomplete without it.
pub(crate) async fn read_answer(
    kind: ProviderKind,
    peer: &Peer,
    pieces: impl Stream<Item = Result<Bytes, Failure>>,
    progress: impl FnMut(u64),
) -> Result<ParsedAnswer, Failure> {
    let mut reader = Reader::new(kind, peer);
    let read = reader.read(pieces, progress).await;
    let usage = reader.usage();
    read.and_then(|()| reader.finish()).map_err(|failure| match usage {
        Some(usage) => Failure { cost: FailureCost::Known(usage), ..failure },
        None => failure,
    })
}

struct Reader<'a> {
    peer: &'a Peer,
    builder: AnswerBuilder,
    surrogates: Surrogates,
    /// Whether there was any JSON or event.
    has_begun: bool,
}

enum AnswerBuilder {
    Anthropic(anthropic_answer::AnswerBuilder),
    Openai(openai_answer::AnswerBuilder),
}

impl<'a> Reader<'a> {
    fn new(kind: ProviderKind, peer: &'a Peer) -> Self {
        let builder = match kind {
            ProviderKind::Anthropic => AnswerBuilder::Anthropic(Default::default()),
            ProviderKind::Openai => AnswerBuilder::Openai(Default::default()),
        };
        Self { peer, builder, surrogates: Surrogates::default(), has_begun: false }
    }

    async fn read(
        &mut self,
        pieces: impl Stream<Item = Result<Bytes, Failure>>,
        progress: impl FnMut(u64),
    ) -> Result<(), Failure> {
        let mut fault = None;
        let mut read = 0;
        let mut start = Vec::new();
        let result = {
            let mut pieces = pin!(
                pieces
                    .scan((), |(), piece| {
                        let bytes = piece.as_deref().unwrap_or_default();
                        start.extend(bytes.iter().take(EXCERPT_BYTES - start.len()));
                        read += bytes.len();
                        let piece = piece
                            .and_then(|piece| if read > MAX_ANSWER_BYTES { Err(too_many_bytes()) } else { Ok(piece) });
                        ready(piece.map_err(|failure| fault = Some(failure)).ok())
                    })
                    .fuse()
            );
            let mut head = Bytes::new();
            while head.is_empty()
                && let Some(piece) = pieces.next().await
            {
                head = piece.slice(piece.iter().position(|byte| !is_blank(*byte)).unwrap_or(piece.len())..);
            }
            match head.first() {
                Some(b'{' | b'[') => self.read_whole(head, pieces).await,
                _ => self.read_events(stream::iter([head]).chain(pieces), progress).await,
            }
        };
        match fault {
            // The provider has said all that it had to say, and only the end of the connection went wrong.
            Some(_) if result.is_ok() && self.has_finish() => Ok(()),
            Some(fault) => Err(fault),
            None if result.is_ok() && !self.has_begun => Err(no_answer(self.peer, &start)),
            None => result,
        }
    }

    async fn read_whole(&mut self, head: Bytes, mut pieces: impl Stream<Item = Bytes> + Unpin) -> Result<(), Failure> {
        let mut bytes = Vec::from(head);
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| broken_answer(self.peer, "it is not UTF-8"))?;
        let body = self.parse(text, "it")?;
        match &mut self.builder {
            AnswerBuilder::Anthropic(builder) => builder.take(&body, self.peer),
            AnswerBuilder::Openai(builder) => {
                builder.take_whole(&body);
                Ok(())
            }
        }
    }

    async fn read_events(
        &mut self,
        pieces: impl Stream<Item = Bytes>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Failure> {
        // Some servers leave out the empty line after their last event.
        let pieces = pieces.chain(stream::iter([Bytes::from_static(b"\n\n")]));
        let mut events = pin!(SseByteStream::new(pieces.map(Ok::<_, Infallible>)));
        while let Some(event) = events.next().await {
            let event = event.map_err(|_| broken_answer(self.peer, "the stream is not UTF-8"))?;
            let Some(data) = event.data.filter(|data| !data.trim().is_empty()) else { continue };
            self.has_begun = true;
            if let (AnswerBuilder::Openai(builder), "[DONE]") = (&mut self.builder, data.trim()) {
                builder.end();
                break;
            }
            let chunk = self.parse(&data, "an event")?;
            match &mut self.builder {
                AnswerBuilder::Openai(builder) => builder.take(&chunk),
                AnswerBuilder::Anthropic(builder) => {
                    builder.take(&chunk, self.peer)?;
                    if builder.is_complete() {
                        break;
                    }
                }
            }
            progress(self.characters());
        }
        Ok(())
    }

    /// Parses JSON of the provider. Fails if it is an error.
    fn parse(&mut self, text: &str, what: &str) -> Result<Value, Failure> {
        self.has_begun = true;
        let text = self.surrogates.join(text);
        let value = document::parse_answer(&text).map_err(|why| broken_answer(self.peer, &format!("{what} {why}")))?;
        let place = if self.characters() > 0 { ErrorPlace::Within } else { ErrorPlace::Instead };
        match ProviderError::find(place, &value) {
            Some(error) => Err(error.into_failure(self.peer)),
            None => Ok(value),
        }
    }

    fn characters(&self) -> u64 {
        match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.characters(),
            AnswerBuilder::Openai(builder) => builder.characters(),
        }
    }

    fn has_finish(&self) -> bool {
        match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.has_finish(),
            AnswerBuilder::Openai(builder) => builder.has_finish(),
        }
    }

    /// Returns the tokens that the provider has counted so far. A count of output from the beginning of an answer is raised to
    /// what has arrived since, at four characters a token.
    fn usage(&self) -> Option<Usage> {
        let counted = match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.usage(),
            AnswerBuilder::Openai(builder) => builder.usage(),
        };
        let arrived = self.characters().div_ceil(4);
        counted.map(|usage| match self.has_finish() {
            true => usage,
            false => Usage { output_tokens: usage.output_tokens.max(arrived), ..usage },
        })
    }

    fn finish(self) -> Result<ParsedAnswer, Failure> {
        match self.builder {
            AnswerBuilder::Anthropic(builder) => builder.finish(self.peer),
            AnswerBuilder::Openai(builder) => builder.finish(self.peer),
        }
    }
}

/// Whether a byte may stand before an answer: white space, or a part of a byte order mark.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || [0xef, 0xbb, 0xbf].contains(&byte)
}

fn no_answer(peer: &Peer, start: &[u8]) -> Failure {
    match start.trim_ascii() {
        [] => Failure::temporary(format!("{} sent an empty answer", peer.name)),
        start => Failure::temporary(format!(
            "{} answered with neither JSON nor a stream of events: {}\nhint: look at [providers.{}] base_url",
            peer.name,
            peer.sanitize(&String::from_utf8_lossy(start)),
            peer.name
        )),
    }
}

fn too_many_bytes() -> Failure {
    let error = Error::Other(format!("the answer has more than {MAX_ANSWER_BYTES} bytes"));
    Failure { cost: FailureCost::Unknown, ..error.into() }
}
