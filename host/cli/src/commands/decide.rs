//! `phasegate approve`, `reject`, `override` and `abort`: records a decision at a waiting gate. `resume`, or
//! `--resume`, continues from it.

use std::fs::File;
use std::io::{self, Read, stdin};
use std::path::PathBuf;

use phasegate_journal::Journal;
use phasegate_process::state::{DecisionError, DecisionRequest};
use phasegate_process::{AttemptId, Choice, InvalidName, RunId};
use phasegate_runtime::{Error, load_run, record_decision};

use crate::approver;
use crate::commands::resume::{Resume, open_host};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_only_run;
use crate::open::{self, RunOptions};
use crate::paths::display_path;
use crate::terminal::format::describe_read_error;
use crate::terminal::prompt::{confirm, is_interactive};
use crate::terminal::text::sanitize;
use crate::view::event::render_choice;
use crate::view::next_steps::render_decided;
use crate::view::owner::render_owner;

/// Arguments of a decision.
#[derive(clap::Args)]
pub struct DecisionArgs {
    /// Run id or its beginning, or the id of a task that has one run
    run: String,
    /// Attempt that the decision is about; needed unless the run has asked about one attempt only
    #[arg(long, value_name = "GATE#N")]
    at: Option<String>,
    /// Name of the person who decides [default: USER, else LOGNAME, else the account]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Reason, recorded in the result; `-` reads it from stdin. All decisions but `approve` need one
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// File with the reason, in place of --reason
    #[arg(long, value_name = "FILE", conflicts_with = "reason")]
    reason_file: Option<PathBuf>,
}

/// The most bytes of a reason: it goes into a prompt.
const MAX_REASON: u64 = 64 * 1024;

impl DecisionArgs {
    /// Returns the reason without control characters, from wherever it is given.
    fn read_reason(&self) -> Result<String, Failure> {
        let (source, read) = match &self.reason_file {
            Some(file) => (display_path(file), File::open(file).and_then(read_text)),
            None if self.reason == "-" => ("stdin".to_owned(), read_text(stdin())),
            None => return Ok(sanitize(self.reason.trim())),
        };
        let text = read.map_err(|why| {
            let why = describe_read_error(&why);
            Failure::usage(format!("the reason cannot be read from {source}: {why}; nothing was recorded"))
        })?;
        Ok(sanitize(text.trim()))
    }
}

fn read_text(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX_REASON + 1).read_to_string(&mut text)?;
    match text.len() as u64 > MAX_REASON {
        true => Err(io::Error::other("it has more than 64 KiB")),
        false => Ok(text),
    }
}

/// Arguments of `approve` and `override`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    decision: DecisionArgs,
    #[command(flatten)]
    then: ThenArgs,
}

/// Arguments of `reject`.
#[derive(clap::Args)]
pub struct RejectArgs {
    #[command(flatten)]
    decision: DecisionArgs,
    /// Phase that revises its work [default: the feedback strategy chooses]
    #[arg(long, value_name = "PHASE")]
    revise: Option<String>,
    #[command(flatten)]
    then: ThenArgs,
}

/// Arguments of `abort`.
#[derive(clap::Args)]
pub struct AbortArgs {
    #[command(flatten)]
    decision: DecisionArgs,
    /// End the run without a question at the terminal
    #[arg(long)]
    yes: bool,
}

/// What follows a decision.
#[derive(clap::Args)]
pub struct ThenArgs {
    /// Resume the run after the decision
    #[arg(long)]
    resume: bool,
    /// Configuration file, with --resume [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE", requires = "resume")]
    config: Option<PathBuf>,
}

/// Approves a passed gate.
pub async fn approve(args: Args, context: &Context) -> Result<Exit, Failure> {
    args.then.decide(args.decision, Choice::Approve, context).await
}

/// Rejects the work; the reason goes into the next prompt.
pub async fn reject(args: RejectArgs, context: &Context) -> Result<Exit, Failure> {
    let revise = args.revise.map(|phase| phase.parse()).transpose();
    let revise = revise.map_err(|bad: InvalidName| Failure::usage(format!("--revise: {bad}")).with_hint(bad.hint()))?;
    args.then.decide(args.decision, Choice::Reject { revise }, context).await
}

/// Continues past a failed gate.
pub async fn override_gate(args: Args, context: &Context) -> Result<Exit, Failure> {
    args.then.decide(args.decision, Choice::Override, context).await
}

/// Ends the run. At a terminal, asks again.
pub async fn abort(args: AbortArgs, context: &Context) -> Result<Exit, Failure> {
    let AbortArgs { decision, yes } = args;
    let reason = decision.read_reason()?;
    let run = &decision.run;
    let asks = !yes && is_interactive() && !reason.is_empty();
    if asks && !confirm(&format!("end run {run} for good?")) {
        context.printer.note("nothing was recorded\n");
        return Ok(Exit::Usage);
    }
    let journal = open::journal_to_write(context)?;
    decide_gate(decision, reason, Choice::Abort, &journal, context).await?;
    Ok(Exit::Passed)
}

impl ThenArgs {
    /// Records the decision, and resumes the run or says how.
    async fn decide(self, args: DecisionArgs, choice: Choice, context: &Context) -> Result<Exit, Failure> {
        let reason = args.read_reason()?;
        // Opened before the host, which would create a state folder.
        let journal = open::journal_to_write(context)?;
        if !self.resume {
            let run = decide_gate(args, reason, choice, &journal, context).await?;
            let resume = context.printer.command(&format!("resume {run}"));
            context.printer.print(&format!("resume with: {resume}\n"));
            return Ok(Exit::Passed);
        }
        drop(journal);
        // The host is ready before the decision is recorded: a process that asks about the same gate leaves the run to this one.
        let opened = open_host(self.config.as_deref(), RunOptions::default(), context)?;
        let run = decide_gate(args, reason, choice, opened.host.journal().as_ref(), context).await?;
        Resume::new(run, context)?.drive(opened, context).await
    }
}

/// Records the decision, and returns its run.
async fn decide_gate(
    args: DecisionArgs,
    reason: String,
    choice: Choice,
    journal: &dyn Journal,
    context: &Context,
) -> Result<RunId, Failure> {
    let run = find_only_run(context, journal, &args.run)?;
    let at: Option<AttemptId> = args
        .at
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|bad: InvalidName| Failure::usage(format!("--at: {bad}")).with_hint(bad.hint()))?;
    let by = approver::name(args.by)?;
    let choice_text = render_choice(&choice);
    let (state, _) = load_run(journal, &run)?;
    let about =
        state.judgement_to_decide(&choice, at.as_ref()).map_err(|refusal| explain_refusal(refusal, journal, &run))?;
    let decided = render_decided(&run, &choice_text, &about, by.as_str());
    record_decision(journal, &run, DecisionRequest { choice, by, reason, about }).await?;
    context.printer.print(&decided);
    Ok(run)
}

/// Returns the failure of a decision that the state does not allow. A run that another process executes cannot be resumed.
fn explain_refusal(refusal: DecisionError, journal: &dyn Journal, run: &RunId) -> Failure {
    let owner = journal.owner(run).ok().flatten();
    let failure = Failure::from(Error::from(refusal.clone()));
    match (refusal, owner) {
        (DecisionError::NotWaiting { .. }, Some(pid)) => {
            let created_ms = journal.events(run).ok().and_then(|events| events.first().map(|first| first.at_ms));
            let owner = render_owner(pid, created_ms.unwrap_or(0));
            failure.with_only_hint(format!(
                "it runs in {owner}: decide when it asks, or stop it with `phasegate cancel {run}`"
            ))
        }
        _ => failure,
    }
}
