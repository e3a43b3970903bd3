//! What a new run would be: pipeline, settings and components, with everything swapped that is to be swapped.
//!
//! Only files are read; no model is looked for and nothing is recorded. Two runs with equal definitions differ in their task
//! and in what their models answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use phasegate_journal::Blob;
use phasegate_process::artifact::Validator;
use phasegate_process::artifact::kinds;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::task::Task;
use phasegate_process::{Digest, PluginName};
use serde_json::{Value, json};

use crate::config::file::Config;
use crate::config::overrides::Overrides;
use crate::config::pipeline::LoadedPipeline;
use crate::config::run_settings::{ExperimentCell, RunSettings};
use crate::error::Error;
use crate::error::context_files::MAX_FILE_BYTES;
use crate::plugins::source::component_digests;
use crate::runs::context_files;
use crate::store::blobs::json_blob;

/// A task and the folder that its context files are beside.
#[derive(Debug, Clone)]
pub struct TaskSource {
    /// The task.
    pub task: Task,
    /// The folder.
    pub folder: PathBuf,
}

impl TaskSource {
    /// Whether its context files can be taken; nothing is kept.
    pub fn check(&self) -> Result<(), Error> {
        context_files::gather_context_files(&self.task.context_files, &self.folder)?;
        Ok(())
    }
}

/// All that a new run is made from.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// The task.
    pub task: &'a TaskSource,
    /// The pipeline.
    pub pipeline: &'a LoadedPipeline,
    /// The configuration.
    pub config: &'a Config,
    /// What is swapped, and the folder that its files are relative to.
    pub overrides: Option<(&'a Overrides, &'a Path)>,
    /// The cell of an experiment that it is for. Such a run hears nothing of what earlier runs teach, so that no cell
    /// depends on the order in which they ran.
    pub cell: Option<ExperimentCell>,
}

impl<'a> NewRun<'a> {
    /// A run as a person starts it.
    pub fn new(task: &'a TaskSource, pipeline: &'a LoadedPipeline, config: &'a Config) -> Self {
        Self { task, pipeline, config, overrides: None, cell: None }
    }
}

/// What a run is made from, before it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDefinition {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The settings; models that nobody named are not in them yet.
    pub settings: RunSettings,
    /// Every component that the pipeline needs.
    pub components: BTreeMap<PluginName, Digest>,
}

impl RunDefinition {
    /// All that makes an answer of a run another one, for telling whether a run is still what it was to be. Not in it is
    /// what only bounds or speeds up a run, such as its budget, and where its files lie.
    pub fn identity(&self) -> Value {
        let mut pipeline = self.pipeline.clone();
        pipeline.plugins.values_mut().for_each(|plugin| plugin.path = None);
        let RunSettings { models, providers, prices, base_dir, .. } = &self.settings;
        let tiers = [&models.fast, &models.default, &models.deep];
        // Of a script its own file; one that cannot be read is complained of where the models are made ready.
        let scripted = tiers.into_iter().flatten().filter(|model| model.is_scripted());
        let scripts: Vec<Digest> = scripted
            .filter_map(|model| std::fs::read(base_dir.join(model.model())).ok())
            .map(|bytes| Digest::from_content(&bytes))
            .collect();
        json!({
            "pipeline": pipeline,
            "components": self.components,
            "models": tiers,
            "scripts": scripts,
            "providers": providers,
            "prices": prices,
        })
    }
}

impl NewRun<'_> {
    /// What the run would be, and the components that were swapped in. Only files are read.
    pub fn resolve(&self) -> Result<(RunDefinition, Vec<Blob>), Error> {
        let config = self.config;
        let mut pipeline = self.pipeline.pipeline.clone();
        let mut settings = RunSettings {
            models: config.models.clone(),
            providers: config.providers.clone(),
            prices: config.prices.clone(),
            budget: config.budget,
            base_dir: std::path::absolute(&config.dir).unwrap_or_else(|_| config.dir.clone()),
            environments: BTreeMap::new(),
            seed: 0,
            cell: None,
        };
        let mut components = component_digests(&pipeline, &self.pipeline.dir, &self.pipeline.embedded)?;
        let blobs = match self.overrides {
            Some((overrides, dir)) => overrides.apply(&mut pipeline, &mut settings, &mut components, dir, config)?,
            None => Vec::new(),
        };
        settings.cell.clone_from(&self.cell);
        Ok((RunDefinition { pipeline, settings, components }, blobs))
    }
}

/// The task as the artifact `task_requirements` has it, in JSON; an error if it is too large or no valid artifact.
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
    add("language", json!(task.language));
    let bytes = json_blob(&value).bytes;
    let (size, most) = (bytes.len() as u64, MAX_FILE_BYTES);
    if size > most {
        let hint = "put what is long into context files";
        return Err(Error::NotNow(format!(
            "the task cannot be taken: it has {size} bytes, and at most {most} are taken\nhint: {hint}"
        )));
    }
    let validator = Validator { kinds: &pipeline.kinds, task_id: &task.id, plan: None };
    match validator.validate(&kinds::TASK_REQUIREMENTS.parse()?, &bytes) {
        Ok(_) => Ok(bytes),
        Err(faults) => {
            Err(Error::NotNow(format!("the task cannot be taken: {}\nhint: mend the task", faults.join("; "))))
        }
    }
}
