//! Loads the pipeline of a run, applies the configuration, and checks the result as a whole.
//!
//! A run never starts with a pipeline that cannot end, that names a missing file, or that gives a plugin settings it does not
//! accept. Fails with [`ConfigFault`]: file and line, or the flag of the command line.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_files::{MAX_TEXT_BYTES, TrustedFolders, read_text};
use phasegate_journal::Blob;
use phasegate_process::PluginName;
use phasegate_process::pipeline::{
    Pipeline, STANDARD, SettingLocations, SettingsOwner, check, parse_with_locations, standard,
};
use phasegate_process::source::{Source, did_you_mean};
use serde_json::json;

use crate::config::file::{Config, absolute};
use crate::config::overlay::{check_files, check_limits, replace_strategy};
use crate::config::plugin_settings::{add_kinds, check_settings, load_agent_manifests};
use crate::config::search::check_pipeline_file;
use crate::error::config::{ConfigFault, SAVE_AS_UTF8};
use crate::plugins::source::load_manifest;

/// Pipeline of a run if neither the command line nor the configuration names one.
const DEFAULT_PIPELINE: &str = "tsp";

/// A pipeline that was checked and is ready to run.
#[derive(Debug, Clone)]
pub struct LoadedPipeline {
    /// The pipeline after the configuration was applied.
    pub pipeline: Arc<Pipeline>,
    /// Base of relative plugin paths.
    pub dir: PathBuf,
    /// Name of the standard pipeline, or the file as it was given. Used in errors.
    pub file: String,
    /// The strategy, if the command line gave it as a file.
    pub feedback_from_flag: Option<PluginName>,
    /// Components that the caller supplies in place of bundled ones; empty for pipelines loaded from files.
    pub embedded: BTreeMap<PluginName, Blob>,
}

impl Config {
    /// Loads `chosen`, or else the configured pipeline, or else `tsp`. Applies `[plugins]`, `[feedback]` and `[hitl]`, then the
    /// strategy of the command line. `chosen` and `feedback` are relative to `cwd`; `bundled` are the plugins of the binary.
    pub fn load_pipeline(
        &self,
        chosen: Option<&str>,
        feedback: Option<&Path>,
        cwd: &Path,
        bundled: &[&str],
    ) -> Result<LoadedPipeline, ConfigFault> {
        let (found, mut pipeline, mut locations) = self.parse_pipeline(chosen, cwd, bundled)?;
        let source = Source { file: &found.file, text: &found.text };
        self.resolve_packages(&mut pipeline)?;
        let mut manifests = load_agent_manifests(&pipeline, &found.dir);
        add_kinds(source, &mut pipeline, &manifests)?;
        check(source, &pipeline, bundled)?;
        if let Some(given) = &self.feedback {
            self.apply_feedback(&mut pipeline, &mut locations, given, bundled)?;
        }
        if let Some(given) = feedback {
            locations.remove(&SettingsOwner::Strategy);
            replace_strategy(&mut pipeline, &given.display().to_string(), cwd, bundled, json!({}))
                .map_err(|(message, hint)| ConfigFault::Flag { flag: "--feedback", message, hint })?;
        }
        // The strategy may be another one now.
        self.resolve_packages(&mut pipeline)?;
        self.apply_phases(&mut pipeline, &mut locations)?;
        self.apply_hitl(&mut pipeline)?;
        check(source, &pipeline, bundled)?;
        self.check_attempts(source, &pipeline)?;
        check_files(source, &pipeline, &found.dir)?;
        let strategy = &pipeline.feedback.plugin;
        manifests.extend(load_manifest(&pipeline, strategy, &found.dir).map(|manifest| (strategy.clone(), manifest)));
        check_settings(source, &pipeline, &manifests, &locations)?;
        let file = feedback.filter(|given| given.extension().is_some_and(|extension| extension == "wasm"));
        let feedback_from_flag = file.map(|_| pipeline.feedback.plugin.clone());
        let embedded = BTreeMap::new();
        let pipeline = Arc::new(pipeline);
        Ok(LoadedPipeline { pipeline, dir: found.dir, file: found.file, feedback_from_flag, embedded })
    }

    /// Parses the pipeline and applies `[plugins]`. References to packages are not resolved.
    pub(super) fn parse_pipeline(
        &self,
        chosen: Option<&str>,
        cwd: &Path,
        bundled: &[&str],
    ) -> Result<(Found, Pipeline, SettingLocations), ConfigFault> {
        let found = self.find_pipeline(chosen, cwd)?;
        let source = Source { file: &found.file, text: &found.text };
        let (mut pipeline, locations) =
            parse_with_locations(source, &|path| read_beside(&found.dir, path, &self.trusted))?;
        check_limits(source, &pipeline)?;
        self.apply_plugins(&mut pipeline, bundled)?;
        Ok((found, pipeline, locations))
    }

    fn find_pipeline(&self, chosen: Option<&str>, cwd: &Path) -> Result<Found, ConfigFault> {
        let (name, base) = match (chosen, &self.pipeline) {
            (Some(chosen), _) => (chosen, absolute(cwd)),
            (None, Some(configured)) => (configured.as_str(), self.dir.clone()),
            (None, None) => (DEFAULT_PIPELINE, self.dir.clone()),
        };
        if let Some(text) = standard(name) {
            return Ok(Found { file: name.to_owned(), dir: self.dir.clone(), text: text.to_owned() });
        }
        let fault = |message: String, hint: String| match chosen {
            Some(_) => ConfigFault::Flag { flag: "--pipeline", message, hint },
            None => ConfigFault::Source(self.source().error(self.pipeline_span.clone(), message, hint)),
        };
        let path = base.join(name);
        let names_file = name.ends_with(".toml") || name.contains(['/', '\\']);
        if path.is_file() {
            check_pipeline_file(&path, &self.trusted)?;
        }
        let text = read_text(&path, MAX_TEXT_BYTES).map_err(|why| match why.kind() {
            ErrorKind::NotFound | ErrorKind::IsADirectory if !names_file => {
                let hint = did_you_mean(name, &STANDARD.map(|(name, _)| name));
                fault(format!("there is no standard pipeline `{name}`"), hint)
            }
            ErrorKind::NotFound => fault(format!("there is no file `{name}`"), self.relative_to(chosen)),
            ErrorKind::InvalidData => fault(format!("`{name}` cannot be read: {why}"), SAVE_AS_UTF8.to_owned()),
            _ => fault(format!("`{name}` cannot be read: {why}"), "make it a readable text file".to_owned()),
        })?;
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Found { file: name.to_owned(), dir, text })
    }
}

/// A pipeline that was found, as text.
pub(super) struct Found {
    file: String,
    dir: PathBuf,
    text: String,
}

fn read_beside(dir: &Path, path: &str, trusted: &TrustedFolders) -> Result<String, String> {
    let file = dir.join(path);
    if file.is_file() {
        check_pipeline_file(&file, trusted).map_err(|fault| {
            let hints = fault.hint().unwrap_or_default();
            format!("{fault}; {}", hints.lines().next().unwrap_or_default())
        })?;
    }
    read_text(&file, MAX_TEXT_BYTES).map_err(|why| match why.kind() {
        ErrorKind::NotFound => format!("there is no file `{path}`"),
        _ => format!("`{path}` cannot be read: {why}"),
    })
}
