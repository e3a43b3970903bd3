//! Checks a pipeline against the manifests of its plugins: kinds of artifacts that they add, and settings that they accept.
//!
//! A component without a readable manifest is skipped here and is rejected when it is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use phasegate_process::PluginName;
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::{Pipeline, SettingLocations, SettingsOwner};
use phasegate_process::source::{Source, SourceError};

use crate::error::{Error, ErrorCode};
use crate::plugins::load::Inspections;
use crate::plugins::source::load_manifest;

/// Manifests of a pipeline's plugins.
pub(crate) type Manifests = BTreeMap<PluginName, Arc<Manifest>>;

/// Loads the manifests of all agents. `dir` is the base of relative plugin paths.
pub(crate) fn load_agent_manifests(pipeline: &Pipeline, dir: &Path) -> Manifests {
    let agents: BTreeSet<&PluginName> = pipeline.phases.iter().map(|phase| &phase.agent).collect();
    agents.into_iter().filter_map(|agent| Some((agent.clone(), load_manifest(pipeline, agent, dir)?))).collect()
}

/// Adds the kinds of the manifests to the pipeline; a kind of the pipeline itself wins. Fails if two plugins define the same
/// kind with different schemas.
pub(crate) fn add_kinds(source: Source<'_>, pipeline: &mut Pipeline, manifests: &Manifests) -> Result<(), SourceError> {
    let own: Vec<_> = pipeline.kinds.keys().cloned().collect();
    for (plugin, manifest) in manifests {
        for (kind, schema) in manifest.kinds.iter().filter(|(kind, _)| !own.contains(kind)) {
            let text = schema.to_string();
            let known = pipeline.kinds.entry(kind.clone()).or_insert_with(|| text.clone().into());
            if known.text() != text {
                let message = format!("two plugins define the kind `{kind}` with different schemas");
                let hint = "define the kind in the pipeline with `[[kind]]`";
                return Err(source.error(source.find_word(plugin.as_str()), message, hint));
            }
        }
    }
    Ok(())
}

/// Checks the settings of all plugins. An error has the line of the setting.
pub(crate) fn check_settings(
    source: Source<'_>,
    pipeline: &Pipeline,
    manifests: &Manifests,
    locations: &SettingLocations,
) -> Result<(), SourceError> {
    for (owner, plugin, settings) in pipeline.settings() {
        let Some(manifest) = manifests.get(plugin) else { continue };
        if let Some(fault) = manifest.check_settings(settings).into_iter().next() {
            let message = describe_settings_fault(&owner, plugin, &manifest.version, &fault.message);
            let error = locations.error(&owner, fault.key.as_deref(), message.clone(), fault.hint.clone());
            return Err(error.unwrap_or_else(|| source.error_at_top(message, fault.hint)));
        }
    }
    Ok(())
}

/// Describes a settings fault with the owner of the settings and the version of the plugin.
fn describe_settings_fault(owner: &SettingsOwner, plugin: &PluginName, version: &str, fault: &str) -> String {
    format!("{owner} gives plugin `{plugin}` {version} invalid settings: {fault}")
}

/// Checks the settings of plugins after overrides; [`check_settings`] has checked those of files.
pub(crate) fn check_overridden_settings(pipeline: &Pipeline, plugins: &Inspections) -> Result<(), Error> {
    for (owner, name, settings) in pipeline.settings() {
        let Some(manifest) = plugins.get(name).and_then(|plugin| plugin.manifest.as_ref()) else { continue };
        if let Some(fault) = manifest.check_settings(settings).into_iter().next() {
            let message = describe_settings_fault(&owner, name, &manifest.version, &fault.message);
            return Err(Error::rejected(ErrorCode::InvalidSettings, message, fault.hint));
        }
    }
    Ok(())
}
