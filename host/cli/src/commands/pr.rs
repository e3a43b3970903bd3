//! `phasegate pr`: describes the branch of a run as a pull request, for whatever opens it.

use phasegate_runtime::output::PullRequest;
use phasegate_runtime::{Error, load_run};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run_or_newest;
use crate::open;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `pr`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Print title, body and branch as one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the title, an empty line and the body.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal(context)?;
    let run = find_run_or_newest(context, &journal, args.run.as_deref())?;
    let (state, events) = load_run(&journal, &run)?;
    if state.created.repository.is_none() {
        return Err(Failure::usage(format!("run {run} did not start from a repository"))
            .with_hint("start a run with --repo PATH; the report of this one is in its output folder"));
    }
    let request = PullRequest::describe(&journal, &state, &events).map_err(Error::from)?;
    if let Some(note) = &request.note {
        context.printer.note(note);
    }
    match args.json {
        true => context.printer.print_json(&Versioned::new(FORMAT, &request)),
        false => context.printer.print(&format!("{}\n\n{}", request.title, request.body)),
    }
    Ok(Exit::Passed)
}
