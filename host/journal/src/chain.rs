//! The chain of digests over the events of a run.
//!
//! The link of an event is the digest of the event and of the link before it, so the last link covers the whole run. A
//! changed, moved or removed event breaks the chain there. This finds accidents and careless edits; rewriting all later
//! links is found only by comparison with a link that was stored elsewhere.

use std::fmt::Write as _;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread;

use phasegate_process::{Digest, EVENT_FORMAT, Event, Recorded, RunCreated, RunId};
use serde::{Deserialize, Serialize};

use crate::bounds::{RunSize, too_large};
use crate::error::JournalError;

/// An event exactly as a journal stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// The number of the event in its run, from 1 without gaps.
    pub number: u64,
    /// The time at which it was written, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The event format of the build that wrote it.
    pub format: u32,
    /// The JSON of the event, byte for byte as it was written.
    pub body: String,
    /// The link of the event, by [`link`].
    pub chain: Digest,
}

/// Stands in for the link before the first event.
const FIRST_LINK: &str = "phasegate run";

/// Returns the link of an event: the SHA-256 of five lines of text, which are the link before it (`phasegate run` for the
/// first event), its number, time and format in decimal, and its body.
///
/// Only the last line, the body, can contain line breaks, so different events give different texts. The rule is part of the
/// released formats of journal and export and never changes.
pub fn link(before: Option<&Digest>, number: u64, at_ms: u64, format: u32, body: &str) -> Digest {
    let before = before.map_or(FIRST_LINK, Digest::as_str);
    let mut text = String::with_capacity(before.len() + body.len() + 64);
    let _ = write!(text, "{before}\n{number}\n{at_ms}\n{format}\n{body}");
    Digest::from_content(text.as_bytes())
}

/// Checks and parses the events after `number`. `stored` begins with event `number` itself, whose link they must follow.
///
/// Each event is stored with its link, so a long list is divided among threads.
pub(crate) fn parse_events(
    run: &RunId,
    number: u64,
    stored: &[StoredEvent],
    location: &str,
) -> Result<Vec<Recorded>, JournalError> {
    let mut size = RunSize::default();
    for event in stored {
        size.add(&event.body).map_err(|reason| too_large(run, event.number, reason))?;
    }
    let length = match stored.len() {
        short if short <= MIN_EVENTS_PER_THREAD => MIN_EVENTS_PER_THREAD,
        long => long.div_ceil(*THREADS).max(MIN_EVENTS_PER_THREAD),
    };
    let mut pieces = Vec::new();
    let (mut due, mut before) = (number.max(1), None);
    for piece in stored.chunks(length) {
        pieces.push((due, before, piece));
        due += piece.len() as u64;
        before = piece.last().map(|last| &last.chain);
    }
    let parse = |(due, before, piece)| parse_chunk(run, number, due, before, piece, location);
    if pieces.len() < 2 {
        return pieces.pop().map_or_else(|| Ok(Vec::new()), parse);
    }
    thread::scope(|scope| {
        let readers: Vec<_> = pieces.into_iter().map(|piece| scope.spawn(move || parse(piece))).collect();
        let mut events = Vec::with_capacity(stored.len());
        for reader in readers {
            events.append(&mut reader.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(events)
    })
}

/// The fewest events that are worth a thread.
const MIN_EVENTS_PER_THREAD: usize = 500;

/// The processors that this process may use. Asking reads files of the system, so it happens once.
static THREADS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

fn parse_chunk<'a>(
    run: &RunId,
    number: u64,
    due: u64,
    mut before: Option<&'a Digest>,
    stored: &'a [StoredEvent],
    location: &str,
) -> Result<Vec<Recorded>, JournalError> {
    let mut events = Vec::with_capacity(stored.len());
    for (expected, found) in (due..).zip(stored) {
        if found.number != expected {
            return Err(JournalError::gap(run, expected, location));
        }
        if found.number > number {
            events.push(parse_event(run, before, found, location)?);
        }
        before = Some(&found.chain);
    }
    Ok(events)
}

fn parse_event(
    run: &RunId,
    before: Option<&Digest>,
    found: &StoredEvent,
    location: &str,
) -> Result<Recorded, JournalError> {
    let StoredEvent { number, at_ms, format, ref body, ref chain } = *found;
    check_format(run, number, format, location)?;
    if link(before, number, at_ms, format, body) != *chain {
        return Err(JournalError::broken(run, number, location));
    }
    let event = serde_json::from_str(body).map_err(|e| JournalError::DamagedEvent {
        run: run.clone(),
        number,
        location: location.to_owned(),
        reason: e.to_string(),
    })?;
    if let Some(created) = run_created(&event) {
        check_format(run, number, created.format, location)?;
    }
    Ok(Recorded { number, at_ms, event })
}

/// Returns what the run depends on from this event on, if the event begins a run or a fork.
pub(crate) fn run_created(event: &Event) -> Option<&RunCreated> {
    match event {
        Event::RunCreated(created) => Some(created),
        Event::RunForked(forked) => Some(&forked.created),
        _ => None,
    }
}

fn check_format(run: &RunId, number: u64, format: u32, location: &str) -> Result<(), JournalError> {
    match format > EVENT_FORMAT {
        true => Err(JournalError::NewerEvent { run: run.clone(), number, format, location: location.to_owned() }),
        false => Ok(()),
    }
}

/// The number and link of a run's last event. Journals store them apart from the events, so that a lost end is found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct End {
    /// 0 for a run without events.
    pub number: u64,
    pub chain: Option<Digest>,
}

