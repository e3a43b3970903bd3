//! What a provider uses of the user's authority: the address that receives requests, and the place of its key.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::key::looks_like_key;

/// The address and the key of a provider. Two accesses are equal if neither the address nor the place of the key differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProviderAccess {
    /// The name of the provider.
    pub provider: String,
    /// The address, normalised, without a slash at its end.
    pub address: String,
    /// The place of the key; `None` sends no key.
    #[serde(flatten)]
    pub key: Option<KeySource>,
    /// Whether requests and the key may leave this machine unencrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// What requests carry besides the key, in words: the header of the key, further headers and the query. Values of
    /// environment variables are named by the variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<String>,
}

/// The place of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeySource {
    /// The name of an environment variable.
    #[serde(rename = "key_env")]
    Env(String),
    /// The absolute path of a file.
    #[serde(rename = "key_file")]
    File(PathBuf),
}

impl fmt::Display for ProviderAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "provider `{}` at {}", self.provider, self.address)?;
        match &self.key {
            None => f.write_str(" without a key")?,
            Some(key) => write!(f, " with the key in {key}")?,
        }
        for sent in &self.sends {
            write!(f, ", {sent}")?;
        }
        if self.allow_http { f.write_str(", unencrypted") } else { Ok(()) }
    }
}

impl KeySource {
    /// Whether a key may stand in place of the name, so that it must not be shown.
    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self, Self::Env(name) if looks_like_key(name))
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key may stand in place of a name and must not be shown.
        match self {
            Self::Env(_) if self.is_hidden() => f.write_str("the variable that it names"),
            Self::Env(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
