//! The plugins of a run: loaded by digest from the journal, off the async threads, and refused where they ask for more than
//! they were granted, do not fit their place, or do not take their settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use phasegate_process::pipeline::{Grants, Pipeline, PluginUse};
use phasegate_process::{Digest, PluginName};
use phasegate_sandbox::{LimitsPatch, Plugin, World};
use serde::Deserialize;

use crate::config::plugin_settings::settings_message;
use crate::error::Error;
use crate::host::House;
use crate::store::writer::read_blob;

/// The bounds that the pipeline sets, by plugin. One that cannot be understood is an error: it would not be applied.
pub fn set_limits(pipeline: &Pipeline) -> Result<BTreeMap<PluginName, LimitsPatch>, Error> {
    let set = pipeline.plugins.iter().filter(|(_, plugin)| !plugin.limits.is_null());
    let read = |(name, plugin): (&PluginName, &PluginUse)| match LimitsPatch::deserialize(&plugin.limits) {
        Ok(patch) => Ok((name.clone(), patch)),
        Err(why) => Err(Error::NotNow(format!(
            "the limits of plugin `{name}` cannot be applied: {why}\nhint: a fork of the run can set others: `--set plugins.{name}.limits.BOUND=…`"
        ))),
    };
    set.map(read).collect()
}

/// Loads a component whose bytes are in the journal, off the async threads; refuses what was not granted.
pub(crate) async fn load_plugin(
    house: &House,
    name: &PluginName,
    digest: &Digest,
    grants: &Grants,
    say: impl Fn(&PluginName, bool) + Send + 'static,
) -> Result<Plugin, Error> {
    let plugin = match house.loaded(name, digest) {
        Some(plugin) => plugin,
        None => load(house, name, digest, say).await?,
    };
    plugin.inspection().granted(name, grants)?;
    Ok(plugin)
}

async fn load(
    house: &House,
    name: &PluginName,
    digest: &Digest,
    say: impl Fn(&PluginName, bool) + Send + 'static,
) -> Result<Plugin, Error> {
    let _turn = house.engine().turn(digest).await;
    if let Some(plugin) = house.loaded(name, digest) {
        return Ok(plugin);
    }
    let (engine, journal) = (house.engine().clone(), Arc::clone(house.journal()));
    let (name_of, of) = (name.clone(), digest.clone());
    let plugin = tokio::task::spawn_blocking(move || {
        // What a run depends on must be there, whether or not it was compiled here before.
        if !journal.has_blob(&of)? {
            return Err(Error::MissingComponent { plugin: name_of, digest: of, place: journal.place() });
        }
        let asked = Instant::now();
        let compiled = std::cell::Cell::new(false);
        let mut lost = None;
        let plugin = engine.load(&name_of, &of, || {
            compiled.set(true);
            say(&name_of, false);
            read_blob(journal.as_ref(), &of).map_err(|error| {
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
            // What the journal says of its own blob says more than that the plugin cannot be read.
            Some(error) => Err(error),
        }
    });
    let plugin = plugin.await.map_err(|error| Error::NotNow(format!("loading plugin {name} failed: {error}")))??;
    Ok(house.remember(digest, plugin))
}

/// Loads every agent and strategy that a pipeline names, and finds out whether each fits its place and its grants, before
/// anything starts. Cuts the grants of each down to what it asks for.
pub(crate) async fn fit_plugins(
    house: &House,
    pipeline: &mut Pipeline,
    components: &BTreeMap<PluginName, Digest>,
) -> Result<Vec<Plugin>, Error> {
    let agents = pipeline.phases.iter().map(|phase| (&phase.agent, "an agent"));
    let used = agents.chain([(&pipeline.feedback.plugin, "a feedback strategy")]);
    let loading = used.map(|(name, wanted)| fit_plugin(house, pipeline, components, name, wanted));
    let loaded: Vec<Plugin> = futures::future::try_join_all(loading).await?.into_iter().flatten().collect();
    for plugin in &loaded {
        if let Some(known) = pipeline.plugins.get_mut(plugin.name()) {
            known.grants = plugin.inspection().granted(plugin.name(), &known.grants)?;
        }
    }
    Ok(loaded)
}

async fn fit_plugin(
    house: &House,
    pipeline: &Pipeline,
    components: &BTreeMap<PluginName, Digest>,
    name: &PluginName,
    wanted: &'static str,
) -> Result<Option<Plugin>, Error> {
    let Some(digest) = components.get(name) else { return Ok(None) };
    let plugin = load_plugin(house, name, digest, &pipeline.grants(name), |_, _| {}).await?;
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

/// Whether every plugin takes the settings that a swap left it with. What files say was held against it with its line.
pub(crate) fn check_settings(pipeline: &Pipeline, loaded: &[Plugin]) -> Result<(), Error> {
    for (of, name, settings) in pipeline.settings() {
        let plugin = loaded.iter().find(|plugin| plugin.name() == name);
        let Some(manifest) = plugin.and_then(|plugin| plugin.inspection().manifest.as_ref()) else { continue };
        if let Some(fault) = manifest.faults(settings).into_iter().next() {
            let message = settings_message(&of, name, &manifest.version, &fault.message);
            return Err(Error::Settings { message, hint: fault.hint });
        }
    }
    Ok(())
}
