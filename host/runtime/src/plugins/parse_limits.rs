//! Parses the limits that a pipeline sets for its plugins.

use std::collections::BTreeMap;

use phasegate_process::PluginName;
use phasegate_process::limits::LimitsPatch;
use phasegate_process::pipeline::{Pipeline, PluginUse};
use serde::Deserialize;

use crate::error::{Error, ErrorCode};

/// Returns the limits that the pipeline sets, by plugin. A limit that cannot be parsed is an error, because it would not be
/// enforced.
pub fn plugin_limits(pipeline: &Pipeline) -> Result<BTreeMap<PluginName, LimitsPatch>, Error> {
    let set = pipeline.plugins.iter().filter(|(_, plugin)| !plugin.limits.is_null());
    let read = |(name, plugin): (&PluginName, &PluginUse)| match LimitsPatch::deserialize(&plugin.limits) {
        Ok(patch) => Ok((name.clone(), patch)),
        Err(why) => {
            let message = format!("the limits of plugin `{name}` cannot be applied: {why}");
            let hint = format!("set them in a fork: `--set plugins.{name}.limits.NAME=…`");
            Err(Error::rejected(ErrorCode::InvalidSettings, message, hint))
        }
    };
    set.map(read).collect()
}
