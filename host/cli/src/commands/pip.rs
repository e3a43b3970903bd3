//! `phasegate pip`: lists and decides improvement proposals of postmortems.

use phasegate_journal::Journal;
use phasegate_runtime::{DecidedElsewhere, Proposal, load_proposals, record_proposal_decision};
use serde_json::Value;

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::paths;
use crate::terminal::format::one_line;
use crate::terminal::text::sanitize;
use crate::view::unreadable::note_unreadable;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Subcommands of `pip`.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List improvement proposals, newest first
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Approve a proposal; later runs follow it
    Approve(Args),
    /// Reject a proposal; later runs do not propose it again
    Reject(Args),
}

/// Arguments of a decision.
#[derive(clap::Args)]
pub struct Args {
    /// RUN/ID as `pip list` shows it, or ID if only one run has it
    #[arg(value_name = "RUN/ID")]
    proposal: String,
    /// Name of the person who decides [default: current user]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Reason; a rejection needs one
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

/// Runs a subcommand of `pip`.
pub async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::List { json } => list(json, context),
        Command::Approve(args) => decide(args, true, context).await,
        Command::Reject(args) => decide(args, false, context).await,
    }
}

fn list(json: bool, context: &Context) -> Result<Exit, Failure> {
    let all = match open::find_journal(context)? {
        Some(journal) => {
            let (all, unreadable) = load_proposals(&journal)?;
            note_unreadable(context, &unreadable, "leaving it out");
            all
        }
        None => Vec::new(),
    };
    if json {
        let versioned: Vec<_> = all.iter().map(|proposal| Versioned::new(FORMAT, proposal)).collect();
        context.printer.print_json_pretty(&versioned);
    } else if all.is_empty() {
        context.printer.print(&format!("No improvement proposals in {}.\n", paths::display_path(&context.state)));
    } else {
        context.printer.print(&all.iter().map(render_proposal).collect::<Vec<_>>().join("\n"));
    }
    Ok(Exit::Passed)
}

async fn decide(args: Args, approved: bool, context: &Context) -> Result<Exit, Failure> {
    let journal = open::journal_to_write(context)?;
    let name = resolve_proposal(context, &journal, &args.proposal)?;
    let by = approver::name(args.by)?;
    let reason = sanitize(&args.reason);
    let decided = record_proposal_decision(&journal, &name, approved, by.as_str(), &reason).await?;
    context
        .printer
        .print(&format!("{}/{} {} by {by}; this applies to later runs\n", decided.run, decided.id, decided.status));
    Ok(Exit::Passed)
}

fn resolve_proposal(context: &Context, journal: &dyn Journal, name: &str) -> Result<String, Failure> {
    match name.split_once('/') {
        Some((run, id)) => Ok(format!("{}/{id}", find_run(context, journal, run)?)),
        None => Ok(name.to_owned()),
    }
}

fn render_proposal(proposal: &Proposal) -> String {
    let by = proposal.by.as_deref().map(|by| format!(" by {}", one_line(by))).unwrap_or_default();
    let render_reason = |why: &str| if why.is_empty() { String::new() } else { format!(": {}", one_line(why)) };
    let why = proposal.reason.as_deref().map(render_reason).unwrap_or_default();
    let origin = match (&proposal.elsewhere, proposal.imported) {
        (Some(DecidedElsewhere { status, by, reason }), _) => {
            let reason = render_reason(reason);
            format!("  imported; {status} elsewhere by {}, which does not count here{reason}\n", one_line(by))
        }
        (None, true) => "  imported\n".to_owned(),
        (None, false) => String::new(),
    };
    let text = |value: &Value, field: &str| one_line(value.get(field).and_then(Value::as_str).unwrap_or_default());
    let mut lines = format!(
        "{}/{}  {}{by}{why}\n{origin}  {}\n",
        proposal.run,
        one_line(&proposal.id),
        proposal.status,
        text(&proposal.content, "analysis")
    );
    let changes = proposal.content.get("proposed_changes").and_then(Value::as_array);
    for change in changes.into_iter().flatten() {
        lines.push_str(&format!(
            "  {} {}: {}\n",
            text(change, "change"),
            text(change, "target"),
            text(change, "proposed")
        ));
    }
    lines
}
