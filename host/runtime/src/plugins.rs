//! The plugins of a run: loaded by digest from the journal, off the async threads, and refused where they ask for more than
//! they were granted or do not fit their place.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use phasegate_process::pipeline::Pipeline;
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{Plugin, Want, World};

use crate::Error;
use crate::house::House;
use crate::writer::read_blob;

/// What the pipeline grants a plugin beyond its inputs and its log.
pub(crate) fn granted(pipeline: &Pipeline, name: &PluginName) -> Vec<Want> {
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
        let mut lost = None;
        let plugin = engine.load(&name_of, &digest, || {
            compiled.set(true);
            say(&name_of, false);
            read_blob(journal.as_ref(), &digest).map_err(|error| {
                let why = std::io::Error::other(error.to_string());
                lost = Some(error);
                why
            })
        });
        if compiled.get() {
            tracing::debug!(plugin = %name_of, ms = asked.elapsed().as_millis() as u64, "compiled");
            say(&name_of, true);
        }
        match lost {
            None => plugin.map_err(Error::from),
            Some(Error::MissingBlob { digest, place }) => {
                Err(Error::MissingComponent { plugin: name_of, digest, place })
            }
            // What the journal says of its own blob says more than that the plugin cannot be read.
            Some(error) => Err(error),
        }
    });
    plugin.await.map_err(|error| Error::NotNow(format!("loading plugin {name} failed: {error}")))?
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
