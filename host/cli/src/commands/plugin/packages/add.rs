//! `phasegate plugin add`: takes a plugin from a registry into `phasegate.toml` and `phasegate.lock`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use phasegate_process::PluginName;
use phasegate_process::pipeline::Grants;
use phasegate_process::registry_reference::{InvalidReference, RegistryReference};
use phasegate_runtime::{Config, ErrorCode, PackageUse};

use super::fetch::fetch;
use super::record::record;
use super::{PackageArgs, view};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::display_path;

/// Arguments of `plugin add`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the plugin in pipelines; that of a bundled one replaces it
    name: PluginName,
    /// Package, such as oci://ghcr.io/acme/audit:1.2.0
    #[arg(value_parser = parse_reference)]
    reference: RegistryReference,
    /// Grant what it requests
    #[arg(long)]
    grant: bool,
    #[command(flatten)]
    packages: PackageArgs,
}

/// Pulls the plugin, records it, and adds its table to the configuration.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let PackageArgs { registry, accept, unverified, config } = &args.packages;
    let config = open::config(context, config.as_deref(), None)?;
    let name = &args.name;
    let file = config.file.clone().unwrap_or_else(|| config.dir.join("phasegate.toml"));
    if config.names_plugin(name) {
        return Err(Failure::usage(format!("{} has a table [plugins.{name}] already", display_path(&file)))
            .with_hint("change its `path`, then run `phasegate plugin pull`"));
    }
    let mut used = PackageUse { reference: args.reference, grants: Grants::default() };
    let mut fetched = fetch(context, &config, name, &used, None, registry).await?;
    fetched.check_signature(&config, *unverified)?;
    if args.grant {
        used.grants = fetched.pin.asks.clone();
        fetched.pin.grants = used.grants.clone();
    }
    let text = with_table(&config, &file, name, &used)?;
    let asks = fetched.pin.asks.clone();
    let fetched = [fetched];
    let recorded = record(context, &config, &fetched, false, *accept)?;
    write(&file, &text)?;
    view::print(&context.printer, &fetched, &recorded, false);
    let requested = match (asks == Grants::default(), args.grant) {
        (true, _) => "It requests no grants.".to_owned(),
        (false, true) => format!("It got what it requests: {asks}."),
        (false, false) => format!(
            "It requests `grants = {asks}`. Add what it may have to [plugins.{name}], then run `phasegate plugin accept {name}`."
        ),
    };
    context.printer.print(&format!("\nAdded [plugins.{name}] to {}. {requested}\n", display_path(&file)));
    Ok(Exit::Passed)
}

/// Parses a reference of the command line.
pub fn parse_reference(text: &str) -> Result<RegistryReference, String> {
    text.parse().map_err(|error: InvalidReference| format!("{error}\nhint: {}", error.hint()))
}

/// Returns the configuration with the table of the plugin at its end.
fn with_table(config: &Config, file: &Path, name: &PluginName, used: &PackageUse) -> Result<String, Failure> {
    let mut text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(unwritable(file, &why)),
    };
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    let path = toml::Value::from(used.reference.to_string());
    text.push_str(&format!("[plugins.{name}]\npath = {path}\n"));
    if used.grants != Grants::default() {
        text.push_str(&format!("grants = {}\n", used.grants));
    }
    match Config::parse(&file.display().to_string(), &text, &config.dir) {
        Ok(_) => Ok(text),
        Err(fault) => {
            Err(Failure::usage(format!("[plugins.{name}] cannot be added to {}: {fault}", display_path(file)))
                .with_code(ErrorCode::InvalidFile)
                .with_hint(format!("add `path = {path}` for the plugin yourself, then run `phasegate plugin pull`")))
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let mode = file.metadata().map_or(0o666, |metadata| metadata.permissions().mode() & 0o777);
    phasegate_files::replace(file, text.as_bytes(), mode).map_err(|why| unwritable(file, &why))
}

fn unwritable(file: &Path, why: &std::io::Error) -> Failure {
    Failure::infrastructure(format!("{} cannot be written: {why}", display_path(file)))
        .with_code(ErrorCode::UnwritableOutput)
        .with_hint("make the file writable, then repeat the command")
}
