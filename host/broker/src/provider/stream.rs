//! Parses an answer in either format, whole or streamed.
//!
//! Guarantees: the same bytes give the same answer or the same failure, however they are divided; bytes after the
//! provider's end marker are ignored; bytes are bounded. An incomplete answer is a temporary failure.

use phasegate_process::model::Usage;

use super::format::{ParsedAnswer, broken_answer, too_many_bytes};
use super::peer::Peer;
use super::sse::Events;
use super::{anthropic, document, openai};
use crate::call::Failure;
use crate::config::ProviderKind;

/// The most bytes of one answer.
pub(crate) const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// A streamed answer as far as it has arrived.
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

    /// Takes the next bytes; calls `progress` after each event with the characters of the answer so far.
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

    /// Whether the provider has marked the end of the answer.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.is_complete(),
            AnswerBuilder::Openai(builder) => builder.is_complete(),
        }
    }

    /// Returns the tokens that the provider has counted so far.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match &self.builder {
            AnswerBuilder::Anthropic(builder) => builder.usage(),
            AnswerBuilder::Openai(builder) => builder.usage(),
        }
    }

    /// Returns the answer; fails if it is incomplete.
    pub(crate) fn finish(self) -> Result<ParsedAnswer, Failure> {
        match self.builder {
            AnswerBuilder::Anthropic(builder) => builder.finish(),
            AnswerBuilder::Openai(builder) => builder.finish(),
        }
    }
}

/// Parses an answer that came in one piece.
pub(crate) fn parse_complete(kind: ProviderKind, text: &str) -> Result<ParsedAnswer, Failure> {
    let body = document::parse(text).map_err(|why| broken_answer(&format!("it {why}")))?;
    match kind {
        ProviderKind::Anthropic => anthropic::parse_complete(&body),
        ProviderKind::Openai => openai::parse_complete(&body),
    }
}
