//! `phasegate resume`: continues a run where its journal ends.

use std::path::PathBuf;
use std::sync::Arc;

use phasegate_runtime::BudgetOverride;

use crate::context::Context;
use crate::drive::{RunDriver, resume_target};
use crate::exit::{Exit, Failure};
use crate::find_run::find_run_or_newest;
use crate::open::{self, RunOptions};
use crate::out_dir::check_resumed_out_dir;
use crate::paths::current_dir;
use crate::repository::check_repository;
use crate::trust;
use crate::view::live::LiveView;

/// Arguments of `resume`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Output folder [default: the one chosen when the run was created]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite files in the output folder
    #[arg(long, requires = "out")]
    force: bool,
    /// Let the model calls of the run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// Raise the budget of model calls to N
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Raise the budget of tokens to N
    #[arg(long, value_name = "N")]
    tokens: Option<u64>,
    /// Raise the budget in US dollars to N
    #[arg(long, value_name = "N")]
    usd: Option<f64>,
    /// Take a provider's address and key from the configuration, not from the run; repeat for more
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Git repository that has the run's commit, where it is no longer in its place or lies outside of the project
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// Repeat model calls without an answer, though they may have been billed
    #[arg(long)]
    ask_again: bool,
    /// Print only the new events to stdout, one JSON object per line
    #[arg(long)]
    json: bool,
}

/// Resumes the run.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let state = &context.state;
    // The journal is opened before the host, which would create a state folder.
    let run = find_run_or_newest(context, &open::journal_to_write(context)?, args.run.as_deref())?;
    let out = args.out.as_deref().map(|out| current_dir().join(out));
    check_resumed_out_dir(state, &run, out.as_deref(), args.force)?;
    let repo = args.repo.as_deref().map(|repo| current_dir().join(repo));
    let budget_override =
        BudgetOverride { calls: args.calls, tokens: args.tokens, usd: args.usd, ask_again: args.ask_again };
    let host = open::host(
        context,
        open::config_if_readable(context, None)?,
        RunOptions {
            overlap: args.overlap,
            budget_override,
            offline: false,
            current_providers: args.provider,
            repository: repo.clone(),
        },
    )?;
    trust::ensure_run(context, &host, &run, false)?;
    check_repository(state, &host, &run, repo.as_deref())?;
    let view = Arc::new(LiveView::new(context, args.json, false));
    let target = resume_target(&host, &view, state, run, out)?;
    Ok(RunDriver::new(host, view).drive_all(vec![target], 1).await)
}
