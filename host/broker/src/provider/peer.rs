//! The provider at the other end of a request, and its error text.

use crate::key::Scrubber;

/// The most characters of a provider's error text that are passed on.
const MAX_CHARS: usize = 600;

/// A provider by its name in the configuration, with the keys to redact in its answers.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) scrubber: Scrubber,
    /// Whether requests carry a key.
    pub(crate) has_key: bool,
}

impl Peer {
    /// Returns text of the provider without keys, shortened, in one line and without control characters.
    pub(crate) fn sanitize(&self, text: &str) -> String {
        // Redacted before shortening, which could cut a key in half, and after it, which may join a key again.
        self.scrubber.scrub(&sanitize(&self.scrubber.scrub(text)))
    }
}

/// Returns text shortened, in one line and without control characters.
pub(crate) fn sanitize(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe: String = flat.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    if safe.chars().count() == MAX_CHARS {
        safe.push('…');
    }
    safe
}
