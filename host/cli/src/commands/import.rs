//! `phasegate import`: adds a run from an exported file to the journal.

use std::path::PathBuf;

use phasegate_journal::JournalError;
use phasegate_runtime::Error;
use phasegate_runtime::archive::{self, ImportedRun};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::terminal::format::{count, describe_read_error};
use crate::terminal::printer::Printer;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Args {
    /// File written by `phasegate export`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Imports the run; creates the state folder if there is none.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Context { printer, .. } = context;
    let name = args.file.display();
    let file = phasegate_files::open_input(&args.file).map_err(|why| {
        Failure::usage(format!("{name} cannot be read: {}", describe_read_error(&why)))
            .with_hint("give a file that `export` has written")
    })?;
    let journal = open::open_or_create_journal(context)?;
    let imported = archive::import(&journal, file).await.map_err(|error| match &error {
        Error::Archive(why) => {
            Failure::usage(format!("{name} cannot be imported: {why}")).with_code(why.code()).with_hint(why.hint())
        }
        Error::Journal(why @ JournalError::CannotImport { .. }) => {
            Failure::usage(format!("{name}: {why}")).with_code(error.code()).with_hint(why.hint())
        }
        _ => error.into(),
    })?;
    match args.json {
        true => printer.print_json(&Versioned::new(FORMAT, &imported)),
        false => printer.print(&render_imported(&imported, printer)),
    }
    Ok(Exit::Passed)
}

fn render_imported(imported: &ImportedRun, printer: &Printer) -> String {
    let ImportedRun { run, events, blobs, new, missing } = imported;
    let size = format!("{}, {}", count(*events as u64, "event"), count(*blobs as u64, "blob"));
    let mut text = match *new {
        true => format!("Imported run {run}: {size}.\n"),
        false => format!("Run {run} already exists with the same events: {size}.\n"),
    };
    if !missing.is_empty() {
        text.push_str("Imported without components: `show` works, `replay` and `resume` do not.\nhint: re-export with --components\n");
    }
    text.push_str(&format!("Show it with: {}\n", printer.command(&format!("show {run}"))));
    text
}
