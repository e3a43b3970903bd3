//! The loop: ask the state for the next action, do it, append what happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use phasegate_broker::{Broker, Ledger};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::Action;
use phasegate_process::{AttemptId, Event, PluginName, RunStatus};
use phasegate_sandbox::{Call, LimitsPatch, Plugin};
use tokio::sync::Semaphore;

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::Ended;
use crate::host::House;
use crate::observer::Seen;
use crate::plugins::load::load_plugin;
use crate::run::agent;
use crate::run::gate;
use crate::run::test_run;
use crate::store::fork_answers::Past;
use crate::store::writer::Writer;

/// How often a run looks whether somebody asked it to stop.
const CANCEL_POLL: Duration = Duration::from_millis(500);

/// The models of the configuration, within the run's budget.
pub(crate) struct Models {
    /// Asks them.
    pub(crate) broker: Broker,
    /// Counts what they take.
    pub(crate) ledger: Ledger,
}

/// One run under way.
pub(crate) struct Driver {
    pub(crate) house: House,
    pub(crate) writer: Arc<Writer>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) settings: RunSettings,
    /// Who answers what no record answers; nobody, offline.
    pub(crate) models: Option<Models>,
    pub(crate) past: Past,
    pub(crate) overlap: Arc<Semaphore>,
    /// Who of its agents' trial runs of tests is under way; the others wait here and not in the engine's queue.
    pub(crate) trial: Semaphore,
    /// Bounds that the pipeline sets.
    pub(crate) limits: BTreeMap<PluginName, LimitsPatch>,
}

impl Driver {
    /// Carries the run until it is over or has to wait; in a replay, until the record ends.
    pub(crate) async fn drive(self: &Arc<Self>) -> Result<Ended, Error> {
        loop {
            if self.writer.record().is_some_and(|record| record.is_over()) {
                return Ok(Ended::Stopped("the record ends here".to_owned()));
            }
            let action = self.writer.state().next();
            match action {
                Action::RunAgent(work) => agent::run(self, *work).await?,
                Action::RunSuite(work) => test_run::run(self, *work).await?,
                Action::Judge(work) => gate::judge(self, *work)?,
                Action::AskStrategy(at, failure) => gate::ask_strategy(self, at, *failure).await?,
                Action::AskPerson(at, question, about) => {
                    self.writer.append_one(Event::ApprovalAsked { at, question, about })?;
                }
                Action::Wait(at) => {
                    if let Some(given) = self.writer.record().and_then(|record| record.approval()) {
                        self.writer.append_one(given)?;
                        continue;
                    }
                    let question = self.writer.state().waiting().map(|(_, _, question)| question.to_owned());
                    return Ok(Ended::Waiting { at, question: question.unwrap_or_default() });
                }
                Action::Finish(status, reason) => self.writer.append_one(Event::RunFinished { status, reason })?,
                Action::Over => {
                    let state = self.writer.state();
                    let (status, reason) = state.ended().unwrap_or((RunStatus::Failed, "the run has no end"));
                    return Ok(Ended::Finished(status, reason.to_owned()));
                }
            }
        }
    }

    /// Waits until somebody asks for the run to be stopped, and says who.
    pub(crate) async fn cancelled(&self) -> String {
        loop {
            tokio::time::sleep(CANCEL_POLL).await;
            if let Ok(Some(by)) = self.writer.journal().cancel_asked(self.writer.run()) {
                return format!("cancelled by {by}");
            }
        }
    }

    /// Compiles the runners beside the first phases, whose models take longer than that.
    pub(crate) fn warm_runners(self: &Arc<Self>) {
        for name in self.pipeline.runners.values() {
            let (driver, name) = (Arc::clone(self), name.clone());
            // What goes wrong here goes wrong again, and is told, where the runner is needed.
            tokio::spawn(async move { driver.plugin(&name).await.map(drop) });
        }
    }

    /// In a replay, appends what was recorded of this attempt if it is to be taken as given, and says whether it was.
    pub(crate) fn take_given(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Result<bool, Error> {
        let given = self.writer.record().map(|record| record.given_for(at, kind)).unwrap_or_default();
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
        let watcher = Arc::clone(self.writer.watcher());
        let run = self.writer.run().clone();
        let say = move |plugin: &PluginName, done| {
            watcher.seen(&run, None, Seen::Compiling { plugin: plugin.to_string(), done });
        };
        load_plugin(&self.house, name, digest, &self.pipeline.grants(name), say).await
    }

    /// What a call of this plugin runs under.
    pub(crate) fn call(&self, plugin: &Plugin, doing: String) -> Call {
        let patch = self.limits.get(plugin.name()).copied().unwrap_or_default();
        Call { doing, seed: self.settings.seed, limits: plugin.usual_limits().with(patch), log: None }
    }
}
