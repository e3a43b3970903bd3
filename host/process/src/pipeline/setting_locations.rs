//! Where the settings of plugins stand in the files of a pipeline, so that what a plugin does not take is told with file and
//! line after all files were laid over each other.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;

use crate::PhaseName;
use crate::source::{Source, SourceError, to_json};

/// Settings as a file writes them: each key knows its location.
pub type RawSettings = BTreeMap<Spanned<String>, toml::Value>;

/// Whose settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingsOwner {
    /// The agent's of this phase.
    Phase(PhaseName),
    /// The strategy's.
    Strategy,
}

impl std::fmt::Display for SettingsOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phase(phase) => write!(f, "phase `{phase}`"),
            Self::Strategy => f.write_str("the feedback strategy"),
        }
    }
}

/// The places of all settings of one pipeline.
#[derive(Debug, Clone, Default)]
pub struct SettingLocations(BTreeMap<SettingsOwner, BTreeMap<String, SourceError>>);

impl SettingLocations {
    /// Keeps where these settings stand, in place of where they stood before, and gives them as JSON.
    pub fn insert(&mut self, source: Source<'_>, owner: SettingsOwner, settings: &RawSettings) -> Value {
        let location = |key: &Spanned<String>| (key.get_ref().clone(), source.error(key.span(), "", ""));
        self.0.insert(owner, settings.keys().map(location).collect());
        settings.iter().map(|(key, value)| (key.get_ref().clone(), to_json(value.clone()))).collect()
    }

    /// Forgets where these settings stood: they are no file's any more.
    pub fn remove(&mut self, owner: &SettingsOwner) {
        self.0.remove(owner);
    }

    /// A complaint about a setting, at its key; about the settings as a whole, at the first. `None` where no file has them.
    pub fn error(
        &self,
        owner: &SettingsOwner,
        key: Option<&str>,
        message: String,
        hint: String,
    ) -> Option<SourceError> {
        let locations = self.0.get(owner)?;
        let location = key
            .and_then(|key| locations.get(key))
            .or_else(|| locations.values().min_by_key(|location| location.line))?;
        Some(SourceError { message, hint, ..location.clone() })
    }
}
