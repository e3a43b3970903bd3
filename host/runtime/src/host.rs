//! The host: what all runs of a process share. `Host::run`, in `run/mod.rs`, runs one of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use phasegate_broker::{Broker, BudgetConfig};
use phasegate_journal::Journal;
use phasegate_process::model::Tier;
use phasegate_process::pipeline::{Phase, Pipeline};
use phasegate_process::sync::lock;
use phasegate_process::{Digest, GivenLimits, PersonName, RunId};
use phasegate_sandbox::Engine;

use crate::config::file::Config;
use crate::config::pinned::PinnedPipelines;
use crate::config::run_settings::RunSettings;
use crate::error::not_trusted::NotTrusted;
use crate::error::{Error, ErrorCode};
use crate::history::History;
use crate::observer::{Activity, Observer};
use crate::plugins::load::{OnCompile, PluginLoader};
use crate::shared_budget::Queues;
use crate::store::blobs::json_blob;
use crate::store::pipelines::Pipelines;
use crate::trust::{Trust, Wants};

/// Looks up an environment variable. API keys of providers are read through it only.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Configuration of a [`Host`].
pub struct HostConfig {
    /// Records all runs.
    pub journal: Arc<dyn Journal>,
    /// Runs plugins.
    pub engine: Engine,
    /// Whether model calls of one run may be under way at the same time.
    pub overlap: bool,
    /// Source of API keys.
    pub env: Env,
    /// Overrides the settings that runs pinned, for as long as this host runs them.
    pub budget_override: BudgetOverride,
    /// Whether providers are never called: a call without a recorded answer stops its run.
    pub offline: bool,
    /// What the user trusts.
    pub trust: Arc<Trust>,
    /// The configuration here, from which imported runs take providers, prices and budget; `None` for the user's alone.
    pub config: Option<Arc<Config>>,
    /// The providers that runs take from `config`, in place of those that they pinned.
    pub current_providers: Vec<String>,
    /// The repository that runs read and write, in place of the one that they pinned.
    pub repository: Option<PathBuf>,
}

impl HostConfig {
    /// Creates the configuration of a host that reads no keys, trusts nothing beyond the default, and overrides nothing.
    pub fn new(journal: Arc<dyn Journal>, engine: Engine) -> Self {
        Self {
            journal,
            engine,
            overlap: true,
            env: Arc::new(|_| None),
            budget_override: BudgetOverride::default(),
            offline: false,
            trust: Arc::default(),
            config: None,
            current_providers: Vec::new(),
            repository: None,
        }
    }
}

/// What a person allows a stopped run beyond its pinned budget.
#[derive(Debug, Clone, Copy, Default)]
pub struct BudgetOverride {
    /// The limits, which are recorded and apply to later processes as well.
    pub limits: GivenLimits,
    /// Whether calls that may have been billed without an answer are sent again.
    pub ask_again: bool,
}

impl BudgetOverride {
    /// Returns the pinned limits, and the user's own in place of those that a person set on the command line.
    fn remaining(self, pinned: BudgetConfig, own: BudgetConfig) -> BudgetConfig {
        let GivenLimits { calls, tokens, usd } = self.limits;
        BudgetConfig {
            calls: if calls.is_some() { own.calls } else { pinned.calls },
            tokens: if tokens.is_some() { own.tokens } else { pinned.tokens },
            usd: if usd.is_some() { own.usd } else { pinned.usd },
        }
    }
}

/// What all runs of a process share. Clones share one host.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    journal: Arc<dyn Journal>,
    engine: Engine,
    overlap: bool,
    env: Env,
    budget_override: BudgetOverride,
    offline: bool,
    shared_budgets: Queues,
    trust: Arc<Trust>,
    config: Option<Arc<Config>>,
    current_providers: Vec<String>,
    repository: Option<PathBuf>,
    /// One broker for all runs with the same models, by the digest of their settings. They share its connections and
    /// limits.
    brokers: Mutex<HashMap<Digest, Broker>>,
    /// Ids that were given to runs of this process which are not in the journal yet.
    new_ids: Mutex<HashSet<RunId>>,
    history: History,
    pipelines: Pipelines,
    pinned: PinnedPipelines,
    plugins: PluginLoader,
}

