//! `phasegate plugin manifest`: puts a manifest into a component.

use std::path::PathBuf;

use phasegate_sandbox::{inspect, with_manifest};

use super::inspect::render_inspection;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::terminal::format::describe_read_error;

/// Arguments of `plugin manifest`.
#[derive(clap::Args)]
pub struct Args {
    /// The component, which is changed
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Name, version, purpose, what it asks for, the kinds it brings and the schema of its settings
    #[arg(value_name = "plugin.toml")]
    manifest: PathBuf,
}

/// The component gets the manifest, or stays as it is. What it says of itself from then on is shown.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (file, from) = (&args.file, &args.manifest);
    let (name, from_name) = (file.display(), from.display());
    let component = std::fs::read(file).map_err(|why| Failure::usage(format!("{name} cannot be read: {why}")))?;
    let text = std::fs::read_to_string(from)
        .map_err(|why| Failure::usage(format!("{from_name} cannot be read: {}", describe_read_error(&why))))?;
    inspect(&component).map_err(|why| Failure::usage(format!("{name}: {}", why.describe())))?;
    let changed = with_manifest(&component, &text).map_err(|bad| Failure::usage(format!("{from_name}: {bad}")))?;
    let inspection =
        inspect(&changed).map_err(|why| Failure::usage(format!("{name} would be refused: {}", why.describe())))?;
    let new = file.with_extension("wasm.new");
    std::fs::write(&new, changed)
        .and_then(|()| std::fs::rename(&new, file))
        .map_err(|why| Failure::infrastructure(format!("{name} cannot be written: {why}")))?;
    context.printer.print(&render_inspection(&name.to_string(), &inspection, context.printer.paint()));
    Ok(Exit::Passed)
}
