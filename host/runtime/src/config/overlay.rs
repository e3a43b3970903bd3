//! Applies `[plugins]`, `[feedback]` and `[hitl]` to a pipeline.
//!
//! The values of the configuration win over those of the pipeline's file. Fails with the file and line of the value that does
//! not fit.

use std::path::Path;

use phasegate_files::check_input;
use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::{Pipeline, PluginUse, RawSettings, SettingLocations, SettingsOwner, Strategy};
use phasegate_process::registry_reference::{InvalidReference, RegistryReference};
use phasegate_process::source::{ShapeError, Source, SourceError, did_you_mean};
use phasegate_process::{InvalidName, PluginName};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

use crate::config::file::{Config, absolute};
use crate::config::hitl::HitlEntry;
use crate::config::raw::RawFeedback;
use crate::error::config::ConfigFault;
use crate::error::overrides::Complaint;

/// Names of the bundled feedback strategies.
const STRATEGIES: [&str; 2] = ["phase-aware", "nearest-phase"];

impl Config {
    /// Applies `[plugins]`: paths, grants and limits. `bundled` are the plugins of the binary.
    pub(crate) fn apply_plugins(&self, pipeline: &mut Pipeline, bundled: &[&str]) -> Result<(), ConfigFault> {
        let source = self.source();
        let used: Vec<String> = pipeline.plugin_names().iter().map(|name| name.to_string()).collect();
        for (key, raw) in &self.plugins {
            let name: PluginName = source.parse_name(key)?;
            if raw.path.is_none() && !used.contains(key.get_ref()) && !bundled.contains(&name.as_str()) {
                let known: Vec<&str> = used.iter().map(String::as_str).collect();
                let message = format!("no phase of pipeline `{}` uses the plugin `{name}`", pipeline.name);
                return Err(source.error(key.span(), message, did_you_mean(name.as_str(), &known)).into());
            }
            let path = raw.path.as_ref().map(|path| self.plugin_file(path)).transpose()?;
            let empty = || PluginUse { limits: json!({}), ..PluginUse::default() };
            let plugin = pipeline.plugins.entry(name).or_insert_with(empty);
            plugin.path = path.or(plugin.path.take());
            plugin.grants = raw.grants.clone().unwrap_or_else(|| plugin.grants.clone());
            if let Some(limits) = &raw.limits {
                // A limit that is dropped here would not be enforced.
                let patch = serde_json::to_value(limits)
                    .map_err(|why| source.error(key.span(), why.to_string(), "write each limit as a number"))?;
                merge_objects(&mut plugin.limits, patch);
            }
        }
        Ok(())
    }

    fn plugin_file(&self, path: &Spanned<String>) -> Result<String, ConfigFault> {
        if RegistryReference::is_meant(path.get_ref()) {
            let checked = path.get_ref().parse::<RegistryReference>();
            let fault = |error: InvalidReference| self.source().error(path.span(), error.to_string(), error.hint());
            return Ok(checked.map_err(fault)?.to_string());
        }
        let file = self.dir.join(path.get_ref());
        match check_input(&file, path.get_ref()) {
            Ok(()) => Ok(file.display().to_string()),
            Err(message) => Err(self.source().error(path.span(), message, self.relative_to(None)).into()),
        }
    }

    /// Applies `[feedback]`: strategy and settings.
    pub(crate) fn apply_feedback(
        &self,
        pipeline: &mut Pipeline,
        locations: &mut SettingLocations,
        given: &RawFeedback,
        bundled: &[&str],
    ) -> Result<(), ConfigFault> {
        let none = RawSettings::new();
        let settings =
            locations.insert(self.source(), SettingsOwner::Strategy, given.settings.as_ref().unwrap_or(&none));
        replace_strategy(pipeline, given.strategy.get_ref(), &self.dir, bundled, settings)
            .map_err(|(message, hint)| self.source().error(given.strategy.span(), message, hint).into())
    }

    /// Applies `[hitl]`: policy and rules about approvals of each gate. Keys of `default` apply to all gates whose entry does not
    /// have them.
    pub(crate) fn apply_hitl(&self, pipeline: &mut Pipeline) -> Result<(), ConfigFault> {
        for key in self.hitl.keys() {
            check_gate_name(key.get_ref(), pipeline)
                .map_err(|(message, hint)| self.source().error(key.span(), message, hint))?;
        }
        apply_hitl_entries(pipeline, self.hitl.iter().map(|(key, entry)| (key.get_ref().as_str(), entry)));
        Ok(())
    }
}

