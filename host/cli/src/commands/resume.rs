//! `phasegate resume`: goes on where the journal of a run ends.

use std::path::PathBuf;
use std::sync::Arc;

use phasegate_runtime::Raise;

use crate::context::Context;
use crate::drive::{RunDriver, resume_target};
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open::{self, RunOptions};
use crate::paths::{self, check_out_dir, current_dir};
use crate::view::live::LiveView;

/// Arguments of `resume`.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
    /// Where results go [default: where they were to go when the run was made]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over what is in the out folder
    #[arg(long, requires = "out")]
    force: bool,
    /// Let the model calls of the run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// Raise the run's budget of model calls to this
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Raise its budget of tokens to this
    #[arg(long, value_name = "N")]
    tokens: Option<u64>,
    /// Raise its budget of US dollars to this
    #[arg(long, value_name = "N")]
    usd: Option<f64>,
    /// Ask calls again that were asked and never answered, though they may have been billed
    #[arg(long)]
    ask_again: bool,
    /// Write the new events to stdout, one JSON object a line, and nothing else
    #[arg(long)]
    json: bool,
}

/// Goes on with the run.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let state = &context.state;
    // Asked before the house is opened, which would make a state folder.
    let run = find_run(context, &open::journal_to_write(context)?, &args.run)?;
    let out = args.out.as_deref().map(|out| current_dir().join(out));
    if let Some(out) = out.as_deref().filter(|out| *out != paths::out_dir(state, &run)) {
        check_out_dir(out, args.force)?;
    }
    let raise = Raise { calls: args.calls, tokens: args.tokens, usd: args.usd, ask_again: args.ask_again };
    let host = open::host(
        context,
        open::sandbox_settings(context, None),
        RunOptions { overlap: args.overlap, raise, offline: false },
    )?;
    let view = Arc::new(LiveView::new(context, args.json, false));
    let load = resume_target(&host, &view, state, run, out)?;
    Ok(RunDriver::new(host, view).drive_all(vec![load], 1).await)
}
