//! Overrides: replace single parts of a run, in a variant of an experiment or in a fork.
//!
//! They are applied to the pipeline, settings and components of a new run before these are pinned, or to those that the
//! origin of a fork pinned. Guarantees: a part that no override names stays the same, down to its digest; the result is
//! checked as a whole. [`crate::Host::create`] checks whether a component fits its phase. Fails with [`OverrideError`], which
//! names the override and has a hint.

pub(super) mod set;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::Blob;
use phasegate_process::pipeline::{Pipeline, check};
use phasegate_process::source::{Source, did_you_mean};
use phasegate_process::{Digest, PhaseName, PluginName};
use serde_json::{Value, json};

use crate::config::file::Config;
use crate::config::overlay::{check_limits, replace_strategy};
use crate::config::overrides::set::SetTarget;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::error::overrides::{Complaint, OverrideError, OverrideTarget};
use crate::plugins::bundled::BUNDLED;
use crate::plugins::source::ComponentSource;

/// The parts to replace. A component is the name of a bundled plugin, or a file that ends in `.wasm` or `.wasm.zst`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// New agents, by phase.
    pub agents: BTreeMap<PhaseName, String>,
    /// A new feedback strategy.
    pub feedback: Option<String>,
    /// A new pipeline: the name of a standard one, or a file.
    pub pipeline: Option<PathBuf>,
    /// Single values by dotted key, as in `phases.code-review.max_retries`. A table is merged into the existing table.
    pub set: Vec<(String, Value)>,
}

impl Overrides {
    /// Parses `KEY=VALUE` of a command line. The value is TOML; a value that is not TOML is a string.
    pub fn parse_set(text: &str) -> Result<(String, Value), OverrideError> {
        let (key, value) =
            set::parse_assignment(text).map_err(|complaint| OverrideTarget::Set(text.to_owned()).fault(complaint))?;
        set::parse_key(&key).map_err(|complaint| OverrideTarget::Set(key.clone()).fault(complaint))?;
        Ok((key, value))
    }

