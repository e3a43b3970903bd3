//! `phasegate export` and `phasegate import`: a run in one file, to be shown, replayed and forked on another machine.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use phasegate_runtime::Error;
use phasegate_runtime::archive::{self, ImportedRun};

use crate::fail::{Exit, Failure};
use crate::place::{self, find_run};
use crate::words::{count, say};

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct ExportArgs {
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

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct ImportArgs {
    /// A file that `phasegate export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say what was taken in as one JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the file; an old one of the name stays until the new one is whole.
pub fn export(args: &ExportArgs, state: &Path) -> Result<Exit, Failure> {
    let journal = place::journal(state)?;
    let run = find_run(&journal, &args.run)?;
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
        say(&format!("{}\n", serde_json::to_string(&exported).unwrap_or_default()));
        return Ok(Exit::Passed);
    }
    say(&format!(
        "run {run} written to {}: {}, {}\n",
        args.file.display(),
        count(exported.events, "event"),
        count(exported.blobs as u64, "blob")
    ));
    if !exported.left_out.is_empty() {
        say(&format!(
            "  without its {}; bundled ones are put in again at import, others need --components\n",
            count(exported.left_out.len() as u64, "component")
        ));
    }
    Ok(Exit::Passed)
}

/// Takes the run in; makes the state folder if there is none.
pub async fn import(args: &ImportArgs, state: &Path) -> Result<Exit, Failure> {
    let name = args.file.display();
    let file = File::open(&args.file).map_err(|why| {
        Failure::usage(format!("{name} cannot be read: {why}\nhint: name a file that `phasegate export` wrote"))
    })?;
    let journal = phasegate_journal::SqliteJournal::open(state)?;
    let imported = archive::import(&journal, file).await.map_err(|error| match error {
        Error::Archive(why) => Failure::usage(format!("{name} cannot be taken: {why}")),
        other => other.into(),
    })?;
    say(&if args.json {
        format!("{}\n", serde_json::to_string(&imported).unwrap_or_default())
    } else {
        words(&imported)
    });
    Ok(Exit::Passed)
}

fn words(imported: &ImportedRun) -> String {
    let ImportedRun { run, events, blobs, new, missing } = imported;
    let how = if *new { "taken in" } else { "here already, with exactly these events" };
    let mut text = format!("run {run} {how}: {}, {}\n", count(*events as u64, "event"), count(*blobs as u64, "blob"));
    if !missing.is_empty() {
        text.push_str("  it can be shown, and neither replayed nor gone on with, for it lacks components; export it with --components\n");
    }
    text.push_str(&format!("  look at it with: phasegate show {run}\n"));
    text
}
