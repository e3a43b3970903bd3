//! Keys: what the process holds and nobody else sees.
//!
//! Promises: a [`Secret`] is never formatted, cloned or serialised, and is zeroed when dropped; a [`Scrubber`] takes
//! every known key out of any text. Cannot fail.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// What stands where a key was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Shorter ones are the placeholders that local servers want (`none`, `ollama`): no secret, and common words.
const SHORTEST_SECRET: usize = 8;

/// A provider's key.
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The key itself, for the request's header alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Takes keys out of text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrubber(Arc<[Arc<Secret>]>);

impl Scrubber {
    pub(crate) fn new(secrets: impl IntoIterator<Item = Arc<Secret>>) -> Self {
        Self(secrets.into_iter().filter(|secret| secret.expose().len() >= SHORTEST_SECRET).collect())
    }

    /// The text without any key.
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| match text.contains(secret.expose()) {
            true => text.replace(secret.expose(), REDACTED),
            false => text,
        })
    }
}
