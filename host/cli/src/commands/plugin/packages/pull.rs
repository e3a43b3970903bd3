//! `phasegate plugin pull` and `update`: fetch the plugins that the configuration takes from registries, as the lock file pins them or
//! as their tags are now.

use phasegate_process::PluginName;
use phasegate_process::source::did_you_mean;
use phasegate_runtime::{BUNDLED, load_lock};

use super::fetch::fetch;
use super::record::record;
use super::{PackageArgs, view};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;

/// Arguments of `plugin pull` and `plugin update`.
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

/// The version of a plugin that is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The one that the lock file pins, if it pins one.
    Pinned,
    /// The one that the reference names now.
    Newest,
}

/// Fetches the plugins and records what is new.
pub async fn run(args: Args, wanted: Wanted, context: &Context) -> Result<Exit, Failure> {
    let PackageArgs { registry, accept, unverified, config } = &args.packages;
    let config = open::config(context, config.as_deref(), None)?;
    let mut uses = config.package_uses(args.pipeline.as_deref(), &current_dir(), &BUNDLED)?;
    check_names(&args.names, uses.keys())?;
    uses.retain(|name, _| args.names.is_empty() || args.names.contains(name));
    let lock = load_lock(&config)?;
    let mut fetched = Vec::new();
    for (name, used) in &uses {
        let pinned = lock.pin(name).and_then(|pin| pin.package.as_ref());
        let pinned = pinned.filter(|package| wanted == Wanted::Pinned && package.reference == used.reference);
        let one = fetch(context, &config, name, used, pinned.map(|package| &package.manifest), registry).await?;
        // If the signer of a pinned plugin changed, the lock file says more about it.
        let has_signer = pinned.is_some() && lock.pin(name).is_some_and(|pin| pin.signer.is_some());
        if !has_signer {
            one.check_signature(&config, *unverified)?;
        }
        fetched.push(one);
    }
    let recorded = record(context, &config, &fetched, wanted == Wanted::Newest, *accept)?;
    match fetched.is_empty() && !args.json {
        true => context.printer.note("no plugin is taken from a registry\n"),
        false => view::print(&context.printer, &fetched, &recorded, args.json),
    }
    Ok(Exit::Passed)
}

/// Fails if a name is not that of a plugin from a registry.
fn check_names<'a>(names: &[PluginName], known: impl Iterator<Item = &'a PluginName>) -> Result<(), Failure> {
    let known: Vec<&str> = known.map(PluginName::as_str).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::usage(format!("plugin `{name}` is not taken from a registry")).with_hint(
            match known.as_slice() {
                [] => "take one with `phasegate plugin add NAME oci://…`".to_owned(),
                known => did_you_mean(name.as_str(), known),
            },
        )),
    }
}
