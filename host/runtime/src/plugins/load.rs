//! Loads the plugins of a run by digest from the journal, on blocking threads.
//!
//! A run can be created before its plugins are compiled. A component that was compiled on this machine before is checked by
//! its recorded properties, and a bundled one by its bytes. Any other component is compiled at once, because only the compiler
//! knows whether it can be.
//!
//! Fails if a component is missing or damaged, asks for more than it was granted, or is of another world than its phase needs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use phasegate_journal::Journal;
use phasegate_process::pipeline::{Grants, Pipeline};
use phasegate_process::sync::lock;
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{Engine, Inspection, LoadError, Plugin, World};

use crate::error::Error;
use crate::observer::CompileStage;
use crate::plugins::bundled::{bundled_bytes, bundled_name};
use crate::store::blobs::read_blob;

/// Loads plugins and caches them by name and digest, which saves a trip to a blocking thread.
pub(crate) struct PluginLoader {
    engine: Engine,
    journal: Arc<dyn Journal>,
    loaded: Mutex<HashMap<(PluginName, Digest), Plugin>>,
    /// Properties of components that fit this host and are in the journal.
    inspected: Mutex<HashMap<Digest, Arc<Inspection>>>,
}

/// Called before and after each compilation.
pub(crate) type OnCompile = Arc<dyn Fn(&PluginName, CompileStage) + Send + Sync>;

/// Properties of the plugins of a pipeline.
pub(crate) type Inspections = BTreeMap<PluginName, Arc<Inspection>>;

impl PluginLoader {
    pub(crate) fn new(engine: Engine, journal: Arc<dyn Journal>) -> Self {
        Self { engine, journal, loaded: Mutex::default(), inspected: Mutex::default() }
    }

    /// Whether a plugin can be used at once.
    pub(crate) fn is_loaded(&self, name: &PluginName, digest: &Digest) -> bool {
        self.get(name, digest).is_some()
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

    /// Loads a component whose bytes are in the journal and checks its grants.
    pub(crate) async fn load(
        &self,
        name: &PluginName,
        digest: &Digest,
        grants: &Grants,
        on_compile: &OnCompile,
    ) -> Result<Plugin, Error> {
        let plugin = match self.get(name, digest) {
            Some(plugin) => plugin,
            None => self.compile(name, digest, on_compile).await?,
        };
        plugin.inspection().effective_grants(name, grants)?;
        Ok(plugin)
    }

    /// Returns the properties of a component whose bytes are in the journal. Compiles it if they are not known otherwise.
    async fn inspect(
        &self,
        name: &PluginName,
        digest: &Digest,
        on_compile: &OnCompile,
    ) -> Result<Arc<Inspection>, Error> {
        if let Some(known) = lock(&self.inspected).get(digest) {
            return Ok(Arc::clone(known));
        }
        let found = match (self.engine.find_inspection(digest), bundled_name(digest)) {
            (Some(found), _) => {
                check_stored(self.journal.as_ref(), name, digest)?;
                found
            }
            (None, Some(bundled)) => self.inspect_bundled(name, digest, bundled).await?,
            (None, None) => self.compile(name, digest, on_compile).await?.inspection().clone(),
        };
        Ok(Arc::clone(lock(&self.inspected).entry(digest.clone()).or_insert(Arc::new(found))))
    }

    async fn inspect_bundled(
        &self,
        name: &PluginName,
        digest: &Digest,
        bundled: &'static str,
    ) -> Result<Inspection, Error> {
        let (engine, plugin, digest) = (self.engine.clone(), name.clone(), digest.clone());
        let inspecting = tokio::task::spawn_blocking(move || {
            let bytes = bundled_bytes(bundled).unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()));
            let unreadable = |why: std::io::Error| LoadError::Read { plugin: plugin.clone(), reason: why.to_string() };
            engine.inspect(&plugin, &digest, &bytes.map_err(unreadable)?)
        });
        Ok(inspecting.await.map_err(|error| Error::host_failed(format!("reading plugin {name} failed: {error}")))??)
    }

    async fn compile(&self, name: &PluginName, digest: &Digest, on_compile: &OnCompile) -> Result<Plugin, Error> {
        let _permit = self.engine.load_permit(digest).await;
        if let Some(plugin) = self.get(name, digest) {
            return Ok(plugin);
        }
        let (engine, journal) = (self.engine.clone(), Arc::clone(&self.journal));
        let (plugin_name, digest_to_load, on_compile) = (name.clone(), digest.clone(), Arc::clone(on_compile));
        let plugin = tokio::task::spawn_blocking(move || {
            let (name, digest) = (plugin_name, digest_to_load);
            check_stored(journal.as_ref(), &name, &digest)?;
            let started = std::cell::Cell::new(None);
            let mut unreadable = None;
            let plugin = engine.load(&name, &digest, || {
                started.set(Some(Instant::now()));
                on_compile(&name, CompileStage::Begun);
                read_blob(journal.as_ref(), &digest).map_err(|error| {
                    let why = std::io::Error::other(error.to_string());
                    unreadable = Some(error);
                    why
                })
            });
            if let Some(took) = started.get().map(|started| started.elapsed()) {
                tracing::debug!(plugin = %name, ms = took.as_millis() as u64, "compiled");
                on_compile(&name, if plugin.is_ok() { CompileStage::Done(took) } else { CompileStage::Failed });
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

/// Fails if a component is not in the journal: a run needs it there, even if compiled code is in the cache.
fn check_stored(journal: &dyn Journal, name: &PluginName, digest: &Digest) -> Result<(), Error> {
    match journal.has_blob(digest)? {
        true => Ok(()),
        false => {
            let (plugin, digest, place) = (name.clone(), digest.clone(), journal.location());
            Err(Error::MissingComponent { plugin, digest, place })
        }
    }
}

/// Checks world and grants of every agent and the strategy of a pipeline, and returns their properties. Reduces the grants in
/// the pipeline to those that each plugin asks for.
pub(crate) async fn check_plugins(
    loader: &PluginLoader,
    pipeline: &mut Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    on_compile: &OnCompile,
) -> Result<Inspections, Error> {
    let agents = pipeline.phases.iter().map(|phase| (&phase.agent, "an agent"));
    let used = agents.chain([(&pipeline.feedback.plugin, "a feedback strategy")]);
    let checking = used.map(|(name, wanted)| check_plugin(loader, pipeline, components, (name, wanted), on_compile));
    let checked: Inspections = futures::future::try_join_all(checking).await?.into_iter().flatten().collect();
    for (name, inspection) in &checked {
        if let Some(known) = pipeline.plugins.get_mut(name) {
            known.grants = inspection.effective_grants(name, &known.grants)?;
        }
    }
    Ok(checked)
}

async fn check_plugin(
    loader: &PluginLoader,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    (name, wanted): (&PluginName, &'static str),
    on_compile: &OnCompile,
) -> Result<Option<(PluginName, Arc<Inspection>)>, Error> {
    let Some(digest) = components.get(name) else { return Ok(None) };
    let inspection = loader.inspect(name, digest, on_compile).await?;
    inspection.effective_grants(name, &pipeline.grants(name))?;
    let fits = match inspection.world {
        Some(World::Agent | World::AgentBlocking) => wanted == "an agent",
        Some(World::Feedback) => wanted == "a feedback strategy",
        Some(World::Runner) | None => false,
    };
    if fits {
        return Ok(Some((name.clone(), inspection)));
    }
    let world = inspection.world.map_or("no world", World::as_str).to_owned();
    Err(Error::WrongWorld { plugin: name.clone(), world, wanted })
}
