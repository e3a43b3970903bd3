//! `phasegate export`: writes a run to one file, to be shown, replayed and forked on another machine.

use std::io::BufWriter;
use std::path::PathBuf;

use phasegate_files::NewFile;
use phasegate_runtime::archive;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::format::count;

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run
    run: String,
    /// File to write, such as run.phasegate
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Include all components of the run; an import adds bundled ones without this flag
    #[arg(long)]
    components: bool,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the file; an existing file is replaced only when the new one is complete.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let run = find_run(context, &journal, &args.run)?;
    if args.file.symlink_metadata().is_ok() && !args.force {
        let file = args.file.display();
        return Err(Failure::usage(format!("{file} already exists; nothing was written"))
            .with_hint("choose another name, or overwrite it with --force"));
    }
    let unwritable =
        |why: std::io::Error| Failure::infrastructure(format!("{} cannot be written: {why}", args.file.display()));
    // Its file is removed if the export fails: an incomplete file could be mistaken for an export.
    let new = NewFile::create(&args.file, 0o666).map_err(unwritable)?;
    let exported = archive::export(&journal, &run, args.components, BufWriter::new(new.file()))?;
    new.place().map_err(unwritable)?;
    if args.json {
        printer.print_json(&exported);
        return Ok(Exit::Passed);
    }
    printer.print(&format!(
        "Wrote run {run} to {}: {}, {}.\n",
        args.file.display(),
        count(exported.events, "event"),
        count(exported.blobs as u64, "blob")
    ));
    if !exported.left_out.is_empty() {
        printer.print(&format!(
            "Left out {}: `import` restores bundled ones, others need --components.\n",
            count(exported.left_out.len() as u64, "component")
        ));
    }
    Ok(Exit::Passed)
}
