//! What plugins say of themselves, held against the pipeline that uses them: the kinds of artifacts that they bring, and the
//! settings that they take. A component that cannot be read says nothing here; it is refused where it is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use phasegate_process::PluginName;
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::{Pipeline, SettingLocations, SettingsOwner};
use phasegate_process::source::{Source, SourceError};
use phasegate_sandbox::Plugin;

use crate::error::Error;
use crate::plugins::source::load_manifest;

/// What the plugins of a pipeline say of themselves.
pub(crate) type Manifests = BTreeMap<PluginName, Arc<Manifest>>;

/// Those of its agents.
pub(crate) fn load_agent_manifests(pipeline: &Pipeline, dir: &Path) -> Manifests {
    let agents: BTreeSet<&PluginName> = pipeline.phases.iter().map(|phase| &phase.agent).collect();
    agents.into_iter().filter_map(|agent| Some((agent.clone(), load_manifest(pipeline, agent, dir)?))).collect()
}

/// Adds the kinds that these bring and the pipeline does not have.
pub(crate) fn add_kinds(source: Source<'_>, pipeline: &mut Pipeline, manifests: &Manifests) -> Result<(), SourceError> {
    let own: Vec<_> = pipeline.kinds.keys().cloned().collect();
    for (plugin, manifest) in manifests {
        for (kind, schema) in manifest.kinds.iter().filter(|(kind, _)| !own.contains(kind)) {
            let text = schema.to_string();
            let known = pipeline.kinds.entry(kind.clone()).or_insert_with(|| text.clone());
            if *known != text {
                let message = format!("two plugins bring the kind `{kind}`, each with a schema of its own");
                let hint = "say which one holds with `[[kind]]`";
                return Err(source.error(source.find_word(plugin.as_str()), message, hint));
            }
        }
    }
    Ok(())
}

/// Whether every plugin takes the settings that it is given; complained of at their place in the file.
pub(crate) fn check_settings(
    source: Source<'_>,
    pipeline: &Pipeline,
    manifests: &Manifests,
    locations: &SettingLocations,
) -> Result<(), SourceError> {
    for (of, plugin, settings) in pipeline.settings() {
        let Some(manifest) = manifests.get(plugin) else { continue };
        if let Some(fault) = manifest.check_settings(settings).into_iter().next() {
            let message = describe_settings_fault(&of, plugin, &manifest.version, &fault.message);
            let error = locations.error(&of, fault.key.as_deref(), message.clone(), fault.hint.clone());
            return Err(error.unwrap_or_else(|| source.error_at_top(message, fault.hint)));
        }
    }
    Ok(())
}

/// What is wrong with settings, and whose they are.
fn describe_settings_fault(of: &SettingsOwner, plugin: &PluginName, version: &str, fault: &str) -> String {
    format!("{of} gives plugin `{plugin}` {version} settings that it does not take: {fault}")
}

/// Whether every plugin takes the settings that a swap left it with. What files say was held against it with its line.
pub(crate) fn check_loaded_settings(pipeline: &Pipeline, loaded: &[Plugin]) -> Result<(), Error> {
    for (of, name, settings) in pipeline.settings() {
        let plugin = loaded.iter().find(|plugin| plugin.name() == name);
        let Some(manifest) = plugin.and_then(|plugin| plugin.inspection().manifest.as_ref()) else { continue };
        if let Some(fault) = manifest.check_settings(settings).into_iter().next() {
            let message = describe_settings_fault(&of, name, &manifest.version, &fault.message);
            return Err(Error::Settings { message, hint: fault.hint });
        }
    }
    Ok(())
}
