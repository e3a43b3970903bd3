//! References to plugins in OCI registries: `oci://HOST/REPOSITORY:TAG`, or `@sha256:…` in place of the tag.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// The start of every reference.
pub const SCHEME: &str = "oci://";

/// The largest number of bytes of a reference.
const MAX_BYTES: usize = 512;
/// The largest number of bytes of a tag, by the OCI distribution specification.
const MAX_TAG_BYTES: usize = 128;

/// The place of a plugin in a registry. A value of this type is always well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryReference {
    host: String,
    repository: String,
    version: Version,
}

/// The part of a reference after the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// A name that the publisher may move to another manifest.
    Tag(String),
    /// The digest of the manifest.
    Manifest(Digest),
}

/// An error: the text is not a reference to a plugin in a registry.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a reference to a plugin in a registry: {fault}")]
pub struct InvalidReference {
    text: String,
    fault: &'static str,
}

impl InvalidReference {
    /// The form that a reference has.
    pub fn hint(&self) -> &'static str {
        "write oci://HOST/REPOSITORY:TAG, as in oci://ghcr.io/acme/audit:1.2.0, or @sha256:… in place of :TAG"
    }
}

impl RegistryReference {
    /// Whether a text, such as the value of `path`, is meant as a reference.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The registry, with its port if one is given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository in the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or the digest.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The tag; `None` for a reference by digest.
    pub fn tag(&self) -> Option<&str> {
        match &self.version {
            Version::Tag(tag) => Some(tag),
            Version::Manifest(_) => None,
        }
    }

    /// The same repository with another version.
    pub fn with_version(&self, version: Version) -> Self {
        Self { version, ..self.clone() }
    }
}

impl FromStr for RegistryReference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = |fault| InvalidReference { text: text.chars().take(MAX_BYTES).collect(), fault };
        if text.len() > MAX_BYTES {
            return Err(invalid("it is too long"));
        }
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| invalid("it does not start with oci://"))?;
        let (host, rest) = rest.split_once('/').ok_or_else(|| invalid("it has no repository"))?;
        let (repository, version) = match rest.split_once('@') {
            Some((repository, digest)) => {
                let digest = digest.parse().map_err(|_| invalid("what follows @ is not a digest"))?;
                (repository, Version::Manifest(digest))
            }
            None => {
                let (repository, tag) = rest.rsplit_once(':').ok_or_else(|| invalid("it has no tag"))?;
                (repository, Version::Tag(tag.to_owned()))
            }
        };
        if !is_host(host) {
            return Err(invalid("its host is not the name of a machine"));
        }
        if !repository.split('/').all(is_path_part) {
            return Err(invalid("a repository has lower-case letters, digits, and . _ - between them"));
        }
        match &version {
            Version::Tag(tag) if !is_tag(tag) => Err(invalid("a tag has letters, digits and . _ - only")),
            _ => Ok(Self { host: host.to_owned(), repository: repository.to_owned(), version }),
        }
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.host, self.repository)?;
        match &self.version {
            Version::Tag(tag) => write!(f, ":{tag}"),
            Version::Manifest(digest) => write!(f, "@{digest}"),
        }
    }
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain);
    (is_address || is_name) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Whether a text is one part of the path of a repository, by the OCI distribution specification.
fn is_path_part(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators: Vec<&str> = text.split(is_letter).filter(|between| !between.is_empty()).collect();
    let is_separator = |one: &&str| matches!(*one, "." | "_" | "__") || one.chars().all(|c| c == '-');
    text.starts_with(is_letter) && text.ends_with(is_letter) && separators.iter().all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= MAX_TAG_BYTES
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parses_what_it_writes() {
        let digest = Digest::from_content(b"x");
        for text in [
            "oci://ghcr.io/acme/audit:1.2.0".to_owned(),
            "oci://127.0.0.1:5000/a:latest".to_owned(),
            "oci://[::1]:5000/a/b__c/d--e.f:_v1".to_owned(),
            format!("oci://localhost:5000/acme/audit@{digest}"),
        ] {
            assert_eq!(text.parse::<RegistryReference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn errors_name_the_part_that_is_wrong() {
        let cases = [
            ("ghcr.io/a:1", "it does not start with oci://"),
            ("oci://ghcr.io", "it has no repository"),
            ("oci://ghcr.io/acme/audit", "it has no tag"),
            ("oci://ghcr.io:99999/a:1", "its host is not the name of a machine"),
            ("oci://user@ghcr.io/a:1", "its host is not the name of a machine"),
            ("oci:///a:1", "its host is not the name of a machine"),
            ("oci://ghcr.io/Acme:1", "a repository has lower-case letters, digits, and . _ - between them"),
            ("oci://ghcr.io/a/../b:1", "a repository has lower-case letters, digits, and . _ - between them"),
            ("oci://ghcr.io/a:-1", "a tag has letters, digits and . _ - only"),
            ("oci://ghcr.io/a@sha256:12", "what follows @ is not a digest"),
        ];
        for (text, fault) in cases {
            let error = text.parse::<RegistryReference>().unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` is not a reference to a plugin in a registry: {fault}"));
        }
    }
}
