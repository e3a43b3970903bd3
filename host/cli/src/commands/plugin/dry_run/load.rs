//! Loads what a dry run needs: the component, the pipeline with its phases, the script of answers, and the settings.

use std::path::Path;

use phasegate_broker::ScriptedAnswers;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::{InvalidName, PluginName};
use phasegate_runtime::{BUNDLED, Error};
use phasegate_sandbox::{Engine, Inspection, Plugin};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::exit::Failure;
use crate::open;
use crate::paths::current_dir;

/// Loads the component, which is compiled first if it is new to the cache.
pub async fn load_plugin(
    file: &Path,
    bytes: Vec<u8>,
    inspection: &Inspection,
    context: &Context,
) -> Result<Plugin, Failure> {
    let (name, digest) = (plugin_name(file)?, inspection.digest.clone());
    let settings = open::sandbox(context, &open::config_if_readable(context, None)?)?;
    let loaded = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(settings).map_err(|why| Failure::from(Error::from(why)))?;
        engine
            .load(&name, &digest, || Ok(bytes))
            .map_err(|why| Failure::check_failed(why.to_string()).with_hints(why.hint()))
    });
    loaded.await.map_err(|gone| Failure::infrastructure(format!("the compilation was interrupted: {gone}")))?
}

/// Loads a standard pipeline or a pipeline file.
pub fn load_pipeline(chosen: &str, context: &Context) -> Result<Pipeline, Failure> {
    let config = open::config_if_readable(context, None)?;
    let loaded = config.load_pipeline(Some(chosen), None, &current_dir(), &BUNDLED)?;
    Ok((*loaded.pipeline).clone())
}

/// Reads a script of answers.
pub fn read_answers(file: &Path) -> Result<ScriptedAnswers, Failure> {
    ScriptedAnswers::read(file).map_err(|bad| Failure::usage(bad.message).with_hint(bad.hint))
}

/// Adds settings to those of a phase. Fails with the first fault that the plugin's schema finds; `place` says where they stand.
pub fn add_settings(
    of_phase: &Value,
    given: Map<String, Value>,
    inspection: &Inspection,
    place: &str,
) -> Result<Value, Failure> {
    let mut all = of_phase.clone();
    match &mut all {
        Value::Object(all) => all.extend(given),
        other => *other = Value::Object(given),
    }
    let fault = inspection.manifest.as_ref().and_then(|manifest| manifest.check_settings(&all).into_iter().next());
    match fault {
        None => Ok(all),
        Some(fault) => Err(Failure::usage(format!("{place}: {}", fault.message)).with_hint(fault.hint)),
    }
}

fn plugin_name(file: &Path) -> Result<PluginName, Failure> {
    let stem = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let name = stem.and_then(|stem| stem.parse().ok()).map_or_else(|| "plugin".parse(), Ok);
    name.map_err(|bad: InvalidName| Failure::infrastructure(bad.to_string()))
}
