//! Definition of a new run: pipeline, settings and components, after overrides.
//!
//! Only files are read: no provider is contacted and nothing is recorded. Runs with equal definitions differ only in their
//! tasks and in the answers of their models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_broker::{MAX_SCRIPT_BYTES, ModelId, Sampling};
use phasegate_journal::Blob;
use phasegate_process::artifact::kinds;
use phasegate_process::artifact::{PathRules, Validator};
use phasegate_process::model::Tier;
use phasegate_process::pipeline::{ApprovalPolicy, ApprovalRules, Pipeline};
use phasegate_process::source::{Source, SourceError, nearest};
use phasegate_process::task::Task;
use phasegate_process::testing::File;
use phasegate_process::{Digest, PluginName};
use serde_json::{Value, json};

use crate::config::file::Config;
use crate::config::overrides::Overrides;
use crate::config::pipeline::LoadedPipeline;
use crate::config::raw::FromUser;
use crate::config::run_settings::{ExperimentCell, RunSettings};
use crate::error::acceptance::AcceptanceError;
use crate::error::context_files::{ContextError, MAX_FILE_BYTES};
use crate::error::{Error, ErrorCode};
use crate::plugins::source::component_digests;
use crate::repository::RepositorySource;
use crate::run::test_run::runner_of;
use crate::runs::acceptance_tests;
use crate::runs::context_files::{self, ContextFiles, ReservedPaths};
use crate::store::blobs::json_blob;

/// A task and its folder.
#[derive(Debug, Clone)]
pub struct TaskSource {
    /// The task, parsed and checked.
    pub task: Task,
    /// Base of the paths and globs of its context files.
    pub folder: PathBuf,
    /// Paths that are never context files.
    pub reserved: ReservedPaths,
    /// The git repository that the run starts from, if any.
    pub repository: Option<RepositorySource>,
    /// The file of the task, for errors; `None` for a task of flags.
    pub file: Option<TaskFile>,
}

/// Name and text of a task file.
#[derive(Debug, Clone)]
pub struct TaskFile {
    /// As the person named it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl TaskSource {
    /// Returns the place in the task file that names a context file with a fault.
    pub fn place_of(&self, error: &ContextError) -> Option<SourceError> {
        self.place(error.subject(), "context_files", error.to_string(), error.hint())
    }

    /// Reads the context files of the task. Its acceptance tests are none, whichever pattern matches them.
    pub fn gather_context_files(&self) -> Result<ContextFiles, ContextError> {
        let files = context_files::gather_context_files(&self.task.context_files, &self.folder, &self.reserved)?;
        acceptance_tests::without_acceptance_tests(files, &self.task, &self.folder, &self.reserved)
    }

    /// Reads the acceptance tests of the task: paths relative to its folder, and texts.
    pub fn gather_acceptance_tests(&self) -> Result<Vec<File>, AcceptanceError> {
        acceptance_tests::gather_acceptance_tests(&self.task, &self.folder, &self.reserved)
    }

    /// Returns the place in the task file that names an acceptance test with a fault.
    pub fn place_of_acceptance(&self, error: &AcceptanceError) -> Option<SourceError> {
        self.place(error.subject(), "acceptance", error.to_string(), error.hint())
    }

    fn place(&self, subject: Option<&str>, key: &str, message: String, hint: String) -> Option<SourceError> {
        let TaskFile { name, text } = self.file.as_ref()?;
        let source = Source { file: name, text };
        let span = source.find_word(subject?);
        let span = if span.is_empty() { source.find_word(key) } else { span };
        Some(source.error(span, message, hint))
    }
}

/// Input of [`crate::Host::create`].
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// The task with its folder.
    pub task: &'a TaskSource,
    /// The pipeline before overrides.
    pub pipeline: &'a LoadedPipeline,
    /// The configuration; the run pins a part of it.
    pub config: &'a Config,
    /// Overrides, and the folder that their files are relative to.
    pub overrides: Option<(&'a Overrides, &'a Path)>,
    /// Temperature and seed in place of those of the configuration. Overrides take precedence.
    pub sampling: Sampling,
    /// The cell, if the run belongs to an experiment. Such a run gets an empty history, so that cells do not depend on the
    /// order in which they run.
    pub cell: Option<ExperimentCell>,
    /// Whether gates may ask a person, as the pipeline says. Else a gate without attempts left has failed.
    pub ask: bool,
}

