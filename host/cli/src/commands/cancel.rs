//! `phasegate cancel`: asks the process that executes a run to stop. Everything recorded so far is kept.

use phasegate_journal::Journal;

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;

/// Arguments of `cancel`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run
    run: String,
}

/// Records the request to stop.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal_to_write(context)?;
    let run = find_run(context, &journal, &args.run)?;
    if journal.owner(&run)?.is_none() {
        return Err(Failure::usage(format!("run {run} is not running"))
            .with_hint(format!("see its status with `phasegate show {run}`")));
    }
    let by = approver::name(None).map_or_else(|_| "somebody".to_owned(), |by| by.to_string());
    journal.request_cancel(&run, &by).await?;
    let resume = context.printer.command(&format!("resume {run}"));
    context.printer.print(&format!("Asked run {run} to stop. Resume it with: {resume}\n"));
    Ok(Exit::Passed)
}
