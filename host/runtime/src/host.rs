//! The house: what all runs of a process share, and how one of them is carried to its end, or to the next point where it has
//! to wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use phasegate_broker::{Broker, BudgetConfig, Ledger, OnUnknown};
use phasegate_journal::Journal;
use phasegate_process::state::State;
use phasegate_process::{AttemptId, Digest, Event, PluginName, Recorded, RunId, RunStatus};
use phasegate_sandbox::{Engine, EngineSettings, Plugin};
use tokio::sync::{Semaphore, watch};

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::history::LookBack;
use crate::observer::Watcher;
use crate::plugins::load::set_limits;
use crate::run::context::{Driver, Models};
use crate::shared_budget::Purse;
use crate::store::fork_answers::Past;
use crate::store::load::load;
use crate::store::replay_check::Record;
use crate::store::writer::{Pen, Writer, json_blob, read_json};

/// Looks up an environment variable; keys come from nowhere else.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How the house is set up.
pub struct HouseSettings {
    /// Where runs are recorded.
    pub journal: Arc<dyn Journal>,
    /// The sandbox.
    pub engine: EngineSettings,
    /// Whether the model calls of one run overlap.
    pub overlap: bool,
    /// Where keys come from.
    pub env: Env,
    /// What takes the place of a run's own settings while this house carries it.
    pub raise: Raise,
    /// Whether no model is asked: only what is recorded is answered.
    pub offline: bool,
    /// A budget that all runs of this house share, beside the one of each.
    pub purse: Option<Purse>,
}

/// What a person allows a run that stopped beyond what it pinned.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raise {
    /// Model calls.
    pub calls: Option<u64>,
    /// Tokens read and written.
    pub tokens: Option<u64>,
    /// US dollars.
    pub usd: Option<f64>,
    /// Calls that may have been billed are asked again.
    pub ask_again: bool,
}

/// What all runs of a process share. Cheap to clone.
#[derive(Clone)]
pub struct House(Arc<Shared>);

struct Shared {
    journal: Arc<dyn Journal>,
    engine: Engine,
    overlap: bool,
    env: Env,
    raise: Raise,
    offline: bool,
    purse: Option<Purse>,
    /// One broker for all runs with the same models, so that they share its connections and limits.
    brokers: Mutex<HashMap<Digest, Broker>>,
    look_back: LookBack,
    /// Plugins that were loaded before: asking the engine again would take a trip to another thread.
    plugins: Mutex<HashMap<(PluginName, Digest), Plugin>>,
}

/// Tells a run to stop; clones tell the same run.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Option<String>>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Stop {
    /// Stop now; what was said so far is kept.
    pub fn stop(&self, why: impl Into<String>) {
        self.0.send_replace(Some(why.into()));
    }

    async fn stopped(&self) -> String {
        let mut news = self.0.subscribe();
        let why = news.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "stopped".to_owned())
    }
}

/// Where a run came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It is over.
    Finished(RunStatus, String),
    /// It needs a person.
    Waiting {
        /// The judgement it is about.
        at: AttemptId,
        /// What the person is asked.
        question: String,
    },
    /// It was told to stop and can be resumed.
    Stopped(String),
}

impl House {
    /// Starts the sandbox.
    pub fn open(settings: HouseSettings) -> Result<Self, Error> {
        let engine = Engine::new(settings.engine)?;
        let HouseSettings { journal, overlap, env, raise, offline, purse, .. } = settings;
        Ok(Self(Arc::new(Shared {
            journal,
            engine,
            overlap,
            env,
            raise,
            offline,
            purse,
            brokers: Mutex::default(),
            look_back: LookBack::default(),
            plugins: Mutex::default(),
        })))
    }

    /// Who runs this, as the environment says.
    pub(crate) fn person(&self) -> String {
        (self.0.env)("USER").or_else(|| (self.0.env)("LOGNAME")).unwrap_or_else(|| "somebody".to_owned())
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    /// Whether no model is asked.
    pub(crate) fn is_offline(&self) -> bool {
        self.0.offline
    }

    /// The sandbox.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// A plugin that was loaded before.
    pub(crate) fn loaded(&self, name: &PluginName, digest: &Digest) -> Option<Plugin> {
        let known = self.0.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(name.clone(), digest.clone())).cloned()
    }

    /// Keeps a plugin for the next who needs it.
    pub(crate) fn remember(&self, digest: &Digest, plugin: Plugin) -> Plugin {
        let key = (plugin.name().clone(), digest.clone());
        self.0.plugins.lock().unwrap_or_else(PoisonError::into_inner).insert(key, plugin.clone());
        plugin
    }

    /// The budget that all runs share, if there is one.
    pub fn purse(&self) -> Option<&Purse> {
        self.0.purse.as_ref()
    }

