//! Creates runs.
//!
//! Guarantees: the event `run_created` pins everything that a run depends on; faults of configuration and plugins are found
//! before it is recorded; nothing of the run executes here. Components may stay in the journal after a failure;
//! `phasegate gc` removes them. What does not change between runs is computed once per process; files are looked at each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phasegate_journal::{Append, Blob};
use phasegate_process::acceptance::{AcceptanceFile, AcceptanceTests};
use phasegate_process::artifact::kinds;
use phasegate_process::repository::CommitStyle;
use phasegate_process::state::State;
use phasegate_process::testing::File;
use phasegate_process::{ArtifactRef, Digest, EVENT_FORMAT, Event, RunCreated, RunId, TaskId};
use serde_json::Value;

use crate::config::lock;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::history;
use crate::host::Host;
use crate::observer::Observer;
use crate::repository::{HeldOutTests, RepositorySource, blocking, branch_name};
use crate::run::owned::OwnedRun;
use crate::runs::define::{NewRun, build_requirements};
use crate::runs::prepare::PreparedRun;
use crate::runs::repository::{MapPurpose, PinnedRepository};
use crate::runs::run_id::task_prefix;
use crate::store::blobs::{artifact_of, json_blob, now_ms};

impl Host {
    /// Returns an id for a run of this task that no run in the journal has, and that is returned once in this process.
    pub fn new_run_id(&self, task: &TaskId) -> Result<RunId, Error> {
        let mut attempt = 0;
        loop {
            let run = generate_run_id(task, attempt)?;
            if self.reserve_id(&run) && self.journal().last_number(&run)?.is_none() {
                return Ok(run);
            }
            attempt += 1;
        }
    }

    /// Creates a run with a new id, without executing it. Fails if its configuration, plugins or context files have a fault.
    pub async fn create(&self, new: NewRun<'_>, observer: &Arc<dyn Observer>) -> Result<OwnedRun, Error> {
        self.create_as(self.new_run_id(&new.task.task.id)?, new, observer).await
    }

    /// Creates a run with this id, which no other run may have. This process owns it until the result is dropped.
    pub async fn create_as(
        &self,
        run_id: RunId,
        new: NewRun<'_>,
        observer: &Arc<dyn Observer>,
    ) -> Result<OwnedRun, Error> {
        let journal = Arc::clone(self.journal());
        let PreparedRun { pinned, mut settings, first_named } =
            self.prepare(&new, &self.report_compiling(observer, &run_id)).await?;
        let pipeline = &pinned.pipeline;
        let started_by = self.check_starter(pipeline)?;
        let seed = Digest::from_content(run_id.as_str().as_bytes());
        settings.seed = u64::from_str_radix(seed.short(), 16).unwrap_or(0);
        let broker = self.complete_models(pipeline, &mut settings).await?;
        let (history, notes) = match settings.cell {
            Some(_) => history::empty(),
            None => self.history().summarize(journal.as_ref(), self.pipelines())?,
        };
        let mut blobs = Vec::new();
        let mut inputs = Vec::new();
        let mut base = Vec::new();
        let mut put = |name: &str, kind: &str, blob: Blob| -> Result<ArtifactRef, Error> {
            let artifact = artifact_of(&blob, name.parse()?, kind.parse()?);
            blobs.push(blob);
            inputs.push(artifact.clone());
            Ok(artifact)
        };
        let requirements = build_requirements(&new.task.task, pipeline)?;
        put(kinds::TASK_REQUIREMENTS, kinds::TASK_REQUIREMENTS, Blob::new(requirements))?;
        let tests = HeldOutTests {
            patterns: new.task.task.acceptance.clone(),
            files: new.task.gather_acceptance_tests()?,
            folder: new.task.folder.clone(),
        };
        let files = tests.files.clone();
        let repository = self.pin_repository(&new, &settings, &run_id, tests).await?;
        if let Some(pinned) = &repository {
            put(kinds::REPOSITORY_MAP, kinds::REPOSITORY_MAP, Blob::new(pinned.map.clone()))?;
        }
        put(kinds::PROCESS_NOTES, kinds::PROCESS_NOTES, json_blob(&notes))?;
        for file in new.task.gather_context_files()?.files {
            let kind = if file.base { kinds::BASE_FILE } else { kinds::CONTEXT_FILE };
            let artifact = put(&format!("context/{}", file.path), kind, Blob::new(file.bytes))?;
            if file.base {
                base.push(artifact.name);
            }
        }
        let mut pin = |blob: Blob| {
            let digest = blob.digest.clone();
            blobs.push(blob);
            digest
        };
        let pin_test =
            |File { path, content }: File| AcceptanceFile { path, content: pin(Blob::new(content.into_bytes())) };
        let files: Vec<_> = files.into_iter().map(pin_test).collect();
        let acceptance = (!files.is_empty()).then(|| AcceptanceTests {
            files,
            hidden: repository.as_ref().map(|pinned| pinned.hidden.clone()).unwrap_or_default(),
        });
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: run_id.clone(),
            task_id: new.task.task.id.clone(),
            pipeline: pin(pinned.blob.clone()),
            inputs,
            base,
            components: pinned.components.clone(),
            settings: pin(json_blob(&settings)),
            history: pin(json_blob(&history)),
            scripted: broker.as_ref().is_some_and(|broker| broker.is_scripted()),
            started_by,
            repository: repository.map(|pinned| {
                blobs.extend(pinned.blobs);
                pinned.base
            }),
            acceptance,
        };
        lock::record_first_use(new.config, first_named, &self.person())?;
        let owned = journal.acquire(&run_id).await?;
        let events = journal
            .append(Append {
                run: run_id.clone(),
                fence: owned.fence(),
                next: 1,
                at_ms: now_ms(),
                events: vec![Event::RunCreated(Box::new(created.clone()))],
                blobs,
            })
            .await?;
        let state = State::new(created, Arc::clone(pipeline));
        for event in &events {
            observer.on_event(&run_id, event, &state);
        }
        self.release_id(&run_id);
        let under_way = self.history().begin(run_id);
        Ok(OwnedRun { owned, state, events, settings, broker, under_way })
    }

    /// Pins the repository that the task names, if it names one.
    async fn pin_repository(
        &self,
        new: &NewRun<'_>,
        settings: &RunSettings,
        run: &RunId,
        tests: HeldOutTests,
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
        blocking(move || PinnedRepository::pin(&source, &trusted, &branch, &purpose, &tests)).await.map(Some)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use phasegate_journal::MemoryJournal;
    use phasegate_sandbox::{Engine, EngineSettings};

    use super::*;
    use crate::host::HostConfig;

    /// Six digits are 16.8 million names: of 20,000 random ones, about twelve are the same as another.
    #[test]
    fn ids_of_new_runs_are_distinct() {
        let engine = Engine::new(EngineSettings::default()).unwrap();
        let host = Host::new(HostConfig::new(Arc::new(MemoryJournal::new()), engine));
        let task = "MANY".parse().unwrap();
        let ids: BTreeSet<RunId> = (0..20_000).map(|_| host.new_run_id(&task).unwrap()).collect();
        assert_eq!(ids.len(), 20_000);
    }
}
