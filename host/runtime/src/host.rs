//! The house: what all runs of a process share, and how one of them is carried to its end, or to the next point where it has
//! to wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use phasegate_broker::Broker;
use phasegate_journal::Journal;
use phasegate_process::Digest;
use phasegate_process::sync::lock;
use phasegate_sandbox::{Engine, EngineSettings};

use crate::budgets::SharedBudget;
use crate::cancel::CancelWatcher;
use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::history::History;
use crate::plugins::load::PluginLoader;
use crate::store::blobs::json_blob;

/// Looks up an environment variable; keys come from nowhere else.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// How the house is set up.
pub struct HostConfig {
    /// Where runs are recorded.
    pub journal: Arc<dyn Journal>,
    /// The sandbox.
    pub engine: EngineSettings,
    /// Whether the model calls of one run overlap.
    pub overlap: bool,
    /// Where keys come from.
    pub env: Env,
    /// What takes the place of a run's own settings while this house carries it.
    pub budget_override: BudgetOverride,
    /// Whether no model is asked: only what is recorded is answered.
    pub offline: bool,
    /// A budget that all runs of this house share, beside the one of each.
    pub shared_budget: Option<SharedBudget>,
}

/// What a person allows a run that stopped beyond what it pinned.
#[derive(Debug, Clone, Copy, Default)]
pub struct BudgetOverride {
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
pub struct Host(Arc<Shared>);

struct Shared {
    journal: Arc<dyn Journal>,
    engine: Engine,
    overlap: bool,
    env: Env,
    budget_override: BudgetOverride,
    offline: bool,
    shared_budget: Option<SharedBudget>,
    /// One broker for all runs with the same models, so that they share its connections and limits.
    brokers: Mutex<HashMap<Digest, Broker>>,
    history: History,
    plugins: PluginLoader,
    cancels: CancelWatcher,
}

impl Host {
    /// Starts the sandbox.
    pub fn new(config: HostConfig) -> Result<Self, Error> {
        let engine = Engine::new(config.engine)?;
        let HostConfig { journal, overlap, env, budget_override, offline, shared_budget, .. } = config;
        let plugins = PluginLoader::new(engine.clone(), Arc::clone(&journal));
        let cancels = CancelWatcher::new(Arc::clone(&journal));
        Ok(Self(Arc::new(Shared {
            journal,
            engine,
            overlap,
            env,
            budget_override,
            offline,
            shared_budget,
            brokers: Mutex::default(),
            history: History::default(),
            plugins,
            cancels,
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

    /// The plugins of all runs.
    pub(crate) fn plugins(&self) -> &PluginLoader {
        &self.0.plugins
    }

    /// Requests to cancel runs of this host.
    pub(crate) fn cancels(&self) -> &CancelWatcher {
        &self.0.cancels
    }

    /// What takes the place of a run's own settings.
    pub(crate) fn budget_override(&self) -> BudgetOverride {
        self.0.budget_override
    }

    /// Whether the model calls of one run overlap.
    pub(crate) fn overlap(&self) -> bool {
        self.0.overlap
    }

    /// The budget that all runs share, if there is one.
    pub fn shared_budget(&self) -> Option<&SharedBudget> {
        self.0.shared_budget.as_ref()
    }

    /// What earlier runs teach.
    pub(crate) fn history(&self) -> &History {
        &self.0.history
    }

    /// The models for these settings.
    pub async fn broker(&self, settings: &RunSettings) -> Result<Broker, Error> {
        let RunSettings { models, providers, prices, base_dir, .. } = settings;
        let digest = json_blob(&(models, providers, prices, base_dir)).digest;
        let known = |shared: &Shared| lock(&shared.brokers).get(&digest).cloned();
        if let Some(broker) = known(&self.0) {
            return Ok(broker);
        }
        let env = Arc::clone(&self.0.env);
        let env: &(dyn Fn(&str) -> Option<String> + Sync) = &|name| env(name);
        let broker = Broker::new(models, providers, prices, base_dir, env).await?;
        lock(&self.0.brokers).insert(digest, broker.clone());
        Ok(broker)
    }
}