impl<'a> NewRun<'a> {
    /// A run without overrides that belongs to no experiment and may ask people.
    pub fn new(task: &'a TaskSource, pipeline: &'a LoadedPipeline, config: &'a Config) -> Self {
        Self { task, pipeline, config, overrides: None, sampling: Sampling::default(), cell: None, ask: true }
    }
}

/// The parts that a run pins, before it is created.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDefinition {
    /// The pipeline after overrides.
    pub pipeline: Arc<Pipeline>,
    /// The settings; tiers without a configured model are still empty.
    pub settings: RunSettings,
    /// Digest of every component that the pipeline needs.
    pub components: BTreeMap<PluginName, Digest>,
}

impl RunDefinition {
    /// Lets no gate ask a person.
    pub fn ask_nobody(&mut self) {
        let gates = Arc::make_mut(&mut self.pipeline).phases.iter_mut().filter_map(|phase| phase.gate.as_mut());
        gates.for_each(|gate| (gate.ask, gate.approval) = (ApprovalPolicy::Never, ApprovalRules::default()));
    }

    /// Returns all parts that can change an answer in the run, to compare definitions. Limits, budgets, prices, the places of
    /// files and providers that no model needs are left out. Run ids of experiments contain a digest of this value.
    pub fn identity(&self) -> Value {
        let models = models_of(&self.settings);
        let is_used = |name: &str| models.is_empty() || models.iter().any(|model| model.provider() == name);
        let providers: BTreeMap<_, _> = self.settings.providers.iter().filter(|(name, _)| is_used(name)).collect();
        self.identity_with(json!({ "providers": providers }))
    }

    /// Returns what earlier builds returned as [`Self::identity`]: with all providers and prices.
    pub fn former_identity(&self) -> Value {
        let RunSettings { providers, prices, .. } = &self.settings;
        self.identity_with(json!({ "providers": providers, "prices": prices }))
    }

    fn identity_with(&self, settings: Value) -> Value {
        let mut pipeline = Pipeline::clone(&self.pipeline);
        pipeline.plugins.values_mut().for_each(|plugin| plugin.path = None);
        let RunSettings { models, base_dir, .. } = &self.settings;
        let tiers = [&models.fast, &models.default, &models.deep];
        // The content of scripts counts. An unreadable script is skipped here and fails when the broker is created.
        let scripted = tiers.into_iter().flatten().filter(|model| model.is_scripted());
        let scripts: Vec<Digest> = scripted
            .filter_map(|model| phasegate_files::read(&base_dir.join(model.model()), MAX_SCRIPT_BYTES).ok())
            .map(|bytes| Digest::from_content(&bytes))
            .collect();
        let mut identity = json!({
            "pipeline": pipeline,
            "components": self.components,
            "models": tiers,
            "scripts": scripts,
        });
        if let (Some(identity), Value::Object(settings)) = (identity.as_object_mut(), settings) {
            identity.extend(settings);
            if !models.sampling().is_default() {
                identity.insert("sampling".to_owned(), json!(models.sampling()));
            }
        }
        identity
    }
}

impl NewRun<'_> {
    /// Resolves the definition of the run. Returns it with the components that overrides brought in. Reads files only.
    pub fn resolve(&self) -> Result<(RunDefinition, Vec<Blob>), Error> {
        let config = self.config;
        let mut pipeline = Arc::clone(&self.pipeline.pipeline);
        let mut settings = RunSettings {
            models: config.models.clone(),
            providers: config.providers.clone(),
            prices: config.prices.clone(),
            budget: config.budget,
            base_dir: std::path::absolute(&config.dir).unwrap_or_else(|_| config.dir.clone()),
            environments: Arc::default(),
            seed: 0,
            names: Some(config.output.names),
            reuse_answers_of_other_models: false,
            cell: None,
            signers: BTreeMap::new(),
        };
        settings.models.set_sampling(self.sampling);
        let mut components = component_digests(&pipeline, &self.pipeline.dir, &self.pipeline.embedded)?;
        let blobs = match self.overrides {
            Some((overrides, dir)) => {
                let pipeline = Arc::make_mut(&mut pipeline);
                overrides.apply(pipeline, &mut settings, &mut components, dir, config)?
            }
            None => Vec::new(),
        };
        settings.cell.clone_from(&self.cell);
        drop_unused_user_settings(&mut settings, &config.from_user);
        let mut definition = RunDefinition { pipeline, settings, components };
        if !self.ask {
            definition.ask_nobody();
        }
        Ok((definition, blobs))
    }
}

