//! `phasegate approve|reject|override|abort`: a person's word at a gate that waits. `resume` goes on from it.

use phasegate_process::Choice;
use phasegate_runtime::{PersonSays, decide};

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::view::event::render_choice;

/// Arguments of a decision.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
    /// Who decides [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why; it stands in the result
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Arguments of `reject`.
#[derive(clap::Args)]
pub struct RejectArgs {
    #[command(flatten)]
    args: Args,
    /// The phase that is to revise its work [default: the feedback strategy chooses]
    #[arg(long, value_name = "PHASE")]
    revise: Option<String>,
}

/// Confirms a pass.
pub async fn approve(args: Args, context: &Context) -> Result<Exit, Failure> {
    record_decision(args, Choice::Approve, context).await
}

/// Fails the gate.
pub async fn reject(args: RejectArgs, context: &Context) -> Result<Exit, Failure> {
    let revise = args.revise.map(|phase| phase.parse()).transpose();
    let revise = revise.map_err(|bad| Failure::usage(format!("--revise: {bad}")))?;
    record_decision(args.args, Choice::Reject { revise }, context).await
}

/// Goes on in spite of the gate.
pub async fn override_gate(args: Args, context: &Context) -> Result<Exit, Failure> {
    record_decision(args, Choice::Override, context).await
}

/// Ends the run.
pub async fn abort(args: Args, context: &Context) -> Result<Exit, Failure> {
    record_decision(args, Choice::Abort, context).await
}

async fn record_decision(args: Args, choice: Choice, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal_to_write(context)?;
    let run = find_run(context, &journal, &args.run)?;
    let by = approver::name(args.by)?;
    let choice_text = render_choice(&choice);
    let over = choice == Choice::Abort;
    decide(&journal, &run, PersonSays { choice, by: by.clone(), reason: args.reason }).await?;
    let then = if over { String::new() } else { format!("go on with: phasegate resume {run}\n") };
    context.printer.print(&format!("run {run}: {choice_text} by {by}\n{then}"));
    Ok(Exit::Passed)
}