impl Host {
    /// Creates a host without runs.
    pub fn new(config: HostConfig) -> Self {
        let HostConfig { journal, engine, overlap, env, budget_override, offline, trust, .. } = config;
        let (config, current_providers, repository) = (config.config, config.current_providers, config.repository);
        let plugins = PluginLoader::new(engine.clone(), Arc::clone(&journal));
        Self(Arc::new(Shared {
            journal,
            engine,
            overlap,
            env,
            budget_override,
            offline,
            shared_budgets: Queues::default(),
            trust,
            config,
            current_providers,
            repository,
            brokers: Mutex::default(),
            new_ids: Mutex::default(),
            history: History::default(),
            pipelines: Pipelines::default(),
            pinned: PinnedPipelines::default(),
            plugins,
        }))
    }

    /// Returns the user's name from `USER` or `LOGNAME`.
    pub(crate) fn person(&self) -> String {
        (self.0.env)("USER").or_else(|| (self.0.env)("LOGNAME")).unwrap_or_else(|| "somebody".to_owned())
    }

    /// Returns the name that a run records of the person who starts it; `None` if it is unknown. Fails if a gate of the
    /// pipeline forbids self-approval then: nobody could approve it.
    pub(crate) fn check_starter(&self, pipeline: &Pipeline) -> Result<Option<PersonName>, Error> {
        let name = ["USER", "LOGNAME"].iter().find_map(|name| (self.0.env)(name)?.parse().ok());
        let strict = |phase: &&Phase| phase.gate.as_ref().is_some_and(|gate| gate.approval.forbid_self_approval);
        match (&name, pipeline.phases.iter().find(strict)) {
            (None, Some(gate)) => {
                let message =
                    format!("gate {} forbids self-approval, and the person who starts the run is unknown", gate.name);
                Err(Error::rejected(ErrorCode::InvalidName, message, "set USER to the name of the person"))
            }
            _ => Ok(name),
        }
    }

    /// Returns the journal of all runs.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    /// Returns whether providers are never called.
    pub(crate) fn is_offline(&self) -> bool {
        self.0.offline
    }

    /// Returns the engine that runs plugins.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Returns what tells an observer of the compilations of a run.
    pub(crate) fn report_compiling(&self, observer: &Arc<dyn Observer>, run: &RunId) -> OnCompile {
        let (observer, run, kept) = (Arc::clone(observer), run.clone(), self.engine().keeps_compiled());
        Arc::new(move |plugin, stage| {
            observer.on_activity(&run, None, Activity::Compiling { plugin: plugin.to_string(), kept, stage });
        })
    }

    /// Returns the user's cache folder; `None` if nothing is cached.
    pub(crate) fn cache_dir(&self) -> Option<&Path> {
        self.0.engine.cache_dir()
    }

    /// Returns the loader that keeps the plugins of all runs.
    pub(crate) fn plugins(&self) -> &PluginLoader {
        &self.0.plugins
    }

    /// Returns what overrides the pinned budget of runs.
    pub(crate) fn budget_override(&self) -> BudgetOverride {
        self.0.budget_override
    }

    /// Returns whether model calls of one run may be under way at the same time.
    pub(crate) fn overlap(&self) -> bool {
        self.0.overlap
    }

    /// Returns the requests of this process that wait for budgets of experiments.
    pub(crate) fn shared_budgets(&self) -> &Queues {
        &self.0.shared_budgets
    }

    /// Reserves an id for a new run; false if another run of this process has it already.
    pub(crate) fn reserve_id(&self, run: &RunId) -> bool {
        lock(&self.0.new_ids).insert(run.clone())
    }

    /// Ends the reservation of an id, which the journal knows now.
    pub(crate) fn release_id(&self, run: &RunId) {
        lock(&self.0.new_ids).remove(run);
    }

    /// Returns what is known of earlier runs.
    pub(crate) fn history(&self) -> &History {
        &self.0.history
    }

    /// Returns the pipelines of the runs that were loaded or created.
    pub(crate) fn pipelines(&self) -> &Pipelines {
        &self.0.pipelines
    }

    /// Returns the pipelines that runs were created with.
    pub(crate) fn pinned(&self) -> &PinnedPipelines {
        &self.0.pinned
    }

    /// Returns what the user trusts.
    pub(crate) fn trust(&self) -> &Trust {
        &self.0.trust
    }

    /// Returns the providers that runs take from the configuration here.
    pub(crate) fn current_providers(&self) -> &[String] {
        &self.0.current_providers
    }

