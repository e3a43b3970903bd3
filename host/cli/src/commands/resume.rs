//! `phasegate resume`: continues a run where its journal ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::Journal;
use phasegate_process::{GivenLimits, RunId, RunStatus};
use phasegate_runtime::output::write_out;
use phasegate_runtime::{BudgetOverride, Config, Error, Host, continuing_experiment, load_run};

use crate::context::Context;
use crate::drive::{RunDriver, resume_target};
use crate::edited::note_differences;
use crate::exit::{Exit, Failure};
use crate::find_run::{check_not_in_use, find_run_or_newest};
use crate::numbers::{usd, whole_number};
use crate::open::{self, RunOptions};
use crate::out_dir::{check_resumed_out_dir, out_dir, try_out_dir};
use crate::paths::{current_dir, display_path};
use crate::repository::check_repository;
use crate::trust;
use crate::view::live::LiveView;
use crate::view::next_steps::render_shared_beginning;

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
    /// Raise the budget of model calls to N, for this resume and later ones
    #[arg(long, value_name = "N", value_parser = whole_number::<u64>)]
    calls: Option<u64>,
    /// Raise the budget of tokens to N, for this resume and later ones
    #[arg(long, value_name = "N", value_parser = whole_number::<u64>)]
    tokens: Option<u64>,
    /// Raise the budget in US dollars to N, for this resume and later ones
    #[arg(long, value_name = "N", value_parser = usd)]
    usd: Option<f64>,
    /// Take a provider's address and key from the configuration, not from the run; repeat for more
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Git repository that has the run's commit, where it is no longer in its place or lies outside of the project
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// Configuration file, for what the run did not pin [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Repeat model calls without an answer, though they may have been billed
    #[arg(long)]
    ask_again: bool,
    /// Print only the new events to stdout, one JSON object per line
    #[arg(long)]
    json: bool,
}

/// Resumes the run.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    // The journal is opened before the host, which would create a state folder.
    let journal = open::journal_to_write(context)?;
    let run = find_run_or_newest(context, &journal, args.run.as_deref())?;
    check_not_in_use(&journal, &run)?;
    if args.out.is_none()
        && let Some(exit) = report_end(context, &journal, &run, args.json).await?
    {
        return Ok(exit);
    }
    drop(journal);
    let out = args.out.as_deref().map(|out| current_dir().join(out));
    check_resumed_out_dir(&context.state, &run, out.as_deref(), args.force)?;
    let repository = args.repo.as_deref().map(|repo| current_dir().join(repo));
    let options = RunOptions {
        overlap: args.overlap,
        budget_override: BudgetOverride {
            limits: GivenLimits { calls: args.calls, tokens: args.tokens, usd: args.usd },
            ask_again: args.ask_again,
        },
        offline: false,
        current_providers: args.provider,
        repository: repository.clone(),
    };
    let host = open_host(args.config.as_deref(), options, context)?;
    Resume { run, out, repository, json: args.json }.drive(host, context).await
}

/// Says in one line that there is nothing to resume, and writes what the output folder of an ended run lacks; `None` if the run
/// can be resumed.
async fn report_end(
    context: &Context,
    journal: &dyn Journal,
    run: &RunId,
    json: bool,
) -> Result<Option<Exit>, Failure> {
    let (state, events) = load_run(journal, run)?;
    if let Some(experiment) = continuing_experiment(journal, &state) {
        context.printer.note(&format!("run {run} has nothing to resume: {}\n", render_shared_beginning(&experiment)));
        return Ok(Some(Exit::Passed));
    }
    let Some((status, _)) = state.ended() else { return Ok(None) };
    // No other process writes the folder meanwhile.
    let _owned = journal.acquire(run).await?;
    let out = out_dir(&context.state, run);
    check_resumed_out_dir(&context.state, run, None, false)?;
    let written = write_out(&out, journal, &state, &events).map(|written| written.incomplete());
    if let Ok(Some(error)) | Err(error) = written {
        return Err(Error::from(error).into());
    }
    let show = context.printer.command(&format!("show {run}"));
    let (status_word, out) = (status.as_str(), display_path(&out));
    let text =
        format!("run {run} has already ended ({status_word}); nothing to resume\nout: {out}\nsee it with: {show}\n");
    // With --json, stdout has only events.
    if json {
        context.printer.note(&text)
    } else {
        context.printer.print(&text)
    }
    Ok(Some(if status == RunStatus::Passed { Exit::Passed } else { Exit::Failed }))
}

/// Opens the host for a run that continues: with the named configuration, else with the nearest one if it can be used.
pub fn open_host(config: Option<&Path>, options: RunOptions, context: &Context) -> Result<OpenedHost, Failure> {
    let config = match config {
        Some(named) => open::config(context, Some(named), None)?,
        None => open::config_if_readable(context, None)?,
    };
    let host = open::host(context, config.clone(), options)?;
    Ok(OpenedHost { host, config })
}

/// A host and the configuration of today.
pub struct OpenedHost {
    /// The host.
    pub host: Host,
    config: Config,
}

/// A run that continues, and how.
pub struct Resume {
    run: RunId,
    /// The output folder; `None` for the one that was chosen when the run was created.
    out: Option<PathBuf>,
    /// The repository in place of the one that the run pinned.
    repository: Option<PathBuf>,
    /// Whether stdout has only events.
    json: bool,
}

impl Resume {
    /// Continues a run as it was created, if its output folder may be written.
    pub fn new(run: RunId, context: &Context) -> Result<Self, Failure> {
        check_resumed_out_dir(&context.state, &run, None, false)?;
        Ok(Self { run, out: None, repository: None, json: false })
    }

    /// Drives the run to its end.
    pub async fn drive(self, opened: OpenedHost, context: &Context) -> Result<Exit, Failure> {
        let Self { run, out, repository, json } = self;
        let OpenedHost { host, config } = opened;
        out.as_deref().map_or(Ok(()), try_out_dir)?;
        trust::ensure_run(context, &host, &run, false)?;
        check_repository(&context.state, &host, &run, repository.as_deref())?;
        note_differences(context, &host, &config, &run)?;
        let view = Arc::new(LiveView::new(context, json, false));
        let target = resume_target(&host, &view, &context.state, run, out)?;
        Ok(RunDriver::new(host, view, context.signals.clone()).drive_all(vec![target], 1).await)
    }
}