impl End {
    pub(crate) fn at(last: &StoredEvent) -> Self {
        Self { number: last.number, chain: Some(last.chain.clone()) }
    }

    /// Moves the end behind a new event; returns the event as it is stored.
    pub(crate) fn push(&mut self, at_ms: u64, format: u32, body: String) -> StoredEvent {
        let chain = self.advance(at_ms, format, &body);
        StoredEvent { number: self.number, at_ms, format, body, chain }
    }

    /// Moves the end behind a new event; returns its link.
    pub(crate) fn advance(&mut self, at_ms: u64, format: u32, body: &str) -> Digest {
        self.number += 1;
        let chain = link(self.chain.as_ref(), self.number, at_ms, format, body);
        self.chain = Some(chain.clone());
        chain
    }

    /// Checks that the events after `number` end here.
    pub(crate) fn check_end(
        &self,
        run: &RunId,
        number: u64,
        stored: &[StoredEvent],
        location: &str,
    ) -> Result<(), JournalError> {
        let reached = stored.last().map_or(number, |last| last.number);
        match stored.last() {
            _ if reached < self.number => Err(JournalError::gap(run, reached + 1, location)),
            Some(last) if reached > self.number || Some(&last.chain) != self.chain.as_ref() => {
                Err(JournalError::broken(run, reached.min(self.number + 1), location))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn chain_rule_matches_the_released_formats() {
        // printf 'phasegate run\n1\n1700000000000\n1\n{"event":"a\\nb"}' | sha256sum
        let first = link(None, 1, 1_700_000_000_000, 1, "{\"event\":\"a\\nb\"}");
        assert_eq!(first.as_str(), "sha256:63054efdc584c530ee229a2f085f7e29d8431f512fd2a52d499883ae122cf06c");
        let second = link(Some(&first), 2, 1_700_000_000_001, 2, "ä\n");
        assert_eq!(second.as_str(), "sha256:1c23c1f3e03a1343347ed9f743efebf7d5ec5640ef91873626714fb7db19a464");
    }

    #[test]
    fn every_input_changes_the_link() {
        let before = Digest::from_content(b"before");
        let all = [
            link(None, 1, 2, 3, "4"),
            link(Some(&before), 1, 2, 3, "4"),
            link(None, 9, 2, 3, "4"),
            link(None, 1, 9, 3, "4"),
            link(None, 1, 2, 9, "4"),
            link(None, 1, 2, 3, "9"),
            link(None, 1, 2, 3, "\n4"),
        ];
        for (n, one) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|other| one != other), "{n}");
        }
    }
}
