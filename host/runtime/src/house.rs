//! The house: what all runs of a process share, and the loop that carries one run to its end, or to the next point where
//! it has to wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use phasegate_broker::{Broker, BudgetConfig, Ledger, OnUnknown};
use phasegate_journal::Journal;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::{Action, State};
use phasegate_process::{AttemptId, Digest, Event, PluginName, Recorded, RunId, RunStatus};
use phasegate_sandbox::{Call, Engine, EngineSettings, Limits, LimitsPatch, Plugin, Want, World};
use tokio::sync::{Semaphore, watch};

use crate::look_back::LookBack;
use crate::past::Past;
use crate::purse::Purse;
use crate::record::Record;
use crate::settings::RunSettings;
use crate::writer::{Pen, Writer, json_blob, read_json};
use crate::{Error, Seen, Watcher, agent, gates, suite};

/// How often a run looks whether somebody asked it to stop.
const CANCEL_POLL: Duration = Duration::from_millis(500);

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

    fn loaded(&self, name: &PluginName, digest: &Digest) -> Option<Plugin> {
        let known = self.0.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(name.clone(), digest.clone())).cloned()
    }

    fn remember(&self, digest: &Digest, plugin: Plugin) -> Plugin {
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
        let driver = self.driver(state, events, settings, models, past, pen, watcher);
        let ended = tokio::select! {
            biased;
            why = stop.stopped() => Err(why),
            why = driver.cancelled() => Err(why),
            ended = driver.drive() => Ok(ended),
        };
        match ended {
            Ok(Ok(ended)) => Ok(ended),
            Ok(Err(error)) => {
                // The run can be resumed; that it stopped and why is worth a line, if the journal still takes one.
                let reason = error.to_string();
                let _ = driver.writer.append_one(Event::RunStopped { reason }).await;
                Err(error)
            }
            Err(why) => {
                driver.writer.append_one(Event::RunStopped { reason: why.clone() }).await?;
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
        let driver = self.driver(start, Vec::new(), settings, None, Past::default(), pen, watcher);
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
    ) -> Arc<Driver> {
        let pipeline = Arc::clone(&state.pipeline);
        let components = state.created.components.clone().into_iter().collect();
        let writer = Arc::new(Writer::new(Arc::clone(&self.0.journal), pen, state, events, watcher));
        let overlap = Arc::new(Semaphore::new(if self.0.overlap { Semaphore::MAX_PERMITS } else { 1 }));
        let house = self.clone();
        let driver = Arc::new(Driver { house, writer, pipeline, settings, models, past, components, overlap });
        driver.warm_runners();
        driver
    }
}

/// A run's state and events, read from the journal.
pub fn load(journal: &dyn Journal, run: &RunId) -> Result<(State, Vec<Recorded>), Error> {
    let events = journal.events(run)?;
    Ok((fold(journal, run, &events)?, events))
}

/// The state that these events, the first of a run, come to.
pub(crate) fn fold(journal: &dyn Journal, run: &RunId, events: &[Recorded]) -> Result<State, Error> {
    let Some(Event::RunCreated(created)) = events.first().map(|first| &first.event) else {
        return Err(Error::NoRun(run.to_string()));
    };
    let pipeline: Pipeline = read_json(journal, &created.pipeline)?;
    let mut state = State::new((**created).clone(), pipeline);
    for event in events.iter().skip(1) {
        follow(journal, &mut state, event)?;
    }
    Ok(state)
}

/// Folds one event, with the pipeline that it names if it is a fork.
pub(crate) fn follow(journal: &dyn Journal, state: &mut State, event: &Recorded) -> Result<(), Error> {
    match &event.event {
        Event::RunForked(forked) => state.fork(event, read_json(journal, &forked.created.pipeline)?)?,
        _ => state.apply(event)?,
    }
    Ok(())
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
    pub(crate) components: HashMap<PluginName, Digest>,
    pub(crate) overlap: Arc<Semaphore>,
}

impl Driver {
    async fn drive(self: &Arc<Self>) -> Result<Ended, Error> {
        loop {
            if self.writer.record().is_some_and(|record| record.is_over()) {
                return Ok(Ended::Stopped("the record ends here".to_owned()));
            }
            let action = self.writer.state().next();
            match action {
                Action::RunAgent(work) => agent::run(self, *work).await?,
                Action::RunSuite(work) => suite::run(self, *work).await?,
                Action::Judge(work) => gates::judge(self, *work).await?,
                Action::AskStrategy(at, failure) => gates::ask_strategy(self, at, *failure).await?,
                Action::AskPerson(at, question, about) => {
                    self.writer.append_one(Event::ApprovalAsked { at, question, about }).await?;
                }
                Action::Wait(at) => {
                    if let Some(given) = self.writer.record().and_then(|record| record.approval()) {
                        self.writer.append_one(given).await?;
                        continue;
                    }
                    let question = self.writer.state().waiting().map(|(_, _, question)| question.to_owned());
                    return Ok(Ended::Waiting { at, question: question.unwrap_or_default() });
                }
                Action::Finish(status, reason) => self.writer.append_one(Event::RunFinished { status, reason }).await?,
                Action::Over => {
                    let state = self.writer.state();
                    let (status, reason) = state.ended().unwrap_or((RunStatus::Failed, "the run has no end"));
                    return Ok(Ended::Finished(status, reason.to_owned()));
                }
            }
        }
    }

    async fn cancelled(&self) -> String {
        loop {
            tokio::time::sleep(CANCEL_POLL).await;
            if let Ok(Some(by)) = self.writer.journal().cancel_asked(self.writer.run()) {
                return format!("cancelled by {by}");
            }
        }
    }

    /// Compiles the runners beside the first phases, whose models take longer than that.
    fn warm_runners(self: &Arc<Self>) {
        for name in self.pipeline.runners.values() {
            let (driver, name) = (Arc::clone(self), name.clone());
            // What goes wrong here goes wrong again, and is told, where the runner is needed.
            tokio::spawn(async move { driver.plugin(&name).await.map(drop) });
        }
    }

    /// In a replay, appends what was recorded of this attempt if it is to be taken as given, and says whether it was.
    pub(crate) async fn take_given(&self, at: &AttemptId, kind: fn(&Event) -> bool) -> Result<bool, Error> {
        let given = self.writer.record().map(|record| record.given_for(at, kind)).unwrap_or_default();
        let taken = !given.is_empty();
        if taken {
            self.writer.append(given, Vec::new()).await?;
        }
        Ok(taken)
    }

    /// A plugin of this run, ready to be called.
    pub(crate) async fn plugin(&self, name: &PluginName) -> Result<Plugin, Error> {
        let digest = self.components.get(name).ok_or_else(|| Error::PluginFile {
            plugin: name.clone(),
            path: "(not pinned)".to_owned(),
            why: "the run was created without it".to_owned(),
        })?;
        let granted = granted(&self.pipeline, name);
        let watcher = Arc::clone(self.writer.watcher());
        let run = self.writer.run().clone();
        let say = move |plugin: &PluginName, done| {
            watcher.seen(&run, None, Seen::Compiling { plugin: plugin.to_string(), done });
        };
        load_plugin(&self.house, name, digest, &granted, say).await
    }

    /// What a call of this plugin runs under.
    pub(crate) fn call(&self, plugin: &PluginName, world: World, doing: String) -> Call {
        let limits = match world {
            World::Agent | World::AgentBlocking => Limits::default(),
            World::Feedback => Limits::strategy(),
            World::Runner => Limits::runner(),
        };
        let patch = self.pipeline.plugins.get(plugin).map(|plugin| plugin.limits.clone());
        let patch: LimitsPatch = patch.and_then(|patch| serde_json::from_value(patch).ok()).unwrap_or_default();
        Call { doing, seed: self.settings.seed, limits: limits.with(patch), log: None }
    }
}

fn granted(pipeline: &Pipeline, name: &PluginName) -> Vec<Want> {
    let grants = pipeline.grants(name);
    let models = (!grants.models.is_empty()).then_some(Want::Models);
    let bench = (!grants.test_bench.is_empty()).then_some(Want::TestBench);
    models.into_iter().chain(bench).collect()
}

/// Loads a component whose bytes are in the journal, off the async threads; refuses what was not granted.
pub(crate) async fn load_plugin(
    house: &House,
    name: &PluginName,
    digest: &Digest,
    granted: &[Want],
    say: impl Fn(&PluginName, bool) + Send + 'static,
) -> Result<Plugin, Error> {
    let plugin = match house.loaded(name, digest) {
        Some(plugin) => plugin,
        None => house.remember(digest, compile(house, name, digest, say).await?),
    };
    plugin.inspection().check_grants(name, granted)?;
    Ok(plugin)
}

async fn compile(
    house: &House,
    name: &PluginName,
    digest: &Digest,
    say: impl Fn(&PluginName, bool) + Send + 'static,
) -> Result<Plugin, Error> {
    let (engine, journal) = (house.engine().clone(), Arc::clone(house.journal()));
    let (name_of, digest) = (name.clone(), digest.clone());
    let plugin = tokio::task::spawn_blocking(move || {
        let asked = Instant::now();
        let compiled = std::cell::Cell::new(false);
        let plugin = engine.load(&name_of, &digest, || {
            compiled.set(true);
            say(&name_of, false);
            let bytes = journal.blob(&digest).map_err(std::io::Error::other)?;
            bytes.ok_or_else(|| std::io::Error::other(format!("the journal has no blob {digest}")))
        });
        if compiled.get() {
            tracing::debug!(plugin = %name_of, ms = asked.elapsed().as_millis() as u64, "compiled");
            say(&name_of, true);
        }
        plugin
    });
    Ok(plugin.await.map_err(|error| Error::NotNow(format!("loading plugin {name} failed: {error}")))??)
}

/// Tells whether every plugin that a pipeline names fits its place and its grants, before anything starts.
pub(crate) async fn check_plugins(
    house: &House,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
) -> Result<(), Error> {
    let agents = pipeline.phases.iter().map(|phase| (&phase.agent, "an agent"));
    let used = agents.chain([(&pipeline.feedback.plugin, "a feedback strategy")]);
    let checks = used.map(|(name, wanted)| check_plugin(house, pipeline, components, name, wanted));
    futures::future::try_join_all(checks).await.map(drop)
}

async fn check_plugin(
    house: &House,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    name: &PluginName,
    wanted: &'static str,
) -> Result<(), Error> {
    let Some(digest) = components.get(name) else { return Ok(()) };
    let plugin = load_plugin(house, name, digest, &granted(pipeline, name), |_, _| {}).await?;
    let fits = match plugin.world() {
        World::Agent | World::AgentBlocking => wanted == "an agent",
        World::Feedback => wanted == "a feedback strategy",
        World::Runner => false,
    };
    if fits {
        return Ok(());
    }
    Err(Error::WrongWorld {
        plugin: name.clone(),
        world: plugin.world().as_str().to_owned(),
        wanted,
        hint: "`phasegate plugin inspect FILE` shows what a component is".to_owned(),
    })
}