/// Drops providers and prices of the user's configuration that no model of the run needs, so that a change of the user's
/// configuration elsewhere does not change the definition of the run. A cell of an experiment pins those that it uses, wherever
/// they come from.
fn drop_unused_user_settings(settings: &mut RunSettings, from_user: &FromUser) {
    let models: Vec<ModelId> = models_of(settings).into_iter().cloned().collect();
    // Without a configured model, the models are detected among all providers.
    if models.is_empty() {
        return;
    }
    let is_used = |name: &str| models.iter().any(|model| model.provider() == name);
    let in_cell = settings.cell.is_some();
    let keeps_all = |is_from_user: bool| !is_from_user && !in_cell;
    settings.providers.retain(|name, _| is_used(name) || keeps_all(from_user.providers.contains(name)));
    settings.prices.0.retain(|model, _| models.contains(model) || keeps_all(from_user.prices.contains(model)));
}

/// Returns the configured models.
fn models_of(settings: &RunSettings) -> Vec<&ModelId> {
    Tier::ALL.iter().filter_map(|tier| Some(settings.models.configured(*tier)?.1)).collect()
}

/// Builds the artifact `task_requirements` from a task, in JSON. Its language is named as `[runners]` of the pipeline names
/// it. Fails if it is too large or not valid, and if the pipeline tests code and has no runner for the language.
pub fn build_requirements(task: &Task, pipeline: &Pipeline) -> Result<Vec<u8>, Error> {
    let mut value = json!({
        "task_id": task.id,
        "description": task.description,
        "requirements": task.requirements,
    });
    let mut add = |field: &str, more: Value| {
        if let Some(object) = value.as_object_mut().filter(|_| !more.is_null() && more != json!([])) {
            object.insert(field.to_owned(), more);
        }
    };
    add("project_id", json!(task.project_id));
    add("context_files", json!(task.context_files.iter().map(|pattern| &pattern.path).collect::<Vec<_>>()));
    add("constraints", json!(task.constraints));
    add("language", json!(task_language(task, pipeline)?));
    let bytes = json_blob(&value).bytes;
    let (size, most) = (bytes.len() as u64, MAX_FILE_BYTES);
    if size > most {
        let hint = "move long texts to context files";
        let message = format!("the task has {size} bytes, the limit is {most}");
        return Err(Error::rejected(ErrorCode::InvalidTask, message, hint));
    }
    let paths = PathRules::default();
    let validator = Validator { kinds: &pipeline.kinds, task_id: &task.id, plan: None, paths: &paths };
    match validator.validate(&kinds::TASK_REQUIREMENTS.parse()?, &bytes) {
        Ok(_) => Ok(bytes.into()),
        Err(faults) => {
            let message = format!("the task is not valid: {}", faults.join("; "));
            Err(Error::rejected(ErrorCode::InvalidTask, message, "correct the task"))
        }
    }
}

fn task_language<'a>(task: &'a Task, pipeline: &'a Pipeline) -> Result<Option<&'a str>, Error> {
    let has_acceptance = !task.acceptance.is_empty() && pipeline.makes_code();
    let Some(language) = task.language.as_deref() else {
        return match has_acceptance && pipeline.runners.is_empty() {
            false => Ok(None),
            true => {
                let message =
                    format!("task {}: pipeline {} has no test runner for its acceptance tests", task.id, pipeline.name);
                Err(Error::rejected(ErrorCode::InvalidTask, message, "add one to `[runners]` of the pipeline"))
            }
        };
    };
    match pipeline.runner_for(language) {
        Some((language, _)) => Ok(Some(language)),
        None if !pipeline.has_test_gate() && !has_acceptance => Ok(Some(language)),
        None => {
            let why = runner_of(pipeline, language).err().unwrap_or_default();
            let message = format!("task {}, pipeline {}: {why}", task.id, pipeline.name);
            let hint = match nearest(language, pipeline.runners.keys().map(String::as_str)) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "set `language` of the task to one that has a runner, or add a runner for it to `[runners]` of the pipeline"
                    .to_owned(),
            };
            Err(Error::rejected(ErrorCode::InvalidTask, message, hint))
        }
    }
}
