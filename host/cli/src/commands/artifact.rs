//! `phasegate artifact`: lists the artifacts of a run, or prints one of them.

use std::path::PathBuf;

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::source::nearest;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::{find_run, find_run_or_newest, newest_own};
use crate::numbers::at_least_one;
use crate::open;
use crate::terminal::format::{byte_size, table};
use crate::view::artifact::{ArtifactFile, StoredArtifact, files_of, read_artifact, render_artifact, stored_artifacts};

/// The version of the JSON form of the list.
const FORMAT: u32 = 1;
/// The most names in a hint.
const MAX_NAMES: usize = 20;

/// Arguments of `artifact`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Artifact to print [default: list all]
    name: Option<String>,
    /// Print the one that attempt N stored, not the newest
    #[arg(long, value_name = "N", value_parser = at_least_one::<u32>)]
    attempt: Option<u32>,
    /// Print only this file of the artifact
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Print JSON: the list, or the document as it is stored
    #[arg(long, conflicts_with = "file")]
    json: bool,
}

/// Prints the list or the artifact.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let (run, name) = find_run_and_name(args, context, &journal)?;
    let stored = stored_artifacts(&journal.events(&run)?);
    let Some(name) = name else {
        if args.attempt.is_some() || args.file.is_some() {
            let flag = if args.attempt.is_some() { "--attempt" } else { "--file" };
            return Err(Failure::usage(format!("{flag} needs the name of an artifact"))
                .with_hint(format!("list them with `phasegate artifact {run}`")));
        }
        match args.json {
            true => printer.print_json_pretty(&stored.iter().map(to_json).collect::<Vec<_>>()),
            false => printer.print(&render_list(&stored)),
        }
        return Ok(Exit::Passed);
    };
    let artifact = &find_artifact(&run, &stored, name, args.attempt)?.artifact;
    let bytes = read_artifact(&journal, artifact)?;
    let document = serde_json::from_slice::<Value>(&bytes);
    match (&args.file, document) {
        (Some(path), document) => {
            let files = document.map(|document| files_of(&document)).unwrap_or_default();
            printer.print_text(&find_file(name, files, &path.to_string_lossy())?.content);
        }
        (None, Ok(document)) if args.json => printer.print_json_pretty(&document),
        (None, Err(_)) if args.json => {
            return Err(Failure::usage(format!("artifact `{name}` is not JSON")).with_hint("leave out --json"));
        }
        (None, _) => printer.print_text(&render_artifact(&bytes)),
    }
    Ok(Exit::Passed)
}

/// Returns the run and the name of the artifact. A single argument that is no run may name an artifact of the newest run.
fn find_run_and_name<'a>(
    args: &'a Args,
    context: &Context,
    journal: &dyn Journal,
) -> Result<(RunId, Option<&'a str>), Failure> {
    let (Some(given), None) = (args.run.as_deref(), args.name.as_deref()) else {
        return Ok((find_run_or_newest(context, journal, args.run.as_deref())?, args.name.as_deref()));
    };
    let failure = match find_run(context, journal, given) {
        Ok(run) => return Ok((run, None)),
        Err(failure) => failure,
    };
    let Some(newest) = newest_own(journal)? else { return Err(failure) };
    let stored = stored_artifacts(&journal.events(&newest)?);
    match stored.iter().any(|stored| stored.artifact.name.as_str() == given) {
        true => Ok((find_run_or_newest(context, journal, None)?, Some(given))),
        false => Err(failure),
    }
}

fn to_json(stored: &StoredArtifact) -> Value {
    let StoredArtifact { at, artifact } = stored;
    json!({
        "format": FORMAT, "name": artifact.name, "kind": artifact.kind, "stored_by": at.as_ref().map(ToString::to_string),
        "digest": artifact.digest, "size": artifact.size,
    })
}

fn render_list(stored: &[StoredArtifact]) -> String {
    let head = ["artifact", "kind", "stored by", "size", "digest"].map(str::to_owned).to_vec();
    let rows = stored.iter().map(|StoredArtifact { at, artifact }| {
        let by = at.as_ref().map_or("the task".to_owned(), ToString::to_string);
        let digest = artifact.digest.short().to_owned();
        vec![artifact.name.to_string(), artifact.kind.to_string(), by, byte_size(artifact.size), digest]
    });
    table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// Returns the newest artifact of a name, or the one that an attempt stored.
fn find_artifact<'a>(
    run: &RunId,
    stored: &'a [StoredArtifact],
    name: &str,
    attempt: Option<u32>,
) -> Result<&'a StoredArtifact, Failure> {
    let named: Vec<_> = stored.iter().filter(|stored| stored.artifact.name.as_str() == name).collect();
    let Some(newest) = named.last() else {
        let names = stored.iter().map(|stored| stored.artifact.name.as_str());
        return Err(Failure::usage(format!("run {run} has no artifact `{name}`"))
            .with_hint(suggestion(name, names.collect()))
            .with_hint(format!("list all with `phasegate artifact {run}`")));
    };
    let Some(attempt) = attempt else { return Ok(newest) };
    let of_attempt =
        named.iter().rev().find(|stored| stored.at.as_ref().is_some_and(|at| at.attempt == attempt)).copied();
    of_attempt.ok_or_else(|| {
        let by = named.iter().map(|stored| stored.at.as_ref().map_or("the task".to_owned(), ToString::to_string));
        let by = by.collect::<Vec<_>>().join(", ");
        Failure::usage(format!("attempt {attempt} stored no artifact `{name}`")).with_hint(format!("it is from {by}"))
    })
}

fn find_file(name: &str, files: Vec<ArtifactFile>, path: &str) -> Result<ArtifactFile, Failure> {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    files.into_iter().find(|file| file.path == path).ok_or_else(|| {
        let failure = Failure::usage(format!("artifact `{name}` has no file `{path}`"));
        match paths.is_empty() {
            true => failure.with_hint("leave out --file: the artifact does not consist of files"),
            false => failure.with_hint(suggestion(path, paths.iter().map(String::as_str).collect())),
        }
    })
}

fn suggestion(word: &str, mut known: Vec<&str>) -> String {
    known.sort_unstable();
    known.dedup();
    match nearest(word, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("choose from {}", known.into_iter().take(MAX_NAMES).collect::<Vec<_>>().join(", ")),
    }
}
