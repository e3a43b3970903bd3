//! `phasegate plugin outdated`: compares what the lock file pins with what the registries have.

use std::path::PathBuf;

use phasegate_process::Digest;
use phasegate_registry::Registry;
use phasegate_runtime::{BUNDLED, Error, PackageUse, load_lock};
use serde_json::{Value, json};

use super::RegistryArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;
use crate::terminal::table::{self, Column, Room};

/// The version of the JSON form.
const FORMAT: u32 = 1;

const COLUMNS: [Column; 3] =
    [Column::new("plugin", 0), Column::new("state", 0).with(Room::Lines(20)), Column::new("from", 1)];

/// Arguments of `plugin outdated`.
#[derive(clap::Args)]
pub struct Args {
    /// Pipeline that uses the plugins [default: the configured one]
    #[arg(long, value_name = "NAME|FILE")]
    pipeline: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Configuration file [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a registry has for a plugin.
struct Found {
    pinned: Option<Digest>,
    /// The manifest that the reference names now.
    now: Option<Digest>,
    /// The highest version among the tags, if it is higher than the tag that is used.
    newer: Option<String>,
}

/// Prints a line for each plugin from a registry. Changes nothing.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let config = open::config(context, args.config.as_deref(), None)?;
    let uses = config.package_uses(args.pipeline.as_deref(), &current_dir(), &BUNDLED)?;
    let lock = load_lock(&config)?;
    let (mut rows, mut plugins) = (Vec::new(), Vec::new());
    for (name, used) in &uses {
        let pinned = lock.pin(name).and_then(|pin| pin.package.as_ref());
        let pinned = pinned.filter(|package| package.reference == used.reference).map(|package| &package.manifest);
        let found = look_up(used, pinned.cloned(), &args.registry).await?;
        rows.push(vec![name.to_string(), found.describe(), used.reference.to_string()]);
        plugins.push(json!({
            "plugin": name,
            "reference": used.reference.to_string(),
            "pinned": found.pinned,
            "now": found.now,
            "moved": found.is_moved(),
            "newer": found.newer,
        }));
    }
    let printer = &context.printer;
    match (args.json, rows.is_empty()) {
        (true, _) => printer.print_json_pretty(&json!({ "format": FORMAT, "plugins": Value::from(plugins) })),
        (false, true) => printer.note("no plugin is taken from a registry\n"),
        (false, false) => printer.print(&table::render(&COLUMNS, &rows, printer.paint().width())),
    }
    Ok(Exit::Passed)
}

async fn look_up(used: &PackageUse, pinned: Option<Digest>, args: &RegistryArgs) -> Result<Found, Failure> {
    let registry = Registry::open(&used.reference, args.timeout()).map_err(Error::from)?;
    let now = registry.resolve(&used.reference).await.map_err(Error::from)?;
    let tags = match used.reference.tag().and_then(version) {
        Some(_) => registry.tags(&used.reference).await.map_err(Error::from)?,
        None => Vec::new(),
    };
    Ok(Found { pinned, now, newer: newest(used.reference.tag(), tags) })
}

impl Found {
    /// Whether the tag names another manifest than the pinned one.
    fn is_moved(&self) -> bool {
        self.pinned.is_some() && self.pinned != self.now
    }

    fn describe(&self) -> String {
        let state = match (&self.pinned, &self.now) {
            (None, Some(_)) => "not pulled; run `phasegate plugin pull`".to_owned(),
            (_, None) => "the registry no longer has it".to_owned(),
            (Some(pinned), Some(now)) if pinned == now => "up to date".to_owned(),
            (Some(pinned), Some(now)) => {
                format!("the tag was moved: {} is pinned, {} is there now", pinned.short(), now.short())
            }
        };
        match &self.newer {
            Some(tag) => format!("{state}; there is a tag {tag}"),
            None => state,
        }
    }
}

/// Returns the highest version among the tags that is above `tag`. Versions have three numbers; others are not compared.
fn newest(tag: Option<&str>, tags: Vec<String>) -> Option<String> {
    let current = tag.and_then(version)?;
    let versions = tags.into_iter().filter_map(|tag| Some((version(&tag)?, tag)));
    versions.filter(|(version, _)| *version > current).max().map(|(_, tag)| tag)
}

fn version(tag: &str) -> Option<[u64; 3]> {
    let numbers: Vec<u64> =
        tag.strip_prefix('v').unwrap_or(tag).split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_versions_are_found_by_number() {
        let newest = |tag, tags: &[&str]| newest(Some(tag), tags.iter().map(|tag| (*tag).to_owned()).collect());
        assert_eq!(newest("1.9.0", &["1.9.0", "1.10.0", "1.2.0", "latest", "2.0.0-beta"]), Some("1.10.0".to_owned()));
        assert_eq!(newest("v1.9.0", &["v2.0.0", "1.0.0"]), Some("v2.0.0".to_owned()));
        assert_eq!(newest("1.9.0", &["1.8.9"]), None);
        assert_eq!(newest("latest", &["1.8.9"]), None);
    }
}
