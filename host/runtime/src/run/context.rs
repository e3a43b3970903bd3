//! What the agents, gates and test runs of one run share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, Once};

use phasegate_broker::Broker;
use phasegate_journal::Blob;
use phasegate_process::artifact::PathRules;
use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Digest, Event, PluginName, Recorded, RunId};
use phasegate_sandbox::{Call, CpuMeter, Plugin, TestProgress};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use tracing::Span;

use crate::budgets::RunBudgets;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::Host;
use crate::observer::Activity;
use crate::plugins::parse_limits::plugin_limits;
use crate::repository::{BaseTree, HeldOutPaths};
use crate::run::test_run::repository::TestBase;
use crate::store::fork_answers::ForkAnswers;
use crate::store::replay_check::ReplayCheck;
use crate::store::writer::JournalWriter;

/// A run that this process owns or replays.
pub(crate) struct RunContext {
    pub(crate) host: Host,
    writer: JournalWriter,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) settings: RunSettings,
    /// Sends requests without a recorded answer to providers; none if the host is offline and in a replay.
    pub(crate) broker: Option<Broker>,
    pub(crate) budgets: RunBudgets,
    pub(crate) fork_answers: ForkAnswers,
    /// The rules for paths of files that plugins write.
    pub(crate) paths: PathRules,
    /// One permit for each model call that may be under way at once.
    pub(crate) overlap: Arc<Semaphore>,
    /// One permit: trial runs of one run's agents wait here for each other, and not in the engine's queue.
    pub(crate) trial: Semaphore,
    /// The repository of the run, opened when a request has no recorded answer.
    base_tree: OnceCell<BaseTree>,
    /// The files of the repository as test runs see them, read when they need it first.
    pub(crate) test_base: OnceCell<Arc<TestBase>>,
    /// Limits that the pipeline sets.
    limits: BTreeMap<PluginName, LimitsPatch>,
    preloading: Once,
    /// Parent of the spans of attempts and test runs.
    pub(crate) span: Span,
}

impl RunContext {
    /// Creates the context of a run that is about to start or continue.
    pub(crate) fn new(
        host: Host,
        writer: JournalWriter,
        settings: RunSettings,
        broker: Option<Broker>,
        budgets: RunBudgets,
        fork_answers: ForkAnswers,
    ) -> Result<Arc<Self>, Error> {
        let pipeline = Arc::clone(&writer.state().pipeline);
        let limits = plugin_limits(&pipeline)?;
        let overlap = Arc::new(Semaphore::new(if host.overlap() { Semaphore::MAX_PERMITS } else { 1 }));
        let trial = Semaphore::new(1);
        let base = &writer.state().created.base;
        let base = base
            .iter()
            .map(|name| name.as_str().strip_prefix("context/").unwrap_or(name.as_str()).to_owned())
            .collect();
        let paths = PathRules { names: settings.names, base };
        let span = tracing::info_span!("run", run = %writer.run());
        Ok(Arc::new(Self {
            host,
            writer,
            pipeline,
            settings,
            broker,
            budgets,
            fork_answers,
            paths,
            overlap,
            trial,
            base_tree: OnceCell::new(),
            test_base: OnceCell::new(),
            limits,
            preloading: Once::new(),
            span,
        }))
    }

    pub(crate) fn run(&self) -> &RunId {
        self.writer.run()
    }

    /// Returns the state after the last event, durable or not.
    pub(crate) fn state(&self) -> Arc<State> {
        self.writer.state()
    }