/// Checks that a key of `[hitl]` is `default` or the name of a gate.
pub(super) fn check_gate_name(name: &str, pipeline: &Pipeline) -> Result<(), Complaint> {
    let gates = pipeline.phases.iter().filter(|phase| phase.gate.is_some()).map(|phase| phase.name.as_str());
    let known: Vec<&str> = gates.collect();
    if name == "default" || known.contains(&name) {
        return Ok(());
    }
    let message = format!("there is no gate `{name}` in pipeline `{}`", pipeline.name);
    Err((message, did_you_mean(name, &known)))
}

/// Applies entries of `[hitl]`: `default` first, then that of each gate.
pub(super) fn apply_hitl_entries<'a>(
    pipeline: &mut Pipeline,
    entries: impl Iterator<Item = (&'a str, &'a HitlEntry)> + Clone,
) {
    for phase in &mut pipeline.phases {
        let name = phase.name.as_str();
        let entry = |wanted: &str| entries.clone().find(|(key, _)| *key == wanted).map(|(_, entry)| &entry.0);
        let both = [entry("default"), entry(name)];
        if let Some(gate) = &mut phase.gate {
            both.into_iter().flatten().for_each(|keys| keys.apply_to(&mut gate.ask, &mut gate.approval));
        }
    }
}

/// Replaces the strategy of a pipeline. `given` is a file that ends in `.wasm`, relative to `dir`, or the name of a bundled
/// plugin or of one in the pipeline. Returns message and hint on failure.
pub(crate) fn replace_strategy(
    pipeline: &mut Pipeline,
    given: &str,
    dir: &Path,
    bundled: &[&str],
    settings: Value,
) -> Result<(), Complaint> {
    let plugin = if given.ends_with(".wasm") {
        let file = absolute(dir).join(given);
        check_input(&file, given)
            .map_err(|message| (message, format!("bundled strategies are {}", STRATEGIES.join(", "))))?;
        let plugin = strategy_name(&file)?;
        let path = Some(file.display().to_string());
        pipeline.plugins.insert(plugin.clone(), PluginUse { path, limits: json!({}), ..PluginUse::default() });
        plugin
    } else {
        let has_path = |name: &PluginName| pipeline.plugins.get(name).is_some_and(|known| known.path.is_some());
        let known = given.parse().ok().filter(|name: &PluginName| bundled.contains(&name.as_str()) || has_path(name));
        known.ok_or_else(|| {
            let hint =
                format!("{}\nname your own strategy as a file that ends in .wasm", did_you_mean(given, &STRATEGIES));
            (format!("there is no strategy `{given}`"), hint)
        })?
    };
    pipeline.feedback = Strategy { plugin, settings };
    Ok(())
}

/// Returns `feedback-` and the name of the file. The prefix keeps it apart from the names of agents.
fn strategy_name(file: &Path) -> Result<PluginName, Complaint> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(48).collect();
    let plain = plain.strip_prefix("feedback-").unwrap_or(&plain);
    format!("feedback-{plain}").parse().map_err(|bad: InvalidName| (bad.to_string(), "rename the file".to_owned()))
}

/// Checks the limits that a pipeline sets for its plugins. A pipeline holds them as plain JSON.
pub(crate) fn check_limits(source: Source<'_>, pipeline: &Pipeline) -> Result<(), SourceError> {
    for (name, plugin) in pipeline.plugins.iter().filter(|(_, plugin)| !plugin.limits.is_null()) {
        if let Err(error) = LimitsPatch::deserialize(&plugin.limits) {
            let ShapeError { message, unknown, hint, .. } = ShapeError::from_message(&error.to_string());
            let hint = hint.unwrap_or_else(|| "a limit is a whole number, as in `cpu_ms = 30000`".to_owned());
            let table = source.find_word(&format!("plugins.{name}"));
            let rest = source.text.get(table.start..).unwrap_or_default();
            let wanted = unknown.as_deref().unwrap_or("limits");
            let start = rest.find(wanted).map_or(table.start, |at| table.start + at);
            return Err(source.error(start..start, format!("limits of plugin `{name}`: {message}"), hint));
        }
    }
    Ok(())
}

/// Checks that the component files of a pipeline exist.
pub(crate) fn check_files(source: Source<'_>, pipeline: &Pipeline, dir: &Path) -> Result<(), SourceError> {
    for name in pipeline.plugin_names() {
        let path = pipeline.plugins.get(name).and_then(|plugin| plugin.path.as_ref());
        if let Some((path, Err(why))) = path.map(|path| (path, check_input(&dir.join(path), path))) {
            let missing = if why.starts_with("there is no file") { " is missing" } else { "" };
            let message = format!("plugin `{name}`{missing}: {why}");
            return Err(source.error(source.find_word(path), message, "build it, or correct the path"));
        }
    }
    Ok(())
}

fn merge_objects(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => under.extend(over),
        (under, over) => *under = over,
    }
}
