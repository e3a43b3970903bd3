//! `phasegate.toml`: which models, at what price and budget, which pipeline, and whom to ask.
//!
//! The file is found upwards from the current folder. What it says about gates, plugins and the strategy is laid over the
//! pipeline, which is then checked as a whole, so that a run never starts with a pipeline that could not end. Paths in the
//! file are relative to it; paths on the command line to the current folder. Fails with [`ConfigFault`]: file, line, hint.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use phasegate_broker::{BudgetConfig, ConfigError, ModelsConfig, PriceTable, ProviderConfig};
use phasegate_journal::Blob;
use phasegate_process::PluginName;
use phasegate_process::lock::LOCK_FILE;
use phasegate_process::pipeline::{
    Ask, Grants, Pipeline, RawSettings, STANDARD, SettingsOf, check, parse_with_places, standard,
};
use phasegate_process::source::{self, Source, SourceError, did_you_mean};
use phasegate_sandbox::{EngineSettings, LimitsPatch};
use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

use crate::config::overlay::{check_files, check_limits, swap_strategy};
use crate::config::plugin_settings::{add_kinds, check_settings, of_agents};
use crate::plugins::source::manifest_of;

/// The name that is looked for.
pub const FILE_NAME: &str = "phasegate.toml";

/// The pipeline of a run that names none.
const USUAL_PIPELINE: &str = "tsp";

/// What the operator configured, or the defaults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file; `None` where there is none and the defaults hold.
    pub file: Option<PathBuf>,
    /// Its folder, or the current one. Paths in the file are relative to it.
    pub dir: PathBuf,
    /// Where it is written down what plugins were agreed to: `phasegate.lock` in that folder, unless somebody says otherwise.
    pub lock: PathBuf,
    /// `locked`: nothing from a file is taken that is not written down there.
    pub locked: bool,
    /// `[models]`.
    pub models: ModelsConfig,
    /// `[providers.NAME]`.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[prices."provider:model"]`.
    pub prices: PriceTable,
    /// `[budget]`.
    pub budget: BudgetConfig,
    /// `[sandbox]`: bounds of this host, not of a run.
    pub sandbox: EngineSettings,
    /// `pipeline`: a standard one, or a file.
    pub pipeline: Option<String>,
    pub(crate) hitl: BTreeMap<Spanned<String>, Ask>,
    pub(crate) feedback: Option<RawFeedback>,
    pub(crate) plugins: BTreeMap<Spanned<String>, RawPlugin>,
    pipeline_span: Range<usize>,
    name: String,
    text: String,
}

/// A pipeline, ready to run.
#[derive(Debug, Clone)]
pub struct LoadedPipeline {
    /// With the configuration laid over it, and checked.
    pub pipeline: Pipeline,
    /// Plugin paths that are relative are relative to this.
    pub dir: PathBuf,
    /// Its name, or its file as the person named it.
    pub file: String,
    /// The strategy, where the command line named its file.
    pub typed: Option<PluginName>,
    /// Components that come with the pipeline itself and take the place of bundled ones; most pipelines have none.
    pub embedded: BTreeMap<PluginName, Blob>,
}

