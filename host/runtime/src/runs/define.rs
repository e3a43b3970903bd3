//! What a new run would be: pipeline, settings and components, with everything swapped that is to be swapped.
//!
//! Only files are read; no model is looked for and nothing is recorded. Two runs with equal definitions differ in their task
//! and in what their models answer.

use std::collections::BTreeMap;

use phasegate_journal::Blob;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, PluginName};
use serde_json::{Value, json};

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::plugins::source::digests;
use crate::runs::create::NewRun;

/// What a run is made from, before it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The settings; models that nobody named are not in them yet.
    pub settings: RunSettings,
    /// Every component that the pipeline needs.
    pub components: BTreeMap<PluginName, Digest>,
}

impl Definition {
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
            .map(|bytes| Digest::of(&bytes))
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
    pub fn define(&self) -> Result<(Definition, Vec<Blob>), Error> {
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
        let mut components = digests(&pipeline, &self.pipeline.dir, &self.pipeline.embedded)?;
        let blobs = match self.swaps {
            Some((swaps, dir)) => swaps.apply(&mut pipeline, &mut settings, &mut components, dir, config)?,
            None => Vec::new(),
        };
        settings.cell.clone_from(&self.cell);
        Ok((Definition { pipeline, settings, components }, blobs))
    }
}