    /// What earlier runs teach.
    pub(crate) fn look_back(&self) -> &LookBack {
        &self.0.look_back
    }

    /// The models for these settings.
    pub async fn broker(&self, settings: &RunSettings) -> Result<Broker, Error> {
        let RunSettings { models, providers, prices, base_dir, .. } = settings;
        let digest = json_blob(&(models, providers, prices, base_dir)).digest;
        let known =
            |shared: &Shared| shared.brokers.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if let Some(broker) = known(&self.0) {
            return Ok(broker);
        }
        let env = Arc::clone(&self.0.env);
        let env: &(dyn Fn(&str) -> Option<String> + Sync) = &|name| env(name);
        let broker = Broker::new(models, providers, prices, base_dir, env).await?;
        self.0.brokers.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, broker.clone());
        Ok(broker)
    }

    /// Carries a run on from where its journal ends, until it is over, waits for a person, or is stopped.
    pub async fn run(&self, run: &RunId, watcher: Arc<dyn Watcher>, stop: &Stop) -> Result<Ended, Error> {
        let owned = self.0.journal.own(run).await?;
        let (state, events) = load(self.0.journal.as_ref(), run)?;
        if let Some((status, reason)) = state.ended() {
            return Ok(Ended::Finished(status, reason.to_owned()));
        }
        let mut settings: RunSettings = read_json(self.0.journal.as_ref(), &state.created.settings)?;
        if self.0.raise.ask_again {
            settings.models.on_unknown = OnUnknown::AskAgain;
        }
        let models = match self.0.offline {
            true => None,
            false => {
                Some(Models { broker: self.broker(&settings).await?, ledger: ledger(&settings, self.0.raise, &events) })
            }
        };
        let past = Past::of(self.0.journal.as_ref(), &state)?;
        let pen = Pen::Journal(owned.fence());
        let driver = self.driver(state, events, settings, models, past, pen, watcher)?;
        let ended = tokio::select! {
            biased;
            why = stop.stopped() => Err(why),
            why = driver.cancelled() => Err(why),
            ended = driver.drive() => Ok(ended),
        };
        match ended {
            Ok(Ok(ended)) => driver.writer.durable().await.map(|()| ended),
            Ok(Err(error)) => {
                // The run can be resumed; that it stopped and why is worth a line, if the journal still takes one.
                let reason = error.to_string();
                if driver.writer.append_one(Event::RunStopped { reason }).is_ok() {
                    let _ = driver.writer.durable().await;
                }
                Err(error)
            }
            Err(why) => {
                driver.writer.append_one(Event::RunStopped { reason: why.clone() })?;
                driver.writer.durable().await?;
                Ok(Ended::Stopped(why))
            }
        }
    }

    /// The same loop over a record: nobody is asked, nothing is written, and every difference is an error.
    pub(crate) async fn drive_again(
        &self,
        start: State,
        record: Arc<Record>,
        watcher: Arc<dyn Watcher>,
        stop: &Stop,
    ) -> Result<Ended, Error> {
        let settings: RunSettings = read_json(self.0.journal.as_ref(), &start.created.settings)?;
        let pen = Pen::Replay(record);
        let driver = self.driver(start, Vec::new(), settings, None, Past::default(), pen, watcher)?;
        tokio::select! {
            biased;
            why = stop.stopped() => Ok(Ended::Stopped(why)),
            ended = driver.drive() => ended,
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one run, put together in one place")]
    fn driver(
        &self,
        state: State,
        events: Vec<Recorded>,
        settings: RunSettings,
        models: Option<Models>,
        past: Past,
        pen: Pen,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Arc<Driver>, Error> {
        let pipeline = Arc::clone(&state.pipeline);
        let limits = set_limits(&pipeline)?;
        let writer = Arc::new(Writer::new(Arc::clone(&self.0.journal), pen, state, events, watcher));
        let overlap = Arc::new(Semaphore::new(if self.0.overlap { Semaphore::MAX_PERMITS } else { 1 }));
        let house = self.clone();
        let trial = Semaphore::new(1);
        let driver = Arc::new(Driver { house, writer, pipeline, settings, models, past, overlap, trial, limits });
        driver.warm_runners();
        Ok(driver)
    }
}

fn ledger(settings: &RunSettings, raise: Raise, events: &[Recorded]) -> Ledger {
    let pinned = settings.budget;
    let ledger = Ledger::new(&BudgetConfig {
        calls: raise.calls.or(pinned.calls),
        tokens: raise.tokens.or(pinned.tokens),
        usd: raise.usd.or(pinned.usd),
    });
    for recorded in events {
        if let Event::ModelAnswered { usage, .. } = &recorded.event {
            ledger.restore(*usage);
        }
    }
    ledger
}