/// What is wrong with the configuration or the pipeline.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// A place in a file.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file that cannot be read.
    #[error("{file} cannot be read: {reason}\nhint: {hint}")]
    Io {
        /// As the person named it.
        file: String,
        /// Why.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// Something on the command line.
    #[error("{flag}: {message}\nhint: {hint}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something about models that no file says.
    #[error(transparent)]
    Models(ConfigError),
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RawConfig {
    pipeline: Option<Spanned<String>>,
    locked: bool,
    models: ModelsConfig,
    providers: BTreeMap<String, ProviderConfig>,
    prices: PriceTable,
    budget: BudgetConfig,
    sandbox: EngineSettings,
    pub(crate) hitl: BTreeMap<Spanned<String>, Ask>,
    pub(crate) feedback: Option<RawFeedback>,
    pub(crate) plugins: BTreeMap<Spanned<String>, RawPlugin>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFeedback {
    pub(crate) strategy: Spanned<String>,
    pub(crate) settings: Option<RawSettings>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPlugin {
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) grants: Option<Grants>,
    pub(crate) limits: Option<LimitsPatch>,
}

impl Config {
    /// Reads the file that was named, or the nearest one upwards from a folder; without any, the defaults hold.
    pub fn find(explicit: Option<&Path>, start: &Path) -> Result<Self, ConfigFault> {
        let start = absolute(start);
        if let Some(named) = explicit {
            let hint = "name a file that exists, or leave --config out: phasegate.toml is looked for upwards";
            return Self::read(start.join(named), named.display().to_string(), hint);
        }
        let found = start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file());
        match found {
            Some(file) => {
                let name = file.strip_prefix(&start).unwrap_or(&file).display().to_string();
                Self::read(file, name, "make it readable, or name another one with --config")
            }
            None => Ok(Self::of(RawConfig::default(), None, start, String::new(), String::new())),
        }
    }

    fn read(file: PathBuf, name: String, hint: &'static str) -> Result<Self, ConfigFault> {
        let text = std::fs::read_to_string(&file).map_err(|why| unreadable(&name, &why, hint))?;
        let raw = source::parse(Source { file: &name, text: &text })?;
        let dir = file.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self::of(raw, Some(file), dir, name, text))
    }

    /// Reads a configuration that is not, or not yet, a file of `dir`.
    pub fn parse(name: &str, text: &str, dir: &Path) -> Result<Self, ConfigFault> {
        let raw = source::parse(Source { file: name, text })?;
        Ok(Self::of(raw, None, dir.to_owned(), name.to_owned(), text.to_owned()))
    }

    fn of(raw: RawConfig, file: Option<PathBuf>, dir: PathBuf, name: String, text: String) -> Self {
        let pipeline_span = raw.pipeline.as_ref().map(Spanned::span).unwrap_or_default();
        Self {
            file,
            lock: dir.join(LOCK_FILE),
            locked: raw.locked,
            dir,
            models: raw.models,
            providers: raw.providers,
            prices: raw.prices,
            budget: raw.budget,
            sandbox: raw.sandbox,
            pipeline: raw.pipeline.map(Spanned::into_inner),
            hitl: raw.hitl,
            feedback: raw.feedback,
            plugins: raw.plugins,
            pipeline_span,
            name,
            text,
        }
    }

    /// The same, locked if it is not yet and a person wants it to be.
    pub fn locked_if(self, wanted: bool) -> Self {
        Self { locked: self.locked || wanted, ..self }
    }

    /// Adds file and line to what the broker says of its tables, where the file has such a place.
    pub fn explain(&self, fault: ConfigError) -> ConfigFault {
        let place = match &fault {
            ConfigError::UnknownProvider { model, .. } => self.text.find(&format!("\"{model}\"")),
            ConfigError::Provider { name, key, .. } => {
                let table = self.text.find(&format!("[providers.{name}"));
                table.map(|table| table + self.text.get(table..).and_then(|rest| rest.find(key)).unwrap_or(0))
            }
            ConfigError::Script { tier, .. } => {
                let table = self.text.find("[models]");
                let line = format!("\n{}", tier.as_str());
                table.map(|table| {
                    let rest = self.text.get(table..).unwrap_or_default();
                    table + rest.find(&line).or_else(|| rest.find("\ndefault")).map_or(0, |at| at + 1)
                })
            }
            _ => None,
        };
        let Some(place) = place else { return ConfigFault::Models(fault) };
        let words = fault.to_string();
        let (message, hint) = words.split_once("\nhint: ").unwrap_or((&words, "see docs/configuration.md"));
        ConfigFault::Source(self.source().error(place..place, message, hint))
    }

    /// The pipeline of a run: the chosen one, else the configured one, else `tsp`; with `[plugins]`, `[feedback]` and
    /// `[hitl]` laid over it, and the strategy of the command line over those. `bundled` are the plugins of the binary.
    pub fn load_pipeline(
        &self,
        chosen: Option<&str>,
        feedback: Option<&Path>,
        cwd: &Path,
        bundled: &[&str],
    ) -> Result<LoadedPipeline, ConfigFault> {
        let found = self.find_pipeline(chosen, cwd)?;
        let source = Source { file: &found.file, text: &found.text };
        let (mut pipeline, mut places) = parse_with_places(source, &|path| read_beside(&found.dir, path))?;
        check_limits(source, &pipeline)?;
        self.lay_plugins(&mut pipeline, bundled)?;
        let mut manifests = of_agents(&pipeline, &found.dir);
        add_kinds(source, &mut pipeline, &manifests)?;
        check(source, &pipeline, bundled)?;
        if let Some(given) = &self.feedback {
            self.lay_feedback(&mut pipeline, &mut places, given, bundled)?;
        }
        if let Some(given) = feedback {
            places.forget(&SettingsOf::Strategy);
            swap_strategy(&mut pipeline, &given.display().to_string(), cwd, bundled, json!({}))
                .map_err(|(message, hint)| ConfigFault::Flag { flag: "--feedback", message, hint })?;
        }
        self.lay_hitl(&mut pipeline)?;
        check(source, &pipeline, bundled)?;
        check_files(source, &pipeline, &found.dir)?;
        let strategy = &pipeline.feedback.plugin;
        manifests.extend(manifest_of(&pipeline, strategy, &found.dir).map(|said| (strategy.clone(), said)));
        check_settings(source, &pipeline, &manifests, &places)?;
        let file = feedback.filter(|given| given.extension().is_some_and(|extension| extension == "wasm"));
        let typed = file.map(|_| pipeline.feedback.plugin.clone());
        let embedded = BTreeMap::new();
        Ok(LoadedPipeline { pipeline, dir: found.dir, file: found.file, typed, embedded })
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source { file: &self.name, text: &self.text }
    }

    fn find_pipeline(&self, chosen: Option<&str>, cwd: &Path) -> Result<Found, ConfigFault> {
        let (name, base) = match (chosen, &self.pipeline) {
            (Some(chosen), _) => (chosen, absolute(cwd)),
            (None, Some(configured)) => (configured.as_str(), self.dir.clone()),
            (None, None) => (USUAL_PIPELINE, self.dir.clone()),
        };
        if let Some(text) = standard(name) {
            return Ok(Found { file: name.to_owned(), dir: self.dir.clone(), text: text.to_owned() });
        }
        let complain = |message: String, hint: String| match chosen {
            Some(_) => ConfigFault::Flag { flag: "--pipeline", message, hint },
            None => ConfigFault::Source(self.source().error(self.pipeline_span.clone(), message, hint)),
        };
        let path = base.join(name);
        if !path.is_file() {
            let names_file = name.ends_with(".toml") || name.contains(['/', '\\']);
            return Err(match names_file {
                true => complain(format!("there is no file `{name}`"), self.relative_to(chosen)),
                false => {
                    let hint = did_you_mean(name, &STANDARD.map(|(name, _)| name));
                    complain(format!("there is no standard pipeline `{name}`"), hint)
                }
            });
        }
        let text = std::fs::read_to_string(&path).map_err(|why| {
            complain(format!("`{name}` cannot be read: {why}"), "it must be readable text".to_owned())
        })?;
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Found { file: name.to_owned(), dir, text })
    }

    pub(crate) fn relative_to(&self, chosen: Option<&str>) -> String {
        match chosen {
            Some(_) => "the path is relative to the current folder".to_owned(),
            None => format!("the path is relative to {}", self.name),
        }
    }
}

struct Found {
    file: String,
    dir: PathBuf,
    text: String,
}

fn read_beside(dir: &Path, path: &str) -> Result<String, String> {
    std::fs::read_to_string(dir.join(path)).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file `{path}`"),
        _ => format!("`{path}` cannot be read: {why}"),
    })
}

/// A file that could not be read, in words.
pub fn unreadable(name: &str, why: &std::io::Error, hint: &'static str) -> ConfigFault {
    let reason = match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        _ => why.to_string(),
    };
    ConfigFault::Io { file: name.to_owned(), reason, hint }
}

/// Without asking the disk; where the current folder is gone, the path stays as it is.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
