//! `phasegate schema`: JSON Schemas of the files that people write, for editors.

mod file_kind;

use std::path::PathBuf;

use clap::ValueEnum;

pub use file_kind::{FOLDER, FileKind, add_schema_line};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path};

/// Arguments of `schema`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  phasegate schema task
  phasegate schema --out .phasegate-schemas

The first line of a file names its schema: #:schema ./.phasegate-schemas/task.json")]
pub struct Args {
    /// Kind of file; without it, list the kinds
    #[arg(value_enum, value_name = "NAME", conflicts_with = "out")]
    name: Option<FileKind>,
    /// Write every schema into this folder, in place of older ones
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints a schema, lists the schemas, or writes them all.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let text = match (args.name, &args.out) {
        (Some(kind), _) => kind.render(),
        (None, Some(folder)) => {
            let folder = current_dir().join(folder);
            let shown = display_path(&folder);
            write_all(&folder).map_err(|why| {
                Failure::usage(format!("{shown} cannot be written: {why}")).with_hint("name a writable folder")
            })?;
            format!("Wrote {} schemas to {shown}.\n", FileKind::ALL.len())
        }
        (None, None) => FileKind::ALL.map(list_row).concat(),
    };
    context.printer.print(&text);
    Ok(Exit::Passed)
}

fn write_all(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    FileKind::ALL.into_iter().try_for_each(|kind| std::fs::write(folder.join(kind.file_name()), kind.render()))
}

fn list_row(kind: FileKind) -> String {
    let about = kind.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
    format!("{:<15}{}\n", kind.as_str(), about.unwrap_or_default())
}