    /// Returns the repository that runs use in place of the one that they pinned.
    pub(crate) fn repository(&self) -> Option<&Path> {
        self.0.repository.as_deref()
    }

    /// Returns the folder for the parsed definitions of repositories.
    pub(crate) fn maps(&self) -> Option<PathBuf> {
        self.cache_dir().and_then(Path::parent).map(|folder| folder.join("maps"))
    }

    /// Returns the folder of the cache of baselines; `None` if nothing is cached.
    pub(crate) fn baselines(&self) -> Option<PathBuf> {
        self.cache_dir().and_then(Path::parent).map(|folder| folder.join("baselines"))
    }

    /// Returns the configuration here, if there is one.
    pub(crate) fn config(&self) -> Option<&Config> {
        self.0.config.as_deref()
    }

    /// Returns the broker for these settings, a new one on first use. Looks for available models where the settings
    /// name none. Fails with [`Error::NotTrusted`] before a key is read.
    pub async fn broker(&self, settings: &RunSettings) -> Result<Broker, Error> {
        let digest = broker_key(settings);
        let known = lock(&self.0.brokers).get(&digest).cloned();
        if let Some(broker) = known {
            // The budget is no part of the digest and may need another agreement.
            return match self.missing_trust(settings)? {
                None => Ok(broker),
                Some(missing) => Err(Error::NotTrusted(Box::new(missing))),
            };
        }
        let env = Arc::clone(&self.0.env);
        let env: &(dyn Fn(&str) -> Option<String> + Sync) = &|name| env(name);
        let broker = self.0.trust.connect(&self.wants(settings), &settings.models, &settings.prices, env).await?;
        lock(&self.0.brokers).insert(digest, broker.clone());
        Ok(broker)
    }

    /// Fills in the models and list prices that settings leave open, and returns the broker for the result, or none if no agent of the pipeline
    /// may ask a model.
    pub(crate) async fn complete_models(
        &self,
        pipeline: &Pipeline,
        settings: &mut RunSettings,
    ) -> Result<Option<Broker>, Error> {
        let Some(broker) = self.broker_of(pipeline, settings).await? else { return Ok(None) };
        let models = &mut settings.models;
        for (tier, model) in
            [(Tier::Fast, &mut models.fast), (Tier::Default, &mut models.default), (Tier::Deep, &mut models.deep)]
        {
            *model = Some(broker.model_for(tier).clone());
        }
        // The broker computes costs, so it needs the prices.
        let broker = match settings.add_list_prices() {
            true => self.broker(settings).await?,
            false => broker,
        };
        // Runs that are resumed have the complete settings, and share this broker.
        lock(&self.0.brokers).entry(broker_key(settings)).or_insert_with(|| broker.clone());
        Ok(Some(broker))
    }

    /// Returns the broker for a pipeline, or none if no agent of it may ask a model: then no provider needs to be
    /// configured or trusted.
    pub(crate) async fn broker_of(&self, pipeline: &Pipeline, settings: &RunSettings) -> Result<Option<Broker>, Error> {
        match pipeline.may_ask_models() {
            true => self.broker(settings).await.map(Some),
            false => Ok(None),
        }
    }

    /// Returns what these settings use without the user's agreement. A limit that a person set on the command line needs none.
    pub(crate) fn missing_trust(&self, settings: &RunSettings) -> Result<Option<NotTrusted>, Error> {
        Ok(self.0.trust.missing(&self.wants(settings))?)
    }

    fn wants<'a>(&self, settings: &'a RunSettings) -> Wants<'a> {
        self.wants_budget(settings, self.0.budget_override.remaining(settings.budget, self.0.trust.user().budget))
    }

    /// Returns what these settings use with another budget.
    pub(crate) fn wants_budget<'a>(&self, settings: &'a RunSettings, budget: BudgetConfig) -> Wants<'a> {
        let RunSettings { providers, base_dir, .. } = settings;
        let is_here = self.config().is_some_and(|config| is_same_folder(&config.dir, base_dir));
        Wants { project: base_dir, is_here, providers, budget, sandbox: None }
    }
}

/// Returns the digest of what a broker is made of.
fn broker_key(settings: &RunSettings) -> Digest {
    let RunSettings { models, providers, prices, base_dir, .. } = settings;
    json_blob(&(models.without_sampling(), providers, prices, base_dir)).digest
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}
