//! An answer's bytes, in either format, whole or as they come.
//!
//! Promises: however a stream is cut into pieces, the same bytes are the same answer or the same failure; what follows the
//! provider's own end is not looked at; bounded bytes. Fails in passing where the answer breaks off.

use super::format::{ParsedAnswer, broken_answer, too_many_bytes};
use super::peer::Peer;
use super::sse::Events;
use super::{anthropic, document, openai};
use crate::call::Failure;
use crate::config::ProviderKind;

/// The most that is read of one answer.
pub(crate) const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// A streamed answer, as far as it has come.
pub(crate) struct Stream {
    events: Events,
    builder: AnswerBuilder,
    read: usize,
}

enum AnswerBuilder {
    Anthropic(anthropic::AnswerBuilder),
    Openai(openai::AnswerBuilder),
}

impl Stream {
    pub(crate) fn new(kind: ProviderKind) -> Self {
        let builder = match kind {
            ProviderKind::Anthropic => AnswerBuilder::Anthropic(anthropic::AnswerBuilder::default()),
            ProviderKind::Openai => AnswerBuilder::Openai(openai::AnswerBuilder::default()),
        };
        Self { events: Events::default(), builder, read: 0 }
    }

    /// Takes the next bytes and tells, event by event, how many characters have come.
    pub(crate) fn take(&mut self, mut bytes: &[u8], peer: &Peer, mut progress: impl FnMut(u64)) -> Result<(), Failure> {
        self.read += bytes.len();
        if self.read > MAX_ANSWER_BYTES {
            return Err(too_many_bytes(MAX_ANSWER_BYTES).into());
        }
        while !self.is_complete() {
            let Some(data) = self.events.next(&mut bytes).map_err(|why| broken_answer(&why))? else { break };
            progress(match &mut self.builder {
                AnswerBuilder::Anthropic(builder) => builder.event(&data, peer),
                AnswerBuilder::Openai(builder) => builder.event(&data, peer),
            }?);
        }
        Ok(())
    }

    /// Whether the provider has said that this is all.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.is_complete(),
            AnswerBuilder::Openai(builder) => builder.is_complete(),
        }
    }

    /// The answer, if it is whole.
    pub(crate) fn finish(self) -> Result<ParsedAnswer, Failure> {
        match self.builder {
            AnswerBuilder::Anthropic(builder) => builder.finish(),
            AnswerBuilder::Openai(builder) => builder.finish(),
        }
    }
}

/// An answer that came in one piece.
pub(crate) fn parse_complete(kind: ProviderKind, text: &str) -> Result<ParsedAnswer, Failure> {
    let body = document::parse(text).map_err(|why| broken_answer(&format!("it {why}")))?;
    match kind {
        ProviderKind::Anthropic => anthropic::parse_complete(&body),
        ProviderKind::Openai => openai::parse_complete(&body),
    }
}
