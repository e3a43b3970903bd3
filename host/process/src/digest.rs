//! Content addresses. A digest is `sha256:` and 64 lower-case hex digits; a value of this type is always well formed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::hint::with_hint;
use crate::text::deserialize_text;

/// The bytes of the text of a digest.
const LENGTH: usize = 71;

/// The SHA-256 of some content. It identifies an artifact, a component, a model request or an answer. Clones share the text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Arc<str>);

/// An error: the text is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a digest")]
pub struct InvalidDigest(String);

impl InvalidDigest {
    /// The form that a digest has.
    pub fn hint(&self) -> &'static str {
        "a digest is `sha256:` followed by 64 hex digits"
    }
}

impl Digest {
    /// Computes the digest of `bytes`.
    pub fn from_content(bytes: &[u8]) -> Self {
        Self::from_bytes(Sha256::digest(bytes).into())
    }

    /// Creates a digest from the bytes that its digits stand for.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        // Loading a run computes one digest for each event; formatting byte by byte would take longer than hashing.
        let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        let mut digits = [0; 64];
        let (pairs, _) = digits.as_chunks_mut::<2>();
        pairs.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = [digit(byte >> 4), digit(byte & 15)]);
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        let (_, place) = text.split_at_mut(LENGTH - digits.len());
        place.copy_from_slice(&digits);
        Self(str::from_utf8(&text).unwrap_or_default().into())
    }

    /// Returns every digest that stands anywhere in a text, in order.
    pub fn find_all(text: &str) -> impl Iterator<Item = Self> + '_ {
        text.match_indices("sha256:").filter_map(|(start, _)| text.get(start..start + LENGTH)?.parse().ok())
    }

    /// Returns the bytes that the digits stand for.
    pub fn to_bytes(&self) -> [u8; 32] {
        let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        let (pairs, _) = self.0.as_bytes().get(7..).unwrap_or_default().as_chunks::<2>();
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(pairs).for_each(|(byte, [high, low])| *byte = value(*high) << 4 | value(*low));
        bytes
    }

    /// The whole text, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve hex digits, for display.
    pub fn short(&self) -> &str {
        self.0.get(7..19).unwrap_or(&self.0)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        match hex.len() == 64 && hex.bytes().fold(true, |all, c| all & is_hex(c)) {
            true => Ok(Self(text.into())),
            false => Err(InvalidDigest(text.to_owned())),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, |text| {
            text.parse().map_err(|error: InvalidDigest| with_hint(&error, Some(error.hint())))
        })
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.as_str().to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_sha256_of_its_bytes() {
        let digest = Digest::from_content(b"abc");
        assert_eq!(digest.as_str(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.short(), "ba7816bf8f01");
        assert_eq!(digest.as_str().parse::<Digest>().ok(), Some(digest));
    }

    #[test]
    fn finds_digests_anywhere_in_a_text() {
        let (one, two) = (Digest::from_content(b"1"), Digest::from_content(b"2"));
        let text = format!("sha256:sha256:{one}{{\"a\":\"{two}\"}} sha256:ä{}", "0".repeat(70));
        assert_eq!(Digest::find_all(&text).collect::<Vec<_>>(), [one, two]);
    }

    #[test]
    fn rejects_other_text() {
        let error = "sha256:ABC".parse::<Digest>().map_err(|error| with_hint(&error, Some(error.hint())));
        assert_eq!(
            error,
            Err("`sha256:ABC` is not a digest\nhint: a digest is `sha256:` followed by 64 hex digits".into())
        );
    }
}
