//! `phasegate plugin push`: publishes a component in a registry.

use std::path::PathBuf;

use phasegate_process::registry_reference::RegistryReference;
use phasegate_registry::{Described, Registry, bundle_path};
use phasegate_runtime::{Error, ErrorCode};
use phasegate_sandbox::inspect;
use serde_json::json;

use super::RegistryArgs;
use super::add::parse_reference;
use super::sign::read_key;
use crate::commands::plugin::inspect::read_bytes;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::terminal::format::one_line;
use crate::terminal::text::sanitize;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `plugin push`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Where it goes, such as oci://ghcr.io/acme/audit:1.2.0
    #[arg(value_parser = parse_reference)]
    reference: RegistryReference,
    /// Private key to sign it with
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Move the tag if it names another package
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Pushes the component, and its signature.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Args { file, reference, .. } = &args;
    if reference.tag().is_none() {
        return Err(Failure::usage(format!("{reference} has no tag")).with_hint("push under a tag: …:1.2.0"));
    }
    let key = args.key.as_deref().map(read_key).transpose()?;
    let name = file.display().to_string();
    let component = read_bytes(file)?;
    let inspection = inspect(&component).map_err(|why| {
        Failure::usage(format!("{name}: {why}")).with_code(ErrorCode::NotAPlugin).with_hints(why.hint())
    })?;
    if let Some(misfit) = &inspection.misfit {
        return Err(Failure::usage(format!(
            "{name} is not a plugin that this host takes: {}",
            sanitize(&misfit.describe())
        ))
        .with_code(ErrorCode::NotAPlugin));
    }
    let Some(manifest) = &inspection.manifest else {
        return Err(Failure::usage(format!("{name} has no manifest, which gives a package its name and version"))
            .with_code(ErrorCode::NotAPlugin)
            .with_hint("build it with `phasegate plugin build`, or add one with `phasegate plugin manifest`"));
    };
    if key.is_none() && bundle_path(file).exists() {
        context.printer.note("the signature beside the file is about the file; give --key to sign the package\n");
    }
    let registry = Registry::open(reference, args.registry.timeout()).map_err(Error::from)?;
    context.printer.note(&format!("pushing {name} to {reference}\n"));
    let described = Described {
        version: Some(manifest.version.clone()),
        purpose: Some(manifest.purpose.clone()).filter(|text| !text.is_empty()),
        imports: inspection.imports.clone(),
        exports: inspection.exports.clone(),
    };
    let pushed = registry.push(reference, &component, &described, args.force).await.map_err(Error::from)?;
    if let Some(key) = &key {
        registry.sign(reference, key).await.map_err(Error::from)?;
    }
    let signed = key.is_some();
    match args.json {
        true => context.printer.print_json_pretty(&json!({
            "format": FORMAT,
            "reference": reference.to_string(),
            "manifest": pushed.manifest,
            "digest": pushed.digest,
            "signed": signed,
        })),
        false => {
            let signature = if signed { "signed" } else { "not signed" };
            let plugin = one_line(&format!("{} {}", manifest.name, manifest.version));
            context.printer.print(&format!("{reference}: {plugin}, manifest {}, {signature}\n", pushed.manifest));
        }
    }
    Ok(Exit::Passed)
}
