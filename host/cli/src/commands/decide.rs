//! `phasegate approve`, `reject`, `override` and `abort`: records a decision at a waiting gate. `resume` continues from it.

use phasegate_process::state::DecisionRequest;
use phasegate_process::{AttemptId, Choice, InvalidName};
use phasegate_runtime::{Error, load_run, record_decision};

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_only_run;
use crate::open;
use crate::view::event::render_choice;
use crate::view::next_steps::render_decided;

/// Arguments of a decision.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or the id of a task that has one run
    run: String,
    /// Attempt that the decision is about; needed unless the run has asked about one attempt only
    #[arg(long, value_name = "GATE#N")]
    at: Option<String>,
    /// Name of the person who decides [default: current user]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Reason, recorded in the result; rejections and overrides need one
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Arguments of `reject`.
#[derive(clap::Args)]
pub struct RejectArgs {
    #[command(flatten)]
    args: Args,
    /// Phase that revises its work [default: the feedback strategy chooses]
    #[arg(long, value_name = "PHASE")]
    revise: Option<String>,
}

/// Approves a passed gate.
pub async fn approve(args: Args, context: &Context) -> Result<Exit, Failure> {
    decide_gate(args, Choice::Approve, context).await
}

/// Rejects the work; the reason goes into the next prompt.
pub async fn reject(args: RejectArgs, context: &Context) -> Result<Exit, Failure> {
    let revise = args.revise.map(|phase| phase.parse()).transpose();
    let revise = revise.map_err(|bad: InvalidName| Failure::usage(format!("--revise: {bad}")).with_hint(bad.hint()))?;
    decide_gate(args.args, Choice::Reject { revise }, context).await
}

/// Continues past a failed gate.
pub async fn override_gate(args: Args, context: &Context) -> Result<Exit, Failure> {
    decide_gate(args, Choice::Override, context).await
}

/// Ends the run.
pub async fn abort(args: Args, context: &Context) -> Result<Exit, Failure> {
    decide_gate(args, Choice::Abort, context).await
}

async fn decide_gate(args: Args, choice: Choice, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal_to_write(context)?;
    let run = find_only_run(context, &journal, &args.run)?;
    let at: Option<AttemptId> = args
        .at
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|bad: InvalidName| Failure::usage(format!("--at: {bad}")).with_hint(bad.hint()))?;
    let by = approver::name(args.by)?;
    let choice_text = render_choice(&choice);
    let over = choice == Choice::Abort;
    let (state, _) = load_run(&journal, &run)?;
    let about = state.judgement_to_decide(&choice, at.as_ref()).map_err(Error::from)?;
    let decided = render_decided(&run, &choice_text, &about, by.as_str());
    record_decision(&journal, &run, DecisionRequest { choice, by, reason: args.reason, about }).await?;
    let then = if over { String::new() } else { format!("resume with: phasegate resume {run}\n") };
    context.printer.print(&format!("{decided}{then}"));
    Ok(Exit::Passed)
}
