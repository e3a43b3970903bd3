//! Prepares runs: resolves what they depend on, checks it, and stores their components.

use std::collections::BTreeMap;
use std::sync::Arc;

use phasegate_process::lock::Pin;
use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::{Digest, PluginName, RunId};
use phasegate_sandbox::{Call, CpuMeter, TestProgress};
use serde_json::{Value, json};

use crate::config::lock;
use crate::config::pinned::PinnedPipeline;
use crate::config::plugin_settings::check_overridden_settings;
use crate::config::run_settings::{Environments, RunSettings};
use crate::error::Error;
use crate::host::Host;
use crate::observer::Observer;
use crate::plugins::bundled::{bundled_digest, bundled_environment};
use crate::plugins::load::{OnCompile, check_plugins};
use crate::plugins::parse_limits::plugin_limits;
use crate::plugins::source::load_missing;
use crate::runs::define::{NewRun, RunDefinition};
use crate::store::blobs::json_blob;

/// The parts of a new run that do not depend on its task, checked.
pub(crate) struct PreparedRun {
    pub(crate) pinned: Arc<PinnedPipeline>,
    /// The settings; seed and models are not complete.
    pub(crate) settings: RunSettings,
    /// The plugins that the lock file does not list yet.
    pub(crate) first_named: Vec<(PluginName, Pin)>,
}

impl Host {
    /// Checks whether a run could be created. Records nothing, but stores components in the journal.
    /// The observer receives the compilations of its components under the id `run`.
    pub async fn check(&self, new: &NewRun<'_>, run: &RunId, observer: &Arc<dyn Observer>) -> Result<(), Error> {
        let prepared = self.prepare(new, &self.report_compiling(observer, run)).await?;
        self.broker_of(&prepared.pinned.pipeline, &prepared.settings).await.map(drop)
    }

    /// Resolves the definition of a run, checks its components against the lock file, stores them, and checks that they fit
    /// their phases.
    pub(crate) async fn prepare(&self, new: &NewRun<'_>, on_compile: &OnCompile) -> Result<PreparedRun, Error> {
        let journal = self.journal();
        let (RunDefinition { pipeline, mut settings, components }, mut blobs) = new.resolve()?;
        let known = self.pinned().find(&pipeline, &components);
        if known.is_none() {
            let (dir, embedded) = (&new.pipeline.dir, &new.pipeline.embedded);
            blobs.extend(load_missing(&pipeline, dir, embedded, &components, &blobs, journal.as_ref())?);
        }
        let typed = new
            .overrides
            .iter()
            .flat_map(|(overrides, _)| overrides.plugins_given_as_files(&pipeline))
            .chain(&new.pipeline.feedback_from_flag);
        let lock::CheckedComponents { first_named, signers } = lock::check_components(
            new.config,
            &pipeline,
            &new.pipeline.dir,
            &components,
            typed,
            &blobs,
            journal.as_ref(),
        )?;
        // The sandbox loads components from the journal, here and on each resume.
        if !blobs.is_empty() {
            journal.put_blobs(blobs).await?;
        }
        let pinned = match known {
            Some(pinned) => pinned,
            None => self.pin_pipeline(pipeline, components, on_compile).await?,
        };
        settings.environments = Arc::clone(&pinned.environments);
        settings.signers = signers;
        Ok(PreparedRun { pinned, settings, first_named })
    }

    /// Checks that the components in the journal fit the pipeline, and remembers the result.
    async fn pin_pipeline(
        &self,
        given: Arc<Pipeline>,
        components: BTreeMap<PluginName, Digest>,
        on_compile: &OnCompile,
    ) -> Result<Arc<PinnedPipeline>, Error> {
        let mut pipeline = Pipeline::clone(&given);
        let plugins = check_plugins(self.plugins(), &mut pipeline, &components, on_compile).await?;
        check_overridden_settings(&pipeline, &plugins)?;
        let mut environments = Environments::new();
        for (language, runner) in &pipeline.runners {
            let environment = self.environment(runner, components.get(runner), &pipeline, on_compile).await?;
            environments.insert(language.clone(), environment);
        }
        let blob = json_blob(&pipeline);
        let pipeline = self.pipelines().share(&blob.digest, Arc::new(pipeline));
        let environments = Arc::new(environments);
        let pinned = Arc::new(PinnedPipeline { given, components, pipeline, blob, environments });
        self.pinned().insert(Arc::clone(&pinned));
        Ok(pinned)
    }

    /// Returns the environment that a test runner describes. A runner that is not bundled is compiled and called for it.
    pub(crate) async fn environment(
        &self,
        name: &PluginName,
        component: Option<&Digest>,
        pipeline: &Pipeline,
        on_compile: &OnCompile,
    ) -> Result<Value, Error> {
        let Some(digest) = component else { return Ok(json!({})) };
        let bundled = bundled_environment(name.as_str());
        if let (Some(environment), true) = (bundled, bundled_digest(name.as_str()).as_ref() == Some(digest)) {
            return Ok(environment);
        }
        let plugin = self.plugins().load(name, digest, &Grants::default(), on_compile).await?;
        let limits = plugin.usual_limits().with(plugin_limits(pipeline)?.get(name).copied().unwrap_or_default());
        let call = Call {
            doing: "describing its environment".to_owned(),
            seed: 0,
            limits,
            cpu: CpuMeter::default(),
            log: None,
            progress: TestProgress::default(),
        };
        Ok(plugin.environment(&call).await?)
    }
}
