//! Where the settings of plugins stand in the files of a pipeline, so that what a plugin does not take is told with file and
//! line after all files were laid over each other.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;

use crate::PhaseName;
use crate::source::{Source, SourceError, to_json};

/// Settings as a file writes them: each key knows its place.
pub type RawSettings = BTreeMap<Spanned<String>, toml::Value>;

/// Whose settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingsOf {
    /// The agent's of this phase.
    Phase(PhaseName),
    /// The strategy's.
    Strategy,
}

impl std::fmt::Display for SettingsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phase(phase) => write!(f, "phase `{phase}`"),
            Self::Strategy => f.write_str("the feedback strategy"),
        }
    }
}

/// The places of all settings of one pipeline.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<SettingsOf, BTreeMap<String, SourceError>>);

impl Places {
    /// Keeps where these settings stand, in place of where they stood before, and gives them as JSON.
    pub fn put(&mut self, source: Source<'_>, of: SettingsOf, settings: &RawSettings) -> Value {
        let place = |key: &Spanned<String>| (key.get_ref().clone(), source.error(key.span(), "", ""));
        self.0.insert(of, settings.keys().map(place).collect());
        settings.iter().map(|(key, value)| (key.get_ref().clone(), to_json(value.clone()))).collect()
    }

    /// Forgets where these settings stood: they are no file's any more.
    pub fn forget(&mut self, of: &SettingsOf) {
        self.0.remove(of);
    }

    /// A complaint about a setting, at its key; about the settings as a whole, at the first. `None` where no file has them.
    pub fn error(&self, of: &SettingsOf, key: Option<&str>, message: String, hint: String) -> Option<SourceError> {
        let places = self.0.get(of)?;
        let place = key.and_then(|key| places.get(key)).or_else(|| places.values().min_by_key(|place| place.line))?;
        Some(SourceError { message, hint, ..place.clone() })
    }
}
