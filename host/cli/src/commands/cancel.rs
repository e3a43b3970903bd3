//! `phasegate cancel`: asks the process that carries a run to stop. What was said and paid so far is kept.

use phasegate_journal::Journal;

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;

/// Arguments of `cancel`.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
}

/// Leaves the word.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal_to_write(context)?;
    let run = find_run(context, &journal, &args.run)?;
    if journal.owner(&run)?.is_none() {
        return Err(Failure::usage(format!(
            "run {run} is not under way, there is nothing to cancel\nhint: `phasegate show {run}` says where it stands"
        )));
    }
    let by = approver::name(None).unwrap_or_else(|_| "somebody".to_owned());
    journal.request_cancel(&run, &by).await?;
    context.printer.print(&format!("run {run} was asked to stop; go on with it later: phasegate resume {run}\n"));
    Ok(Exit::Passed)
}
