//! `phasegate man`: writes a page of the manual for each command.

use std::path::PathBuf;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::display_path;

/// Arguments of `man`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  phasegate man ~/.local/share/man/man1")]
pub struct Args {
    /// Folder for the pages; created if it does not exist
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes the pages, in place of older ones.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let shown = display_path(&args.dir);
    let written =
        std::fs::create_dir_all(&args.dir).and_then(|()| clap_mangen::generate_to((context.parser)(), &args.dir));
    written.map_err(|why| {
        Failure::usage(format!("{shown} cannot be written: {why}")).with_hint("name a writable folder")
    })?;
    context.printer.print(&format!("Wrote the pages of the manual to {shown}.\n"));
    Ok(Exit::Passed)
}
