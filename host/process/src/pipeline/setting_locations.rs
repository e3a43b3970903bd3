//! The locations of plugin settings in the files of a pipeline. Settings are validated only after all files are merged;
//! the locations give those errors a file and a line.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Spanned;

use crate::names::PhaseName;
use crate::source::{Source, SourceError, to_json};

/// Settings as a file contains them, with the location of each key.
pub type RawSettings = BTreeMap<Spanned<String>, toml::Value>;

/// The owner of some settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingsOwner {
    /// The agent of this phase.
    Phase(PhaseName),
    /// The feedback strategy.
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

/// The locations of all settings of one pipeline.
#[derive(Debug, Clone, Default)]
pub struct SettingLocations(BTreeMap<SettingsOwner, BTreeMap<String, SourceError>>);

impl SettingLocations {
    /// Sets the locations of the owner's settings, replacing earlier ones, and returns the settings as JSON.
    pub fn insert(&mut self, source: Source<'_>, owner: SettingsOwner, settings: &RawSettings) -> Value {
        let location = |key: &Spanned<String>| (key.get_ref().clone(), source.error(key.span(), "", ""));
        self.0.insert(owner, settings.keys().map(location).collect());
        settings.iter().map(|(key, value)| (key.get_ref().clone(), to_json(value.clone()))).collect()
    }

    /// Adds the locations of settings that are added to the owner's.
    pub fn add(&mut self, source: Source<'_>, owner: SettingsOwner, settings: &RawSettings) {
        let location = |key: &Spanned<String>| (key.get_ref().clone(), source.error(key.span(), "", ""));
        self.0.entry(owner).or_default().extend(settings.keys().map(location));
    }

    /// Removes the locations of the owner's settings, which no longer come from a file.
    pub fn remove(&mut self, owner: &SettingsOwner) {
        self.0.remove(owner);
    }

    /// Returns an error at the key of a setting, or at the first setting where no key is given or it is unknown. `None`
    /// where the settings do not come from a file.
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