    /// Locks and returns all events so far; not to be held across an await.
    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.writer.events()
    }

    /// Returns the record that a replay is compared with; none where this is no replay.
    pub(crate) fn replay_check(&self) -> Option<&Arc<ReplayCheck>> {
        self.writer.replay_check()
    }

    /// Appends one event that names no new blob.
    pub(crate) fn append(&self, event: Event) -> Result<(), Error> {
        self.writer.append(vec![event], Vec::new())
    }

    /// Appends events with the new blobs that they name, all or none. They become durable later: see
    /// [`RunContext::durable`].
    pub(crate) fn append_all(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        self.writer.append(events, blobs)
    }

    /// Like [`RunContext::append_all`], for the end of an action: the journal gets the events with those of the next action,
    /// or with [`RunContext::flush`].
    pub(crate) fn append_with_next(&self, events: Vec<Event>, blobs: Vec<Blob>) -> Result<(), Error> {
        self.writer.stage(events, blobs)
    }

    /// Hands all events to the journal. Required before an action waits for anything.
    pub(crate) fn flush(&self) {
        self.writer.flush();
    }

    /// Waits until everything that was appended is durable.
    pub(crate) async fn durable(&self) -> Result<(), Error> {
        self.writer.durable().await
    }

    /// Reads a blob that an event of this run names.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.writer.blob(digest)
    }

    /// Reads a JSON blob that an event of this run names.
    pub(crate) fn json<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T, Error> {
        self.writer.json(digest)
    }

    /// Returns the repository of this run. Fails if the run has none, and if it cannot be opened.
    pub(crate) async fn base_tree(&self) -> Result<BaseTree, Error> {
        let open = || async {
            let created = Arc::clone(&self.state().created);
            let base = created.repository.clone().ok_or_else(|| Error::host_failed("the run has no repository"))?;
            let held_out = HeldOutPaths::of_run(created.acceptance.as_ref())?;
            let path = self.host.repository().map_or_else(|| PathBuf::from(&base.path), Path::to_owned);
            BaseTree::open(base, held_out, &path, self.host.trust().folders(), Arc::clone(self.host.journal())).await
        };
        self.base_tree.get_or_try_init(open).await.cloned()
    }

    /// Shows something to the observer of this run.
    pub(crate) fn on_activity(&self, at: &AttemptId, activity: Activity) {
        self.writer.observer().on_activity(self.run(), Some(at), activity);
    }

    /// Starts to load the plugins that are not loaded yet, one after the other, in the order in which they are needed. To be
    /// called when the run is about to wait for a model.
    pub(crate) fn preload_plugins(self: &Arc<Self>) {
        self.preloading.call_once(|| {
            let agents = self.pipeline.phases.iter().map(|phase| &phase.agent);
            let names = agents.chain([&self.pipeline.feedback.plugin]).chain(self.pipeline.runners.values());
            let components = &self.state().created.components;
            let loader = self.host.plugins();
            let is_missing =
                |name: &&PluginName| components.get(*name).is_some_and(|known| !loader.is_loaded(name, known));
            let missing: Vec<PluginName> = names.filter(is_missing).cloned().collect();
            if missing.is_empty() {
                return;
            }
            let context = Arc::downgrade(self);
            tokio::spawn(async move {
                for name in missing {
                    let Some(context) = context.upgrade() else { return };
                    // An error occurs again where the plugin is used, and is reported there.
                    let _ = context.plugin(&name).await;
                }
            });
        });
    }

    /// In a replay, appends the recorded events of this attempt instead of running it, if it hit a limit that depends
    /// on the machine. Returns whether it did.
    pub(crate) fn take_recorded(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Result<bool, Error> {
        let given = self.replay_check().map(|check| check.taken_as_recorded(at, kind)).unwrap_or_default();
        let taken = !given.is_empty();
        if taken {
            self.append_all(given, Vec::new())?;
        }
        Ok(taken)
    }

    /// Returns the digest of a plugin of this run.
    pub(crate) fn component_of(&self, name: &PluginName) -> Result<Digest, Error> {
        let pinned = self.state().created.components.get(name).cloned();
        pinned.ok_or_else(|| Error::PluginFile {
            plugin: name.clone(),
            path: "(not pinned)".to_owned(),
            why: "the run was created without it".to_owned(),
        })
    }

    /// Returns a plugin of this run, compiled if necessary.
    pub(crate) async fn plugin(&self, name: &PluginName) -> Result<Plugin, Error> {
        let digest = self.component_of(name)?;
        let on_compile = self.host.report_compiling(self.writer.observer(), self.run());
        self.host.plugins().load(name, &digest, &self.pipeline.grants(name), &on_compile).await
    }

    /// Returns the seed and the limits of a call of this plugin. `doing` is shown in errors: `phase code, attempt 1`.
    pub(crate) fn new_call(&self, plugin: &Plugin, doing: String) -> Call {
        let patch = self.limits.get(plugin.name()).copied().unwrap_or_default();
        Call {
            doing,
            seed: self.settings.seed,
            limits: plugin.usual_limits().with(patch),
            cpu: CpuMeter::default(),
            log: None,
            progress: TestProgress::default(),
        }
    }

    /// Reads the current artifact of this name as JSON; none where no phase has made it.
    pub(crate) fn current_artifact(&self, name: &str) -> Result<Option<Value>, Error> {
        let state = self.state();
        let artifact = state.artifacts.iter().find(|(known, _)| known.as_str() == name);
        artifact.map(|(_, artifact)| self.json(&artifact.digest)).transpose()
    }
}
