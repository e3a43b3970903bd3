//! `phasegate plugin build`: makes the component of a plugin from its sources, as `[build]` in `plugin.toml` says.
//!
//! The language's own tools are started; their output goes to stderr. A core module becomes a component, and the manifest is put
//! in. The component is written only if this host accepts it, in place of the one before. Exit code 1 if the build fails, 2
//! if a tool is missing.

mod javascript;
mod output;
mod python;
mod rust;
mod tool;

use std::path::{Path, PathBuf};

use phasegate_files::replace;
use phasegate_process::plugin_file::Recipe;
use phasegate_runtime::{ErrorCode, MAX_COMPONENT_BYTES};
use phasegate_sandbox::{Inspection, World, componentize, inspect, with_manifest};

use super::inspect::{FORMAT, render_requested_grants};
use super::plugin_file::{PLUGIN_FILE, component_name, invalid_manifest, read_plugin_file};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path, folder};
use crate::terminal::format::{byte_size, describe_read_error};
use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;
use crate::view::versioned::Versioned;
use tool::Tool;

/// Arguments of `plugin build`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the plugin, with its plugin.toml
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Component to write [default: NAME.wasm in the folder]
    #[arg(long, value_name = "FILE.wasm")]
    out: Option<PathBuf>,
    /// Print the inspection of the component as JSON
    #[arg(long)]
    json: bool,
}

/// Builds the component and prints its inspection.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let dir = folder(&args.dir);
    let built = build_component(&dir, args.out.as_deref(), printer)?;
    if args.json {
        printer.print_json_pretty(&Versioned::new(FORMAT, &built.inspection));
    } else {
        printer.print(&render(&built));
    }
    Ok(Exit::Passed)
}

fn render(Built { file, inspection }: &Built) -> String {
    let file = display_path(file);
    let world = inspection.world.map_or("unknown world", World::as_str);
    let (size, digest) = (byte_size(inspection.size), &inspection.digest);
    let requests = render_requested_grants(inspection);
    sanitize(&format!("wrote {file}: {world}, {size}, {digest}\nrequests {requests}\n"))
}

/// A component that was built.
pub struct Built {
    /// Where it was written.
    pub file: PathBuf,
    inspection: Inspection,
}

/// Builds the component of the plugin in a folder and writes it.
pub fn build_component(dir: &Path, out: Option<&Path>, printer: &Printer) -> Result<Built, Failure> {
    let plugin = read_plugin_file(dir)?;
    let made = match &plugin.recipe {
        Some(Recipe::Rust { target }) => rust::build(dir, target, printer)?,
        Some(Recipe::Python { module, world }) => python::build(dir, module, world.as_deref(), printer)?,
        Some(Recipe::JavaScript { entry, world, is_typed }) => {
            javascript::build(dir, entry, world.as_deref(), *is_typed, printer)?
        }
        Some(Recipe::Command { words, makes }) => run_command(dir, words, makes, printer)?,
        None => return Err(no_recipe(dir)),
    };
    let bytes = read_made(&made)?;
    let component = componentize(&bytes).map_err(|why| unusable(&made, &why, None))?;
    let component = match &plugin.manifest {
        None => component.into_owned(),
        Some(text) => with_manifest(&component, text)
            .map_err(|bad| invalid_manifest(&format!("{}: {bad}", display_path(&dir.join(PLUGIN_FILE))), bad.hint))?,
    };
    let inspection = inspect(&component).map_err(|why| unusable(&made, &why.to_string(), why.hint()))?;
    if let Some(misfit) = &inspection.misfit {
        return Err(unusable(&made, &misfit.describe(), None));
    }
    if let (Some(Recipe::JavaScript { entry, .. }), Some(world)) = (&plugin.recipe, inspection.world) {
        javascript::check_export(dir, entry, world)?;
    }
    let Some(manifest) = &inspection.manifest else {
        let file = display_path(&dir.join(PLUGIN_FILE));
        return Err(invalid_manifest(
            &format!("{file} has no `name`, and the compiler put no manifest in"),
            "add name = \"NAME\" and version = \"0.1.0\"".to_owned(),
        ));
    };
    let file = out.map_or_else(|| dir.join(component_name(manifest)), |out| current_dir().join(out));
    replace(&file, &component, 0o666)
        .map_err(|why| Failure::infrastructure(format!("{} cannot be written: {why}", display_path(&file))))?;
    Ok(Built { file, inspection })
}

/// The error about a folder whose `plugin.toml` does not say how it is built.
fn no_recipe(dir: &Path) -> Failure {
    let known = [("Cargo.toml", "rust"), ("component.py", "python"), ("component.js", "javascript")];
    let language = known.iter().find(|(file, _)| dir.join(file).is_file()).map_or("rust", |(_, language)| language);
    Failure::usage(format!("{} has no [build]", display_path(&dir.join(PLUGIN_FILE))))
        .with_code(ErrorCode::InvalidFile)
        .with_hint(format!("add [build] with language = \"{language}\""))
}

fn run_command(dir: &Path, words: &[String], makes: &str, printer: &Printer) -> Result<PathBuf, Failure> {
    let Some((program, arguments)) = words.split_first() else { return Err(no_recipe(dir)) };
    let tool = Tool::find(program, dir, "install it, or change `command` under [build]")?;
    tool.run(|command| command.args(arguments), dir, printer)?;
    Ok(dir.join(makes))
}

/// Reads what a tool wrote.
fn read_made(made: &Path) -> Result<Vec<u8>, Failure> {
    phasegate_files::read(made, MAX_COMPONENT_BYTES).map_err(|why| {
        let name = display_path(made);
        let failure = Failure::check_failed(format!("the build did not write {name}: {}", describe_read_error(&why)));
        failure.with_code(ErrorCode::BuildFailed).with_hint("see the output of the tool above")
    })
}

/// The error about an output that is not a plugin. A component that was built before stays.
fn unusable(made: &Path, why: &str, hint: Option<String>) -> Failure {
    Failure::check_failed(format!("{} is not a plugin: {why}", display_path(made)))
        .with_code(ErrorCode::NotAPlugin)
        .with_hints(hint)
}
