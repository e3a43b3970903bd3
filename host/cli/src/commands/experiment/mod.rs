//! `phasegate experiment`: tasks × variants × repetitions within one budget, and a table of what came of it.
//!
//! The same command goes on where it stopped: runs that ended are taken as they are, the others are gone on with. Progress
//! goes to stderr; stdout has the table and nothing else. Whatever can be wrong is found before anything is recorded.

mod drive;
mod files;
mod table;
mod view;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use phasegate_broker::Broker;
use phasegate_experiment::{Experiment, Plan};
use phasegate_journal::{Journal, SqliteJournal};
use phasegate_process::experiment::Results;
use phasegate_runtime::{Config, Error, House};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open::{self, RunOptions};
use crate::paths::{self, current_dir};
use crate::terminal::format::{count, money};
use drive::ExperimentDriver;
use view::ExperimentView;

/// Runs at once, unless the person says otherwise.
const JOBS: usize = 4;

/// Arguments of `experiment`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("form").args(["json", "csv", "markdown"]))]
pub struct Args {
    /// The experiment: tasks, variants, repetitions and a budget, in TOML
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    /// How many runs are under way at once [default: 4]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Where results go, those of each run in a folder of its own [default: phasegate-out/experiment-NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Let the model calls of each run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// The configuration [default: the nearest phasegate.toml upwards from the experiment's file]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run no plugin from a file that phasegate.lock does not know
    #[arg(long)]
    locked: bool,
    /// Write figures and cells as JSON
    #[arg(long)]
    json: bool,
    /// Write the table as CSV
    #[arg(long)]
    csv: bool,
    /// Write the table as Markdown
    #[arg(long)]
    markdown: bool,
}

/// Makes or goes on with every run, and tells what came of them.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state, printer, .. } = context;
    let experiment = Experiment::read(&args.file)?;
    let config = open::config(args.config.as_deref(), Some(&experiment.dir))?.locked_if(args.locked);
    let plan = experiment.plan(&config)?;
    check_models(&experiment, &plan, &config).await?;
    let default_out = || PathBuf::from("phasegate-out").join(format!("experiment-{}", experiment.name));
    let out = current_dir().join(args.out.clone().unwrap_or_else(default_out));
    files::check(&out)?;

    let journal: Arc<dyn Journal> = Arc::new(SqliteJournal::open(state)?);
    let purse = experiment.purse(journal.as_ref())?;
    let spent = purse.spent();
    let host = open::host_over(
        journal,
        context,
        config.sandbox.clone(),
        RunOptions { overlap: args.overlap, ..RunOptions::default() },
        Some(purse),
    )?;
    check_variants(&experiment, &plan, &config, &host).await?;

    let jobs = args.jobs.map_or(JOBS, NonZeroUsize::get);
    printer.note(&format!(
        "experiment {}: {} × {} × {} = {}, {jobs} at once\nbudget      {} for all of them; {} in {} before\nresults     {}\n\n",
        experiment.name,
        count(experiment.tasks.len() as u64, "task"),
        count(experiment.variants.len() as u64, "variant"),
        count(u64::from(experiment.repetitions.get()), "repetition"),
        count(plan.cells.len() as u64, "run"),
        experiment.budget,
        money(spent.usd),
        count(spent.calls, "call"),
        paths::display_path(&out),
    ));
    let name = experiment.name.clone();
    let driver =
        ExperimentDriver::new(experiment, plan, config, host, ExperimentView::new(context), out.clone(), state);
    let (cells, exit) = driver.drive(jobs).await;
    let results = Results::new(&name, cells);
    files::write(&out, &results)?;
    printer.print(&match (args.json, args.csv, args.markdown) {
        (true, ..) => table::render_json(&results),
        (_, true, _) => table::render_csv(&results),
        (.., true) => table::render_markdown(&results),
        _ => table::render_terminal(&results, printer.paint()),
    });
    printer.note(&format!("\nresults are in {}\n", paths::display_path(&out)));
    if !results.complete() {
        printer.note("not every run has ended; go on with the same command\n");
    }
    Ok(exit)
}

/// Whether every variant has models to ask, before the state folder is made.
async fn check_models(experiment: &Experiment, plan: &Plan, config: &Config) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    for (variant, settings) in experiment.variants.iter().zip(plan.settings()) {
        let broker =
            Broker::new(&settings.models, &settings.providers, &settings.prices, &settings.base_dir, &env).await;
        if let Err(fault) = broker {
            return Err(match experiment.blame(variant, Error::Models(fault)) {
                // Nothing of the variant: it is the configuration's.
                Error::Models(fault) => config.explain(fault).into(),
                error => error.into(),
            });
        }
    }
    Ok(())
}

/// Whether every plugin of every variant fits its place, before the first run is made.
async fn check_variants(experiment: &Experiment, plan: &Plan, config: &Config, host: &House) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for cell in plan.cells.iter().filter(|cell| seen.insert(cell.variant)) {
        let (new, variant) = (experiment.new_run(plan, cell, config), experiment.variants.get(cell.variant));
        if let (Some(new), Some(variant)) = (new, variant) {
            host.check(&new).await.map_err(|error| experiment.blame(variant, error))?;
        }
    }
    Ok(())
}
