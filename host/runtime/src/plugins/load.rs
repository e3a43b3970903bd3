//! Loads the plugins of a run by digest from the journal, on blocking threads.
//!
//! Fails if a component is missing or damaged, asks for more than it was granted, or is of another world than its phase needs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use phasegate_journal::Journal;
use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::sync::lock;
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{Engine, Plugin, World};

use crate::error::Error;
use crate::store::blobs::read_blob;

/// Loads plugins and caches them by name and digest, which saves a trip to a blocking thread.
pub(crate) struct PluginLoader {
    engine: Engine,
    journal: Arc<dyn Journal>,
    loaded: Mutex<HashMap<(PluginName, Digest), Plugin>>,
}

impl PluginLoader {
    pub(crate) fn new(engine: Engine, journal: Arc<dyn Journal>) -> Self {
        Self { engine, journal, loaded: Mutex::default() }
    }

    fn get(&self, name: &PluginName, digest: &Digest) -> Option<Plugin> {
        let known = lock(&self.loaded);
        known.get(&(name.clone(), digest.clone())).cloned()
    }

    fn insert(&self, digest: &Digest, plugin: Plugin) -> Plugin {
        let key = (plugin.name().clone(), digest.clone());
        lock(&self.loaded).insert(key, plugin.clone());
        plugin
    }

    /// Loads a component whose bytes are in the journal and checks its grants. `on_compile` is called with `false` before a
    /// compilation and with `true` after it.
    pub(crate) async fn load(
        &self,
        name: &PluginName,
        digest: &Digest,
        grants: &Grants,
        on_compile: impl Fn(&PluginName, bool) + Send + 'static,
    ) -> Result<Plugin, Error> {
        let plugin = match self.get(name, digest) {
            Some(plugin) => plugin,
            None => self.compile(name, digest, on_compile).await?,
        };
        plugin.inspection().effective_grants(name, grants)?;
        Ok(plugin)
    }

    async fn compile(
        &self,
        name: &PluginName,
        digest: &Digest,
        on_compile: impl Fn(&PluginName, bool) + Send + 'static,
    ) -> Result<Plugin, Error> {
        let _permit = self.engine.load_permit(digest).await;
        if let Some(plugin) = self.get(name, digest) {
            return Ok(plugin);
        }
        let (engine, journal) = (self.engine.clone(), Arc::clone(&self.journal));
        let (plugin_name, digest_to_load) = (name.clone(), digest.clone());
        let plugin = tokio::task::spawn_blocking(move || {
            let (name, digest) = (plugin_name, digest_to_load);
            // A run needs its components in the journal, even if compiled code is in the cache.
            if !journal.has_blob(&digest)? {
                return Err(Error::MissingComponent { plugin: name, digest, place: journal.location() });
            }
            let started = Instant::now();
            let compiled = std::cell::Cell::new(false);
            let mut unreadable = None;
            let plugin = engine.load(&name, &digest, || {
                compiled.set(true);
                on_compile(&name, false);
                read_blob(journal.as_ref(), &digest).map_err(|error| {
                    let why = std::io::Error::other(error.to_string());
                    unreadable = Some(error);
                    why
                })
            });
            if compiled.get() {
                tracing::debug!(plugin = %name, ms = started.elapsed().as_millis() as u64, "compiled");
                on_compile(&name, true);
            }
            match unreadable {
                None => plugin.map_err(Error::from),
                // The error of the journal is more precise than that of the engine.
                Some(error) => Err(error),
            }
        });
        let plugin =
            plugin.await.map_err(|error| Error::host_failed(format!("loading plugin {name} failed: {error}")))??;
        Ok(self.insert(digest, plugin))
    }
}

/// Loads every agent and the strategy of a pipeline, and checks world and grants. Reduces the grants in the pipeline to those
/// that each plugin asks for.
pub(crate) async fn load_and_check_plugins(
    loader: &PluginLoader,
    pipeline: &mut Pipeline,
    components: &BTreeMap<PluginName, Digest>,
) -> Result<Vec<Plugin>, Error> {
    let agents = pipeline.phases.iter().map(|phase| (&phase.agent, "an agent"));
    let used = agents.chain([(&pipeline.feedback.plugin, "a feedback strategy")]);
    let loading = used.map(|(name, wanted)| load_and_check(loader, pipeline, components, name, wanted));
    let loaded: Vec<Plugin> = futures::future::try_join_all(loading).await?.into_iter().flatten().collect();
    for plugin in &loaded {
        if let Some(known) = pipeline.plugins.get_mut(plugin.name()) {
            known.grants = plugin.inspection().effective_grants(plugin.name(), &known.grants)?;
        }
    }
    Ok(loaded)
}

async fn load_and_check(
    loader: &PluginLoader,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    name: &PluginName,
    wanted: &'static str,
) -> Result<Option<Plugin>, Error> {
    let Some(digest) = components.get(name) else { return Ok(None) };
    let plugin = loader.load(name, digest, &pipeline.grants(name), |_, _| {}).await?;
    let fits = match plugin.world() {
        World::Agent | World::AgentBlocking => wanted == "an agent",
        World::Feedback => wanted == "a feedback strategy",
        World::Runner => false,
    };
    if fits {
        return Ok(Some(plugin));
    }
    Err(Error::WrongWorld { plugin: name.clone(), world: plugin.world().as_str().to_owned(), wanted })
}
