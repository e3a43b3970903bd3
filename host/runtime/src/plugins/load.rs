//! The plugins of a run: loaded by digest from the journal, off the async threads, and refused where they ask for more than
//! they were granted, do not fit their place, or do not take their settings.

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

/// Loads plugins and keeps those that it loaded: asking the engine again would take a trip to another thread.
pub(crate) struct PluginLoader {
    engine: Engine,
    journal: Arc<dyn Journal>,
    loaded: Mutex<HashMap<(PluginName, Digest), Plugin>>,
}

impl PluginLoader {
    pub(crate) fn new(engine: Engine, journal: Arc<dyn Journal>) -> Self {
        Self { engine, journal, loaded: Mutex::default() }
    }

    /// A plugin that was loaded before.
    fn get(&self, name: &PluginName, digest: &Digest) -> Option<Plugin> {
        let known = lock(&self.loaded);
        known.get(&(name.clone(), digest.clone())).cloned()
    }

    /// Keeps a plugin for the next who needs it.
    fn insert(&self, digest: &Digest, plugin: Plugin) -> Plugin {
        let key = (plugin.name().clone(), digest.clone());
        lock(&self.loaded).insert(key, plugin.clone());
        plugin
    }

    /// Loads a component whose bytes are in the journal, off the async threads; refuses what was not granted.
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
        let _turn = self.engine.load_permit(digest).await;
        if let Some(plugin) = self.get(name, digest) {
            return Ok(plugin);
        }
        let (engine, journal) = (self.engine.clone(), Arc::clone(&self.journal));
        let (name_of, of) = (name.clone(), digest.clone());
        let plugin = tokio::task::spawn_blocking(move || {
            // What a run depends on must be there, whether or not it was compiled here before.
            if !journal.has_blob(&of)? {
                return Err(Error::MissingComponent { plugin: name_of, digest: of, place: journal.location() });
            }
            let asked = Instant::now();
            let compiled = std::cell::Cell::new(false);
            let mut unreadable = None;
            let plugin = engine.load(&name_of, &of, || {
                compiled.set(true);
                on_compile(&name_of, false);
                read_blob(journal.as_ref(), &of).map_err(|error| {
                    let why = std::io::Error::other(error.to_string());
                    unreadable = Some(error);
                    why
                })
            });
            if compiled.get() {
                tracing::debug!(plugin = %name_of, ms = asked.elapsed().as_millis() as u64, "compiled");
                on_compile(&name_of, true);
            }
            match unreadable {
                None => plugin.map_err(Error::from),
                // What the journal says of its own blob says more than that the plugin cannot be read.
                Some(error) => Err(error),
            }
        });
        let plugin =
            plugin.await.map_err(|error| Error::NotNow(format!("loading plugin {name} failed: {error}")))??;
        Ok(self.insert(digest, plugin))
    }
}

/// Loads every agent and strategy that a pipeline names, and finds out whether each fits its place and its grants, before
/// anything starts. Cuts the grants of each down to what it asks for.
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
    Err(Error::WrongWorld {
        plugin: name.clone(),
        world: plugin.world().as_str().to_owned(),
        wanted,
        hint: "`phasegate plugin inspect FILE` shows what a component is".to_owned(),
    })
}
