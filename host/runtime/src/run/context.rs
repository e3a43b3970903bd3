//! One run under way: what its agents, gates and test runs need of the host.

use std::collections::BTreeMap;
use std::sync::Arc;

use phasegate_broker::{Broker, Budget};
use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{AttemptId, Event, PluginName};
use phasegate_sandbox::{Call, Plugin};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::Host;
use crate::observer::Activity;
use crate::store::fork_answers::ForkAnswers;
use crate::store::writer::JournalWriter;

/// The models of the configuration, within the run's budget.
pub(crate) struct Models {
    /// Asks them.
    pub(crate) broker: Broker,
    /// Counts what they take.
    pub(crate) ledger: Budget,
}

/// One run under way.
pub(crate) struct RunContext {
    pub(crate) host: Host,
    pub(crate) writer: Arc<JournalWriter>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) settings: RunSettings,
    /// Who answers what no record answers; nobody, offline.
    pub(crate) models: Option<Models>,
    pub(crate) fork_answers: ForkAnswers,
    pub(crate) overlap: Arc<Semaphore>,
    /// Who of its agents' trial runs of tests is under way; the others wait here and not in the engine's queue.
    pub(crate) trial: Semaphore,
    /// Bounds that the pipeline sets.
    pub(crate) limits: BTreeMap<PluginName, LimitsPatch>,
}

impl RunContext {
    /// Compiles the runners beside the first phases, whose models take longer than that.
    pub(crate) fn preload_runners(self: &Arc<Self>) {
        for name in self.pipeline.runners.values() {
            let (context, name) = (Arc::clone(self), name.clone());
            // What goes wrong here goes wrong again, and is told, where the runner is needed.
            tokio::spawn(async move { context.plugin(&name).await.map(drop) });
        }
    }

    /// In a replay, appends what was recorded of this attempt if it is to be taken as given, and says whether it was.
    pub(crate) fn take_recorded(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Result<bool, Error> {
        let given = self.writer.replay_check().map(|check| check.taken_as_recorded(at, kind)).unwrap_or_default();
        let taken = !given.is_empty();
        if taken {
            self.writer.append(given, Vec::new())?;
        }
        Ok(taken)
    }

    /// A plugin of this run, ready to be called.
    pub(crate) async fn plugin(&self, name: &PluginName) -> Result<Plugin, Error> {
        let created = Arc::clone(&self.writer.state().created);
        let digest = created.components.get(name).ok_or_else(|| Error::PluginFile {
            plugin: name.clone(),
            path: "(not pinned)".to_owned(),
            why: "the run was created without it".to_owned(),
        })?;
        let observer = Arc::clone(self.writer.observer());
        let run = self.writer.run().clone();
        let on_compile = move |plugin: &PluginName, done| {
            observer.on_activity(&run, None, Activity::Compiling { plugin: plugin.to_string(), done });
        };
        self.host.plugins().load(name, digest, &self.pipeline.grants(name), on_compile).await
    }

    /// What a call of this plugin runs under.
    pub(crate) fn new_call(&self, plugin: &Plugin, doing: String) -> Call {
        let patch = self.limits.get(plugin.name()).copied().unwrap_or_default();
        Call { doing, seed: self.settings.seed, limits: plugin.usual_limits().with(patch), log: None }
    }
}

/// The current artifact of this name as JSON, where there is one.
pub(crate) fn current_artifact(context: &RunContext, name: &str) -> Result<Option<Value>, Error> {
    let digest = {
        let state = context.writer.state();
        state.artifacts.iter().find(|(known, _)| known.as_str() == name).map(|(_, artifact)| artifact.digest.clone())
    };
    digest.map(|digest| context.writer.json(&digest)).transpose()
}
