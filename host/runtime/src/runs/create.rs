//! Creates runs.
//!
//! Guarantees: the event `run_created` pins everything that a run depends on; faults of configuration and plugins are found
//! before it is recorded; nothing of the run executes here. Components may stay in the journal after a failure;
//! `phasegate gc` removes them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phasegate_journal::{Append, Blob};
use phasegate_process::artifact::kinds;
use phasegate_process::lock::Pin;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::repository::CommitStyle;
use phasegate_process::state::State;
use phasegate_process::{ArtifactRef, Digest, EVENT_FORMAT, Event, PluginName, RunCreated, RunId, TaskId};
use phasegate_sandbox::{Call, CpuMeter, TestProgress};
use serde_json::{Value, json};

use crate::config::lock;
use crate::config::plugin_settings::check_loaded_settings;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::history;
use crate::host::Host;
use crate::observer::Observer;
use crate::plugins::bundled::{bundled_digest, bundled_environment};
use crate::plugins::load::load_and_check_plugins;
use crate::plugins::parse_limits::plugin_limits;
use crate::plugins::source::load_missing;
use crate::repository::{RepositorySource, blocking, branch_name};
use crate::runs::define::{NewRun, RunDefinition, build_requirements};
use crate::runs::repository::{MapPurpose, PinnedRepository};
use crate::runs::run_id::task_prefix;
use crate::store::blobs::{artifact_of, json_blob, now_ms};

impl Host {
    /// Returns an id for a run of this task that no run in the journal has.
    pub fn new_run_id(&self, task: &TaskId) -> Result<RunId, Error> {
        let mut attempt = 0;
        loop {
            let run = generate_run_id(task, attempt)?;
            if self.journal().events(&run)?.is_empty() {
                return Ok(run);
            }
            attempt += 1;
        }
    }

    /// Creates a run with a new id, without executing it. Fails if its configuration, plugins or context files have a fault.
    pub async fn create(&self, new: NewRun<'_>, observer: &Arc<dyn Observer>) -> Result<RunId, Error> {
        let run_id = self.new_run_id(&new.task.task.id)?;
        self.create_as(run_id.clone(), new, observer).await?;
        Ok(run_id)
    }

