//! One thing swapped, all else as it was: what the variants of an experiment and a fork have in common.
//!
//! Overrides are laid over a resolved pipeline, the settings and the components of a run: over those of a new run before they
//! are pinned, over those that the origin pinned where a run is forked. Promises: what no swap names stays as it was, down
//! to the digest; what comes out was checked as a whole. Whether a component fits its place is for
//! [`crate::Host::create`] to ask, as for every run. Fails with [`OverrideError`], which says which swap is wrong and what to do.

mod set;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use phasegate_journal::Blob;
use phasegate_process::pipeline::{Pipeline, check};
use phasegate_process::source::{Source, did_you_mean};
use phasegate_process::{Digest, PhaseName, PluginName};
use serde_json::{Value, json};

use crate::config::file::Config;
use crate::config::overlay::{check_limits, replace_strategy};
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::error::overrides::{Complaint, OverrideError, OverrideTarget};
use crate::plugins::bundled::BUNDLED;
use crate::plugins::source::ComponentSource;

/// What is replaced. Components are given as the name of a bundled one or as a file that ends in `.wasm`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// The agent of a phase.
    pub agents: BTreeMap<PhaseName, String>,
    /// The feedback strategy.
    pub feedback: Option<String>,
    /// The whole pipeline: a standard one, or a file.
    pub pipeline: Option<PathBuf>,
    /// Single values by dotted key, as in `phases.code-review.max_retries`. Tables are laid over what is there.
    pub set: Vec<(String, Value)>,
}

impl Overrides {
    /// `KEY=VALUE` as a command line gives it; the value is TOML, or a plain text.
    pub fn parse_set(text: &str) -> Result<(String, Value), OverrideError> {
        let (key, value) =
            set::parse_assignment(text).map_err(|complaint| OverrideTarget::Set(text.to_owned()).fault(complaint))?;
        set::parse_key(&key).map_err(|complaint| OverrideTarget::Set(key.clone()).fault(complaint))?;
        Ok((key, value))
    }

    /// What is swapped, a piece each.
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

    /// Lays the swaps over a run's pipeline, settings and components, and gives the components that may be new to the
    /// journal. Files are relative to `dir`. A whole pipeline comes with what the configuration lays over it.
    ///
    /// A plugin keeps the component that `components` has for it unless it is swapped, or the new pipeline names another
    /// file for it; plugins that are no longer used are taken out. Environments of runners are not looked at. What was the
    /// cell of an experiment is none any more.
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
        self.apply_settings(pipeline, settings)?;
        let blobs = update_components(pipeline, components, &replaced, dir)?;
        check_result(pipeline, components)?;
        Ok(blobs)
    }

    /// Those plugins of the pipeline, once the swaps are laid over it, whose files the swaps themselves name.
    pub(crate) fn plugins_given_as_files<'a>(&'a self, pipeline: &'a Pipeline) -> impl Iterator<Item = &'a PluginName> {
        let agents = self.agents.iter().filter_map(|(phase, given)| Some((given, &pipeline.phase(phase)?.agent)));
        let all = agents.chain(self.feedback.iter().map(|given| (given, &pipeline.feedback.plugin)));
        all.filter(|(given, _)| is_file(given)).map(|(_, plugin)| plugin)
    }

    fn apply_settings(&self, pipeline: &mut Pipeline, settings: &mut RunSettings) -> Result<(), OverrideError> {
        let before = settings.models.clone();
        let mut touched = BTreeSet::new();
        for (key, value) in &self.set {
            let leaves = set::apply(key, value, pipeline, settings)
                .map_err(|complaint| OverrideTarget::Set(key.clone()).fault(complaint))?;
            touched.extend(leaves);
        }
        // A run pins all three tiers by name; those that the default served go on doing as it does.
        let models = &mut settings.models;
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

/// A pipeline in the place of the old one, its files named so that they can be found from anywhere.
fn load_whole_pipeline(file: &Path, dir: &Path, config: &Config) -> Result<Pipeline, Error> {
    let loaded = config.load_pipeline(Some(&file.display().to_string()), None, dir, &BUNDLED)?;
    let mut pipeline = loaded.pipeline;
    for path in pipeline.plugins.values_mut().filter_map(|plugin| plugin.path.as_mut()) {
        *path = absolute(&loaded.dir.join(&*path)).display().to_string();
    }
    Ok(pipeline)
}

/// Another agent for one phase. Where its plugin serves other phases too, the phase gets one of its own with equal grants.
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

/// The name itself where nobody but the phase that lets go of `old` uses it, else with a number.
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

/// The component that is meant.
fn component_source(given: &str, dir: &Path) -> Result<ComponentSource, Complaint> {
    if BUNDLED.contains(&given) {
        return Ok(ComponentSource::Bundled(given.to_owned()));
    }
    if !is_file(given) {
        let hint =
            format!("{}\na component of your own is given as a file that ends in .wasm", did_you_mean(given, &BUNDLED));
        return Err((format!("there is no bundled component `{given}`"), hint));
    }
    let file = absolute(dir).join(given);
    match file.is_file() {
        true => Ok(ComponentSource::File(file)),
        false => Err((format!("there is no file `{given}`"), format!("it is looked for in {}", dir.display()))),
    }
}

/// Brings the components into line with the pipeline.
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
    (bad.message(), bad.hint().to_owned())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
