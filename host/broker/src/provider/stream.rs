//! An answer's bytes, in either format, whole or as they come.
//!
//! Promises: however a stream is cut into pieces, the same bytes are the same answer or the same failure; what follows the
//! provider's own end is not looked at; bounded bytes. Fails in passing where the answer breaks off.

use super::format::{Parsed, broken, too_many_bytes};
use super::peer::Peer;
use super::sse::Events;
use super::{anthropic, document, openai};
use crate::call::Failure;
use crate::config::ProviderKind;

/// The most that is read of one answer.
pub(crate) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A streamed answer, as far as it has come.
pub(crate) struct Stream {
    events: Events,
    fold: Fold,
    read: usize,
}

enum Fold {
    Anthropic(anthropic::Fold),
    Openai(openai::Fold),
}

impl Stream {
    pub(crate) fn new(kind: ProviderKind) -> Self {
        let fold = match kind {
            ProviderKind::Anthropic => Fold::Anthropic(anthropic::Fold::default()),
            ProviderKind::Openai => Fold::Openai(openai::Fold::default()),
        };
        Self { events: Events::default(), fold, read: 0 }
    }

    /// Takes the next bytes and tells, event by event, how many characters have come.
    pub(crate) fn take(&mut self, mut bytes: &[u8], peer: &Peer, mut seen: impl FnMut(u64)) -> Result<(), Failure> {
        self.read += bytes.len();
        if self.read > MOST_BYTES {
            return Err(too_many_bytes(MOST_BYTES).into());
        }
        while !self.is_whole() {
            let Some(data) = self.events.next(&mut bytes).map_err(|why| broken(&why))? else { break };
            seen(match &mut self.fold {
                Fold::Anthropic(fold) => fold.event(&data, peer),
                Fold::Openai(fold) => fold.event(&data, peer),
            }?);
        }
        Ok(())
    }

    /// Whether the provider has said that this is all.
    pub(crate) fn is_whole(&self) -> bool {
        match &self.fold {
            Fold::Anthropic(fold) => fold.is_whole(),
            Fold::Openai(fold) => fold.is_whole(),
        }
    }

    /// The answer, if it is whole.
    pub(crate) fn finish(self) -> Result<Parsed, Failure> {
        match self.fold {
            Fold::Anthropic(fold) => fold.finish(),
            Fold::Openai(fold) => fold.finish(),
        }
    }
}

/// An answer that came in one piece.
pub(crate) fn whole(kind: ProviderKind, text: &str) -> Result<Parsed, Failure> {
    let body = document::parse(text).map_err(|why| broken(&format!("it {why}")))?;
    match kind {
        ProviderKind::Anthropic => anthropic::whole(&body),
        ProviderKind::Openai => openai::whole(&body),
    }
}