    /// Creates a run with this id, which no other run may have.
    pub async fn create_as(&self, run_id: RunId, new: NewRun<'_>, observer: &Arc<dyn Observer>) -> Result<(), Error> {
        let journal = Arc::clone(self.journal());
        let (RunDefinition { pipeline, settings, components }, first_named) = self.prepare(&new).await?;
        let pipeline = &pipeline;
        let started_by = self.check_starter(pipeline)?;
        let settings = self.complete_settings(pipeline, settings, &run_id, &components).await?;
        let (history, notes) = match settings.cell {
            Some(_) => history::empty(journal.as_ref()),
            None => self.history().summarize(journal.as_ref())?,
        };
        let mut blobs = Vec::new();
        let mut inputs = Vec::new();
        let mut base = Vec::new();
        let mut put = |name: &str, kind: &str, bytes: Vec<u8>| -> Result<ArtifactRef, Error> {
            let blob = Blob::new(bytes);
            let artifact = artifact_of(&blob, name.parse()?, kind.parse()?);
            blobs.push(blob);
            inputs.push(artifact.clone());
            Ok(artifact)
        };
        put(kinds::TASK_REQUIREMENTS, kinds::TASK_REQUIREMENTS, build_requirements(&new.task.task, pipeline)?)?;
        let pinned = self.pin_repository(&new, &settings, &run_id).await?;
        if let Some(pinned) = &pinned {
            put(kinds::REPOSITORY_MAP, kinds::REPOSITORY_MAP, pinned.map.clone())?;
        }
        put(kinds::PROCESS_NOTES, kinds::PROCESS_NOTES, json_blob(&notes).bytes.into())?;
        for file in new.task.gather_context_files()?.files {
            let kind = if file.base { kinds::BASE_FILE } else { kinds::CONTEXT_FILE };
            let artifact = put(&format!("context/{}", file.path), kind, file.bytes)?;
            if file.base {
                base.push(artifact.name);
            }
        }
        let broker = self.broker_of(pipeline, &settings).await?;
        let mut pin = |blob: Blob| {
            let digest = blob.digest.clone();
            blobs.push(blob);
            digest
        };
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: run_id.clone(),
            task_id: new.task.task.id.clone(),
            pipeline: pin(json_blob(pipeline)),
            inputs,
            base,
            components,
            settings: pin(json_blob(&settings)),
            history: pin(json_blob(&history)),
            scripted: broker.is_some_and(|broker| broker.is_scripted()),
            started_by,
            repository: pinned.map(|pinned| {
                blobs.extend(pinned.blobs);
                pinned.base
            }),
        };
        lock::record_first_use(new.config, first_named, &self.person())?;
        let owned = journal.acquire(&run_id).await?;
        let event = Event::RunCreated(Box::new(created.clone()));
        let recorded = journal
            .append(Append {
                run: run_id.clone(),
                fence: owned.fence(),
                next: 1,
                at_ms: now_ms(),
                events: vec![event],
                blobs,
            })
            .await?;
        let state = State::new(created, pipeline.clone());
        for event in &recorded {
            observer.on_event(&run_id, event, &state);
        }
        Ok(())
    }

    /// Checks whether a run could be created. Records nothing, but stores components in the journal.
    pub async fn check(&self, new: &NewRun<'_>) -> Result<(), Error> {
        let (RunDefinition { pipeline, settings, .. }, _) = self.prepare(new).await?;
        self.broker_of(&pipeline, &settings).await.map(drop)
    }

    /// Resolves the definition of a run, checks its components against the lock file, stores them, and checks that they fit
    /// their phases. Returns the definition and the plugins that the lock file does not list yet.
    async fn prepare(&self, new: &NewRun<'_>) -> Result<(RunDefinition, Vec<(PluginName, Pin)>), Error> {
        let journal = self.journal();
        let (mut definition, mut blobs) = new.resolve()?;
        let RunDefinition { pipeline, components, .. } = &definition;
        blobs.extend(load_missing(
            pipeline,
            &new.pipeline.dir,
            &new.pipeline.embedded,
            components,
            &blobs,
            journal.as_ref(),
        )?);
        let typed = new
            .overrides
            .iter()
            .flat_map(|(overrides, _)| overrides.plugins_given_as_files(pipeline))
            .chain(&new.pipeline.feedback_from_flag);
        let first_named = lock::check_components(new.config, pipeline, components, typed, &blobs, journal.as_ref())?;
        // The sandbox loads components from the journal, here and on each resume.
        if !blobs.is_empty() {
            journal.put_blobs(blobs).await?;
        }
        let loaded = load_and_check_plugins(self.plugins(), &mut definition.pipeline, &definition.components).await?;
        if new.overrides.is_some() {
            check_loaded_settings(&definition.pipeline, &loaded)?;
        }
        Ok((definition, first_named))
    }

    /// Pins the repository that the task names, if it names one.
    async fn pin_repository(
        &self,
        new: &NewRun<'_>,
        settings: &RunSettings,
        run: &RunId,
    ) -> Result<Option<PinnedRepository>, Error> {
        let Some(source) = new.task.repository.clone() else { return Ok(None) };
        let source = match settings.cell {
            // An experiment compares runs; its results are no proposals for the repository.
            Some(_) => RepositorySource { commits: CommitStyle::None, ..source },
            None => source,
        };
        let task = &new.task.task;
        let python = settings.environments.get("python").and_then(|environment| environment.get("modules"));
        let modules = python
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        let purpose = MapPurpose {
            task: std::iter::once(&task.description)
                .chain(&task.requirements)
                .map(|text| format!("{text}\n"))
                .collect(),
            budget_tokens: new.config.repository.map_tokens,
            python_modules: modules,
            cache: self.maps(),
        };
        let branch = branch_name(run);
        let trusted = self.trust().folders();
        blocking(move || PinnedRepository::pin(&source, &trusted, &branch, &purpose)).await.map(Some)
    }

    /// Completes the settings of a run: seed, the model of each tier, and the environments of test runners.
    async fn complete_settings(
        &self,
        pipeline: &Pipeline,
        mut settings: RunSettings,
        run_id: &RunId,
        components: &BTreeMap<PluginName, Digest>,
    ) -> Result<RunSettings, Error> {
        let seed = Digest::from_content(run_id.as_str().as_bytes());
        settings.seed = u64::from_str_radix(seed.short(), 16).unwrap_or(0);
        if let Some(broker) = self.broker_of(pipeline, &settings).await? {
            settings.models.fast = Some(broker.model_for(Tier::Fast).clone());
            settings.models.default = Some(broker.model_for(Tier::Default).clone());
            settings.models.deep = Some(broker.model_for(Tier::Deep).clone());
        }
        for (language, runner) in &pipeline.runners {
            let environment = self.environment(runner, components.get(runner), pipeline).await?;
            settings.environments.insert(language.clone(), environment);
        }
        Ok(settings)
    }

    /// Returns the environment that a test runner describes. A runner that is not bundled is compiled and called for it.
    pub(crate) async fn environment(
        &self,
        name: &PluginName,
        component: Option<&Digest>,
        pipeline: &Pipeline,
    ) -> Result<Value, Error> {
        let Some(digest) = component else { return Ok(json!({})) };
        let bundled = bundled_environment(name.as_str());
        if let (Some(environment), true) = (bundled, bundled_digest(name.as_str()).as_ref() == Some(digest)) {
            return Ok(environment);
        }
        let plugin = self.plugins().load(name, digest, &Grants::default(), |_, _| {}).await?;
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

/// Generates a run id from the task's name and random digits; each further attempt adds a digit.
fn generate_run_id(task: &TaskId, attempt: usize) -> Result<RunId, Error> {
    static GENERATED: AtomicU64 = AtomicU64::new(0);
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let salt = format!("{task} {nanos} {} {}", std::process::id(), GENERATED.fetch_add(1, Ordering::Relaxed));
    let digest = Digest::from_content(salt.as_bytes());
    let digits = digest.short().get(..(6 + attempt).min(digest.short().len())).unwrap_or_default();
    Ok(format!("{}-{digits}", task_prefix(task)).parse()?)
}
