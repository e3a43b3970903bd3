//! `phasegate plugin manifest`: adds a manifest to a component file.

use std::path::PathBuf;

use phasegate_files::{MAX_TEXT_BYTES, check_output, replace};
use phasegate_runtime::{ErrorCode, MAX_COMPONENT_BYTES};
use phasegate_sandbox::{inspect, with_manifest};

use super::inspect::{render_inspection, signature};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::terminal::format::describe_read_error;

/// Arguments of `plugin manifest`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file; it is changed in place
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Manifest: name, version, purpose, grants, kinds, schema of the settings
    #[arg(value_name = "plugin.toml")]
    manifest: PathBuf,
}

/// Adds the manifest and prints the inspection of the changed component. On a failure the file stays as it is.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (file, from) = (&args.file, &args.manifest);
    let (name, from_name) = (file.display().to_string(), from.display().to_string());
    let unreadable = |name: &str, why: &std::io::Error, hint: &str| {
        Failure::usage(format!("{name} cannot be read: {}", describe_read_error(why))).with_hint(hint)
    };
    let component = phasegate_files::read(file, MAX_COMPONENT_BYTES)
        .map_err(|why| unreadable(&name, &why, "give a component, such as target/NAME.wasm"))?;
    let text = phasegate_files::read_text(from, MAX_TEXT_BYTES)
        .map_err(|why| unreadable(&from_name, &why, "give a manifest in TOML, such as plugin.toml"))?;
    check_output(file).map_err(|why| {
        Failure::usage(format!("{name} cannot be changed in place: {why}")).with_hint("name the file itself")
    })?;
    inspect(&component).map_err(|why| {
        Failure::usage(format!("{name}: {why}")).with_code(ErrorCode::NotAPlugin).with_hints(why.hint())
    })?;
    let changed = with_manifest(&component, &text).map_err(|bad| {
        Failure::usage(format!("{from_name}: {bad}")).with_code(ErrorCode::NotAPlugin).with_hint(bad.hint)
    })?;
    let inspection = inspect(&changed).map_err(|why| {
        Failure::usage(format!("{name} would be rejected: {why}"))
            .with_code(ErrorCode::NotAPlugin)
            .with_hints(why.hint())
    })?;
    replace(file, &changed, 0o666)
        .map_err(|why| Failure::infrastructure(format!("{name} cannot be written: {why}")))?;
    let signature = signature(file, &changed, context)?;
    context.printer.print(&render_inspection(&name, &inspection, &signature, context.printer.paint()));
    Ok(Exit::Passed)
}
