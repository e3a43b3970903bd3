//! The provider at the other end, and what may be repeated of its text.

use crate::key::Scrubber;

/// The longest part of a provider's own error text that is passed on.
const MAX_CHARS: usize = 600;

/// Who is asked: its name in the configuration, and what must not be repeated of what it says.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) scrubber: Scrubber,
}

impl Peer {
    /// What it said, without keys, short, on one line, and harmless on a terminal.
    pub(crate) fn sanitize(&self, text: &str) -> String {
        // Keys go first, since half a key would not be found, and last, since what hid one may be gone.
        self.scrubber.scrub(&sanitize(&self.scrubber.scrub(text)))
    }
}

/// Short, on one line, and harmless on a terminal.
pub(crate) fn sanitize(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe: String = flat.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    if safe.chars().count() == MAX_CHARS {
        safe.push('…');
    }
    safe
}
