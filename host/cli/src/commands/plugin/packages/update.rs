//! `phasegate plugin update`: fetches what the tags name now.

use phasegate_process::PluginName;
use phasegate_runtime::BUNDLED;

use super::fetch::fetch;
use super::pull::check_names;
use super::record::record;
use super::{PackageArgs, view};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;

/// Arguments of `plugin update`.
#[derive(clap::Args)]
pub struct Args {
    /// Names of the plugins [default: all from registries]
    names: Vec<PluginName>,
    /// Pipeline that uses them [default: the configured one]
    #[arg(long, value_name = "NAME|FILE")]
    pipeline: Option<String>,
    #[command(flatten)]
    packages: PackageArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Pulls what the tags name now and records it.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let PackageArgs { registry, accept, unverified, config } = &args.packages;
    let config = open::config(context, config.as_deref(), None)?;
    let mut uses = config.package_uses(args.pipeline.as_deref(), &current_dir(), &BUNDLED)?;
    check_names(&args.names, uses.keys())?;
    uses.retain(|name, _| args.names.is_empty() || args.names.contains(name));
    let mut fetched = Vec::new();
    for (name, used) in &uses {
        let one = fetch(context, &config, name, used, None, registry).await?;
        one.check_signature(&config, *unverified)?;
        fetched.push(one);
    }
    let recorded = record(context, &config, &fetched, true, *accept)?;
    match fetched.is_empty() && !args.json {
        true => context.printer.note("no plugin is taken from a registry\n"),
        false => view::print(&context.printer, &fetched, &recorded, args.json),
    }
    Ok(Exit::Passed)
}