    /// Describes each override. The texts are recorded in the event of a fork.
    pub fn describe(&self) -> Vec<String> {
        let pipeline = self.pipeline.iter().map(|file| format!("pipeline = {}", file.display()));
        let agents = self.agents.iter().map(|(phase, given)| format!("agent of {phase} = {given}"));
        let feedback = self.feedback.iter().map(|given| format!("feedback = {given}"));
        let set = self.set.iter().map(|(key, value)| format!("{key} = {value}"));
        pipeline.chain(agents).chain(feedback).chain(set).collect()
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the overrides to the pipeline, settings and components of a run. Returns the components that may be new to the
    /// journal. Files are relative to `dir`. The configuration is applied to a new pipeline.
    ///
    /// A plugin keeps its digest in `components` unless it is replaced or the new pipeline names another file for it. Plugins
    /// that are no longer used are removed. `settings.cell` is cleared; environments of test runners are not updated.
    pub fn apply(
        &self,
        pipeline: &mut Pipeline,
        settings: &mut RunSettings,
        components: &mut BTreeMap<PluginName, Digest>,
        dir: &Path,
        config: &Config,
    ) -> Result<Vec<Blob>, Error> {
        settings.cell = None;
        let mut replaced = BTreeMap::new();
        if let Some(file) = &self.pipeline {
            let old = std::mem::replace(pipeline, load_whole_pipeline(file, dir, config)?);
            components.retain(|name, _| plugin_path(pipeline, name) == plugin_path(&old, name));
        }
        for (phase, given) in &self.agents {
            let (plugin, from) = replace_agent(pipeline, phase, given, dir)
                .map_err(|why| OverrideTarget::Agent(phase.clone()).fault(why))?;
            replaced.insert(plugin, from);
        }
        if let Some(given) = &self.feedback {
            let (plugin, from) =
                replace_feedback(pipeline, given, dir).map_err(|why| OverrideTarget::Feedback.fault(why))?;
            replaced.insert(plugin, from);
        }
        self.apply_values(SetTarget::of_run(pipeline, settings))?;
        let blobs = update_components(pipeline, components, &replaced, dir)?;
        check_result(pipeline, components)?;
        Ok(blobs)
    }

    /// Returns the plugins that the overrides give as files. `pipeline` is the result of [`Overrides::apply`].
    pub(crate) fn plugins_given_as_files<'a>(&'a self, pipeline: &'a Pipeline) -> impl Iterator<Item = &'a PluginName> {
        let agents = self.agents.iter().filter_map(|(phase, given)| Some((given, &pipeline.phase(phase)?.agent)));
        let all = agents.chain(self.feedback.iter().map(|given| (given, &pipeline.feedback.plugin)));
        all.filter(|(given, _)| is_file(given)).map(|(_, plugin)| plugin)
    }

    /// Writes the values of `set`.
    pub(crate) fn apply_values(&self, mut target: SetTarget<'_>) -> Result<(), OverrideError> {
        let before = target.models.clone();
        let mut touched = BTreeSet::new();
        for (key, value) in &self.set {
            let leaves = set::apply(key, value, &mut target)
                .map_err(|complaint| OverrideTarget::Set(key.clone()).fault(complaint))?;
            touched.extend(leaves);
        }
        // A run pins a model for each tier. A tier that used the default model follows a change of the default.
        let models = target.models;
        if models.default != before.default {
            for (tier, slot) in [("models.fast", &mut models.fast), ("models.deep", &mut models.deep)] {
                if *slot == before.default && !touched.contains(tier) {
                    slot.clone_from(&models.default);
                }
            }
        }
        Ok(())
    }
}

/// Loads a pipeline and makes its plugin paths absolute.
fn load_whole_pipeline(file: &Path, dir: &Path, config: &Config) -> Result<Pipeline, Error> {
    let loaded = config.load_pipeline(Some(&file.display().to_string()), None, dir, &BUNDLED)?;
    let mut pipeline = Arc::unwrap_or_clone(loaded.pipeline);
    for path in pipeline.plugins.values_mut().filter_map(|plugin| plugin.path.as_mut()) {
        *path = absolute(&loaded.dir.join(&*path)).display().to_string();
    }
    Ok(pipeline)
}

/// Replaces the agent of one phase. If other phases use the same plugin, the phase gets a new plugin with the same grants.
fn replace_agent(
    pipeline: &mut Pipeline,
    phase: &PhaseName,
    given: &str,
    dir: &Path,
) -> Result<(PluginName, ComponentSource), Complaint> {
    let Some(place) = pipeline.position(phase) else {
        let known: Vec<&str> = pipeline.phases.iter().map(|phase| phase.name.as_str()).collect();
        let message = format!("there is no phase `{phase}` in pipeline `{}`", pipeline.name);
        return Err((message, did_you_mean(phase.as_str(), &known)));
    };
    let origin = component_source(given, dir)?;
    let old = pipeline
        .phases
        .get(place)
        .map(|phase| phase.agent.clone())
        .ok_or_else(|| (format!("there is no phase `{phase}`"), "name one of the pipeline".to_owned()))?;
    let new = match &origin {
        ComponentSource::File(_) => free_name(pipeline, &old, &old),
        ComponentSource::Bundled(name) => free_name(pipeline, &name.parse().map_err(name_complaint)?, &old),
    };
    let mut plugin = pipeline.plugins.get(&new).or(pipeline.plugins.get(&old)).cloned().unwrap_or_default();
    plugin.path = origin.path();
    if plugin.limits.is_null() {
        plugin.limits = json!({});
    }
    pipeline.plugins.insert(new.clone(), plugin);
    if let Some(phase) = pipeline.phases.get_mut(place) {
        phase.agent = new.clone();
    }
    Ok((new, origin))
}

/// Returns `wanted` if no other phase uses it, or else `wanted` with a number. The phase stops using `old`.
fn free_name(pipeline: &Pipeline, wanted: &PluginName, old: &PluginName) -> PluginName {
    let users = |name: &PluginName| {
        let agents = pipeline.phases.iter().map(|phase| &phase.agent);
        agents.chain([&pipeline.feedback.plugin]).chain(pipeline.runners.values()).filter(|used| *used == name).count()
    };
    let free = |name: &PluginName| match users(name) {
        0 => true,
        1 => name == old,
        _ => false,
    };
    if free(wanted) {
        return wanted.clone();
    }
    let numbered = (2_u32..).filter_map(|number| format!("{wanted}-{number}").parse::<PluginName>().ok());
    numbered.into_iter().find(free).unwrap_or_else(|| wanted.clone())
}

fn replace_feedback(
    pipeline: &mut Pipeline,
    given: &str,
    dir: &Path,
) -> Result<(PluginName, ComponentSource), Complaint> {
    let known = given.strip_prefix("feedback-").filter(|name| BUNDLED.contains(name)).unwrap_or(given);
    let before = pipeline.feedback.clone();
    replace_strategy(pipeline, known, dir, &BUNDLED, json!({}))?;
    let plugin = pipeline.feedback.plugin.clone();
    if plugin == before.plugin {
        pipeline.feedback.settings = before.settings;
    }
    let origin = ComponentSource::from_pipeline(pipeline, &plugin, dir);
    Ok((plugin, origin))
}

fn is_file(given: &str) -> bool {
    given.ends_with(".wasm") || given.ends_with(".wasm.zst")
}

/// Returns the component that `given` names. Files are relative to `dir`.
fn component_source(given: &str, dir: &Path) -> Result<ComponentSource, Complaint> {
    if BUNDLED.contains(&given) {
        return Ok(ComponentSource::Bundled(given.to_owned()));
    }
    if !is_file(given) {
        let hint = format!("{}\nname your own component as a file that ends in .wasm", did_you_mean(given, &BUNDLED));
        return Err((format!("there is no bundled component `{given}`"), hint));
    }
    let file = absolute(dir).join(given);
    match phasegate_files::check_input(&file, given) {
        Ok(()) => Ok(ComponentSource::File(file)),
        Err(message) => Err((message, format!("the path is relative to {}", dir.display()))),
    }
}

/// Removes components that the pipeline does not use, and reads those that are new or replaced.
fn update_components(
    pipeline: &Pipeline,
    components: &mut BTreeMap<PluginName, Digest>,
    replaced: &BTreeMap<PluginName, ComponentSource>,
    dir: &Path,
) -> Result<Vec<Blob>, Error> {
    let used: BTreeSet<&PluginName> = pipeline.plugin_names().into_iter().collect();
    components.retain(|name, _| used.contains(name));
    let mut blobs = Vec::new();
    for name in used {
        let source = replaced.get(name);
        if source.is_none() && components.contains_key(name) {
            continue;
        }
        let usual = || ComponentSource::from_pipeline(pipeline, name, dir);
        let blob = source.cloned().unwrap_or_else(usual).read(name)?;
        components.insert(name.clone(), blob.digest.clone());
        blobs.push(blob);
    }
    Ok(blobs)
}

fn check_result(pipeline: &Pipeline, components: &BTreeMap<PluginName, Digest>) -> Result<(), OverrideError> {
    let source = Source { file: "", text: "" };
    let pinned: Vec<&str> = components.keys().map(PluginName::as_str).collect();
    let checked = check(source, pipeline, &pinned).and_then(|()| check_limits(source, pipeline));
    checked.map_err(|fault| OverrideTarget::All.fault((fault.message, fault.hint)))
}

fn plugin_path<'a>(pipeline: &'a Pipeline, plugin: &PluginName) -> Option<&'a String> {
    pipeline.plugins.get(plugin).and_then(|plugin| plugin.path.as_ref())
}

fn name_complaint(bad: phasegate_process::InvalidName) -> Complaint {
    (bad.to_string(), bad.hint().to_owned())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
