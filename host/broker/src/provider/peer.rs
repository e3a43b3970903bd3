//! The provider at the other end, and what may be repeated of its words.

use crate::key::Scrubber;

/// The longest part of a provider's own error text that is passed on.
const LONGEST_WORDS: usize = 600;

/// Who is asked: its name in the configuration, and what must not be repeated of what it says.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) scrubber: Scrubber,
}

impl Peer {
    /// What it said, without keys, short, on one line, and harmless on a terminal.
    pub(crate) fn tidy(&self, words: &str) -> String {
        // Keys go first, since half a key would not be found, and last, since what hid one may be gone.
        self.scrubber.scrub(&tidy(&self.scrubber.scrub(words)))
    }
}

/// Short, on one line, and harmless on a terminal.
pub(crate) fn tidy(words: &str) -> String {
    let flat = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe: String = flat.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect();
    if safe.chars().count() == LONGEST_WORDS {
        safe.push('…');
    }
    safe
}
