//! `phasegate export`: a run in one file, to be shown, replayed and forked on another machine.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use phasegate_runtime::archive;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::format::count;

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
    /// The file to write, such as run.phasegate
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the components along: needed where they are neither bundled nor known there
    #[arg(long)]
    components: bool,
    /// Write over the file if it is there
    #[arg(long)]
    force: bool,
    /// Say what was written as one JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the file; an old one of the name stays until the new one is whole.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let run = find_run(context, &journal, &args.run)?;
    if args.file.exists() && !args.force {
        let file = args.file.display();
        return Err(Failure::usage(format!(
            "{file} is there already, and nothing was written\nhint: choose another name, or write over it with --force"
        )));
    }
    let unwritable =
        |why: std::io::Error| Failure::infrastructure(format!("{} cannot be written: {why}", args.file.display()));
    let part = args.file.with_extension("part");
    let file = File::create(&part).map_err(unwritable)?;
    let exported = archive::export(&journal, &run, args.components, BufWriter::new(file));
    let exported = match exported {
        Ok(exported) => exported,
        Err(error) => {
            // Half a file would only be taken for a whole one.
            let _ = std::fs::remove_file(&part);
            return Err(error.into());
        }
    };
    std::fs::rename(&part, &args.file).map_err(unwritable)?;
    if args.json {
        printer.print_json(&exported);
        return Ok(Exit::Passed);
    }
    printer.print(&format!(
        "run {run} written to {}: {}, {}\n",
        args.file.display(),
        count(exported.events, "event"),
        count(exported.blobs as u64, "blob")
    ));
    if !exported.left_out.is_empty() {
        printer.print(&format!(
            "  without its {}; bundled ones are put in again at import, others need --components\n",
            count(exported.left_out.len() as u64, "component")
        ));
    }
    Ok(Exit::Passed)
}
