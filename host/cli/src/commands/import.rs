//! `phasegate import`: takes in a run that was written into a file.

use std::fs::File;
use std::path::PathBuf;

use phasegate_runtime::Error;
use phasegate_runtime::archive::{self, ImportedRun};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::terminal::format::count;

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Args {
    /// A file that `phasegate export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say what was taken in as one JSON object
    #[arg(long)]
    json: bool,
}

/// Takes the run in; makes the state folder if there is none.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state, printer, .. } = context;
    let name = args.file.display();
    let file = File::open(&args.file).map_err(|why| {
        Failure::usage(format!("{name} cannot be read: {why}\nhint: name a file that `phasegate export` wrote"))
    })?;
    let journal = phasegate_journal::SqliteJournal::open(state)?;
    let imported = archive::import(&journal, file).await.map_err(|error| match error {
        Error::Archive(why) => Failure::usage(format!("{name} cannot be taken: {why}")),
        other => other.into(),
    })?;
    match args.json {
        true => printer.print_json(&imported),
        false => printer.print(&render_imported(&imported)),
    }
    Ok(Exit::Passed)
}

fn render_imported(imported: &ImportedRun) -> String {
    let ImportedRun { run, events, blobs, new, missing } = imported;
    let how = if *new { "taken in" } else { "here already, with exactly these events" };
    let mut text = format!("run {run} {how}: {}, {}\n", count(*events as u64, "event"), count(*blobs as u64, "blob"));
    if !missing.is_empty() {
        text.push_str("  it can be shown, and neither replayed nor gone on with, for it lacks components; export it with --components\n");
    }
    text.push_str(&format!("  look at it with: phasegate show {run}\n"));
    text
}
