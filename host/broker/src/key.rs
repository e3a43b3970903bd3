//! Keys of providers.
//!
//! Guarantees: a [`Secret`] is never formatted, cloned or serialized; it and the buffer it was read into are zeroed when
//! dropped (copies that the HTTP client makes are not). A [`Scrubber`] redacts every known key in a text, also in its URL,
//! JSON and base64 spellings; it does not stop a provider that takes a key apart on purpose. Fails with a [`KeyFileError`],
//! which never shows the key.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The replacement for a key.
pub(crate) const REDACTED: &str = "[redacted]";

/// The most bytes that are read of a key file.
const MAX_KEY_FILE_BYTES: usize = 16 * 1024;
/// A shorter key is a placeholder, as local servers want one (`ollama`, `not-needed`): not a secret, and a word that answers
/// may contain. So is a key shorter than [`MAX_PLACEHOLDER_BYTES`] without a digit.
const MIN_SECRET_BYTES: usize = 8;
const MAX_PLACEHOLDER_BYTES: usize = 20;

/// A provider's key.
pub(crate) struct Secret(Zeroizing<String>);

/// The reason why a file gives no key.
#[derive(Debug)]
pub(crate) enum KeyFileError {
    /// The file cannot be read.
    Unreadable(std::io::Error),
    /// Every user of this machine may read or write the file.
    Public,
    /// The content is too long or not UTF-8.
    NoKey,
}

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// Reads a file into a buffer that is zeroed and has a fixed size: growing would leave a copy behind.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyFileError> {
        let mut file = phasegate_files::open_input(path).map_err(KeyFileError::Unreadable)?;
        if is_open_to_all(&file, path).map_err(KeyFileError::Unreadable)? {
            return Err(KeyFileError::Public);
        }
        let mut bytes = Zeroizing::new(vec![0; MAX_KEY_FILE_BYTES]);
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read(rest) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(KeyFileError::Unreadable(why)),
            }
        }
        let text = bytes.get(..read).filter(|text| text.len() < MAX_KEY_FILE_BYTES).unwrap_or_default();
        std::str::from_utf8(text).map(Self::new).map_err(|_| KeyFileError::NoKey)
    }

    /// Returns the key itself; for the header of the request only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a header can carry the key. Quotes and backslashes are excluded because JSON escapes them, which would hide
    /// the key from the scrubber.
    pub(crate) fn is_usable(&self) -> bool {
        !self.0.is_empty() && self.0.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
    }

    fn is_placeholder(&self) -> bool {
        let word = self.0.len() < MAX_PLACEHOLDER_BYTES && !self.0.contains(|c: char| c.is_ascii_digit());
        word || self.0.len() < MIN_SECRET_BYTES
    }

    /// Returns the spellings in which the key may be repeated, longest first.
    fn encodings(&self) -> Vec<Secret> {
        let percent =
            |hex: fn(u8) -> String| self.encode_bytes(|byte| is_unreserved(byte).then_some(byte).ok_or(hex(byte)));
        let json = self.encode_bytes(|byte| if byte == b'/' { Err("\\/".to_owned()) } else { Ok(byte) });
        let mut encodings = vec![
            Self(self.0.clone()),
            percent(|byte| format!("%{byte:02X}")),
            percent(|byte| format!("%{byte:02x}")),
            json,
        ];
        for before in 0..3 {
            let (standard, of_addresses) = self.base64(before);
            encodings.extend([standard, of_addresses]);
        }
        encodings.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        encodings.dedup_by(|a, b| a.0 == b.0);
        encodings
    }

    /// Encodes the key byte by byte: `Ok` is a byte to keep, `Err` its replacement.
    fn encode_bytes(&self, spell: impl Fn(u8) -> Result<u8, String>) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 3));
        for byte in self.0.bytes() {
            match spell(byte) {
                Ok(byte) => text.push(char::from(byte)),
                Err(spelt) => text.push_str(&spelt),
            }
        }
        Self(text)
    }

    /// Returns the part of the key's base64 that does not depend on its surroundings, in both alphabets, where the key
    /// begins `before` bytes after a group of three.
    fn base64(&self, before: usize) -> (Self, Self) {
        let bits = self.0.len() * 8;
        let bit = |n: usize| self.0.as_bytes().get(n / 8).map_or(0, |byte| (byte >> (7 - n % 8)) & 1);
        let first = (6 - before * 8 % 6) % 6;
        let sextets = (first..).step_by(6).take_while(|at| at + 6 <= bits);
        let sextets = sextets.map(|at| (at..at + 6).fold(0, |sum, n| (sum << 1) | bit(n)));
        let mut both = [(); 2].map(|()| Zeroizing::new(String::with_capacity(bits)));
        for sextet in sextets {
            for (text, [plus, slash]) in both.iter_mut().zip([['+', '/'], ['-', '_']]) {
                text.push(match sextet {
                    0..26 => char::from(b'A' + sextet),
                    26..52 => char::from(b'a' + sextet - 26),
                    52..62 => char::from(b'0' + sextet - 52),
                    62 => plus,
                    _ => slash,
                });
            }
        }
        let [standard, of_addresses] = both.map(Self);
        (standard, of_addresses)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Whether a text that should be a name may be a key: long, without the characters of paths, and not all capitals like a
/// variable.
pub(crate) fn looks_like_key(text: &str) -> bool {
    text.len() >= MAX_PLACEHOLDER_BYTES
        && !text.contains(['/', '.', ' '])
        && text.contains(|c: char| c.is_ascii_lowercase())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether every user of this machine may read or write the file: its mode and that of each parent folder allow it.
#[cfg(unix)]
fn is_open_to_all(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let others = |metadata: std::fs::Metadata, bits| metadata.mode() & bits != 0;
    let path = path.canonicalize()?;
    let lets_through = |folder: &Path| std::fs::metadata(folder).is_ok_and(|metadata| others(metadata, 0o001));
    Ok(others(file.metadata()?, 0o006) && path.ancestors().skip(1).all(lets_through))
}

#[cfg(not(unix))]
fn is_open_to_all(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(false)
}

/// Redacts keys in text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrubber(Arc<[Secret]>);

impl Scrubber {
    pub(crate) fn new(secrets: impl IntoIterator<Item = Arc<Secret>>) -> Self {
        Self(
            secrets
                .into_iter()
                .filter(|secret| !secret.is_placeholder())
                .flat_map(|secret| secret.encodings())
                .collect(),
        )
    }

    /// Returns the text with each key replaced by [`REDACTED`].
    pub(crate) fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| match text.contains(form.expose()) {
            true => text.replace(form.expose(), REDACTED),
            false => text,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const KEY: &str = "sk-key+5f0c/9a1e=77zq";

    fn scrubbed(text: &str) -> String {
        Scrubber::new([Arc::new(Secret::new(KEY))]).scrub(text)
    }

    #[test]
    fn debug_output_redacts_the_key() {
        let secret = Arc::new(Secret::new(KEY));
        let scrubber = Scrubber::new([Arc::clone(&secret)]);
        assert_eq!(format!("{secret:?} {secret:#?}"), "[redacted] [redacted]");
        assert!(!format!("{scrubber:?} {scrubber:#?}").contains("key"));
    }

    #[test]
    fn scrubs_every_spelling_of_a_key() {
        for written in [KEY, "sk-key%2B5f0c%2F9a1e%3D77zq", "sk-key%2b5f0c%2f9a1e%3d77zq", "sk-key+5f0c\\/9a1e=77zq"] {
            assert_eq!(scrubbed(&format!("<{written}>")), "<[redacted]>", "{written}");
        }
    }

    #[test]
    fn scrubs_base64_of_a_key_at_any_offset() {
        // "KEY", "a:KEY" and ":KEY:": only the edges, which depend on the surroundings, remain.
        for (written, left) in [
            ("c2sta2V5KzVmMGMvOWExZT03N3px", "[redacted]"),
            ("YTpzay1rZXkrNWYwYy85YTFlPTc3enE=", "YTp[redacted]E="),
            ("OnNrLWtleSs1ZjBjLzlhMWU9Nzd6cQ==", "On[redacted]Q=="),
        ] {
            assert_eq!(scrubbed(written), left, "{written}");
        }
    }

    #[test]
    fn keeps_placeholder_keys_of_local_servers() {
        for word in ["ollama", "not-needed", "password", "sk-no-key-required", "abc123"] {
            let scrubber = Scrubber::new([Arc::new(Secret::new(word))]);
            assert_eq!(scrubber.scrub(word), word);
        }
        assert_eq!(Scrubber::new([Arc::new(Secret::new("token-abc123"))]).scrub("token-abc123"), "[redacted]");
    }
}
