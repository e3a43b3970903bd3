//! `phasegate cancel`: asks the process that executes a run to stop. Everything recorded so far is kept.

use phasegate_journal::Journal;
use phasegate_process::state::{JudgedAttempt, State};
use phasegate_runtime::load_run;

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
        return Err(explain_not_running(&load_run(&journal, &run)?.0));
    }
    let by = approver::name(None).map_or_else(|_| "somebody".to_owned(), |by| by.to_string());
    journal.request_cancel(&run, &by).await?;
    let resume = context.printer.command(&format!("resume {run}"));
    context.printer.print(&format!("Asked run {run} to stop. Resume it with: {resume}\n"));
    Ok(Exit::Passed)
}

/// Returns the failure for a run that no process executes.
fn explain_not_running(state: &State) -> Failure {
    let run = &state.created.run_id;
    if let Some((status, _)) = state.ended() {
        return Failure::usage(format!("run {run} has ended ({}); there is nothing to stop", status.as_str()))
            .with_hint(format!("see its result with `phasegate show {run}`"));
    }
    match state.waiting() {
        Some((phase, judged, _)) => {
            let at = JudgedAttempt::new(phase, judged).at;
            let message = format!("run {run} is not running: it waits for a decision about {at}");
            Failure::usage(message)
                .with_hint("where another terminal asks about it, press Ctrl-C there: the run still waits then")
                .with_hint(format!("end the run for good with `phasegate abort {run} --at {at} --reason TEXT`"))
        }
        None => Failure::usage(format!("run {run} is not running"))
            .with_hint(format!("see its status with `phasegate show {run}`")),
    }
}
