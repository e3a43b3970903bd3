//! `phasegate experiment`: runs tasks × variants × repetitions within one budget, and prints a table of results.
//!
//! The same command continues an interrupted experiment: runs that ended are kept, the others are resumed. Progress goes to
//! stderr; stdout has the table only. Faults are found before anything is recorded. `--dry-run` and `--report-only` start no
//! run.

mod begun;
mod cells;
mod drive;
mod dry_run;
mod files;
mod html;
mod labels;
mod notes;
mod others;
mod outages;
mod table;
mod view;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_broker::{BudgetConfig, ConfigError, Spent, check_priced};
use phasegate_experiment::{Experiment, Plan, PlannedVariant};
use phasegate_journal::{Journal, MemoryJournal};
use phasegate_process::experiment::{CellStatus, Conclusion, Results, VariantDifference};
use phasegate_process::model::Tier;
use phasegate_runtime::{
    Config, Error, ExperimentBudget, Host, NotTrusted, Observer, Origin, RunSettings, Wants, past_efforts,
};

use crate::context::Context;
use crate::context_files;
use crate::exit::{Exit, Failure};
use crate::ignored::ignore_run_folders;
use crate::numbers::at_least_one;
use crate::open::{self, RunOptions};
use crate::out_dir::{OUT, check_apart, check_default_out_dir, try_out_dir};
use crate::paths::{self, current_dir};
use crate::terminal::format::{count, money};
use crate::terminal::printer::Printer;
use crate::trust;
use crate::view::header::render_without_seed;
use cells::Cells;
use drive::ExperimentDriver;
use dry_run::DryRun;
use view::ExperimentView;

/// Default number of runs at once.
const JOBS: usize = 4;

const EXIT_CODES: &str = "Exit codes:
  0    every run has ended, passed or not
  2    wrong usage or configuration; nothing was started
  3    a run waits for a decision, which only `ask = true` allows
  4    a run has not ended: budget, provider, disk or a plugin; repeat the command
  5    with --fail-if-worse: a variant is worse than the baseline
  129, 130, 143
       stopped by SIGHUP, Ctrl-C or SIGTERM; repeat the command";

/// Arguments of `experiment`.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("form").args(["json", "csv", "markdown"]),
    group = clap::ArgGroup::new("start").args(["dry_run", "report_only"]),
    after_help = EXIT_CODES
)]
pub struct Args {
    /// Experiment file in TOML: tasks, variants, repetitions and budget
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    /// Number of runs at once [default: 4]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Output folder, with a subfolder for each run [default: phasegate-out/experiment-NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Say which runs would start, and estimate what they cost
    #[arg(long, conflicts_with_all = ["csv", "markdown"])]
    dry_run: bool,
    /// Write and print the results as they are, without starting a run
    #[arg(long)]
    report_only: bool,
    /// Let the model calls of each run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// Configuration file [default: nearest phasegate.toml upwards from the experiment file]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Reject plugin files that phasegate.lock does not list
    #[arg(long)]
    locked: bool,
    /// Variant to compare the others with [default: `baseline` in the file, else the first]
    #[arg(long, value_name = "VARIANT", conflicts_with = "fail_if_worse")]
    baseline: Option<String>,
    /// End with exit code 5 if a variant is shown to be worse than the baseline
    #[arg(long, value_name = "BASELINE", num_args = 0..=1, require_equals = true)]
    fail_if_worse: Option<Option<String>>,
    /// Print all results as JSON
    #[arg(long)]
    json: bool,
    /// Print the table as CSV
    #[arg(long)]
    csv: bool,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
}

/// Runs or resumes every cell, and prints the results.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state, printer, .. } = context;
    let mut experiment = Experiment::read(&args.file)?;
    choose_baseline(&args, &mut experiment)?;
    let config = open::config(context, args.config.as_deref(), Some(&experiment.dir))?.with_locked(args.locked);
    let default_out = || PathBuf::from(OUT).join(format!("experiment-{}", experiment.name));
    let out = current_dir().join(args.out.clone().unwrap_or_else(default_out));
    if args.out.is_none() {
        check_default_out_dir(&out)?;
    }
    check_apart(state, &out)?;
    if !args.dry_run {
        try_out_dir(&out)?;
        files::check(&out)?;
    }
    context_files::check(&mut experiment.tasks, &config, Some((&args.file, &out)), context)?;
    let mut plan = experiment.plan(&config)?;
    let jobs = args.jobs.map_or(JOBS, NonZeroUsize::get);
    if args.dry_run || args.report_only {
        return look(&args, context, &experiment, plan, &config, (&out, jobs));
    }
    trust::ensure(context, missing_trust(context, &args.file, &plan, &config)?, config.locked)?;
    // Printed before anything that may take long: providers, the state folder, compilations.
    printer.note(&render_size(&experiment, &plan, jobs));
    printer.note(&render_twins(&experiment, &plan));
    let unbounded = check_models(context, &experiment, &plan, &config).await?;
    trust::ensure(context, missing_total(context, &args.file, &experiment, &plan, &config), config.locked)?;

    let journal: Arc<dyn Journal> = Arc::new(open::open_or_create_journal(context)?);
    // Another process may execute runs under names that their variants had before.
    plan.adopt(experiment.known_runs(journal.as_ref())?);
    let _lock = others::wait_for_turn(context, journal.as_ref(), &plan, &out).await?;
    let known = experiment.known_runs(journal.as_ref())?;
    let budget = ExperimentBudget::new(&journal, &experiment.name);
    let before = budget.limits()?;
    budget.set_limits(&experiment.budget, &experiment.file).await?;
    budget.restore(known.iter().map(|known| &known.run)).await?;
    let spent = budget.spent([])?;
    let options = RunOptions { overlap: args.overlap, ..RunOptions::default() };
    let host = open::host_over(Arc::clone(&journal), context, config.clone(), options)?;
    let view = Arc::new(ExperimentView::new(context));
    check_variants(&experiment, &plan, &config, &host, &view).await?;
    let repositories = experiment.tasks.iter().filter_map(|task| Some(task.repository.as_ref()?.path.clone()));
    printer.note(&ignore_run_folders(state, args.out.is_none(), &repositories.collect::<Vec<_>>()));

    printer.note(&format!(
        "{}{}{unbounded}results     {}\n\n",
        render_budget(&experiment.budget, spent),
        render_former_limits(&experiment, before),
        paths::display_path(&out),
    ));
    let (limits, file) = (experiment.budget, experiment.file.clone());
    let cells = Cells::new(&experiment, plan, known, Arc::clone(&journal), &config);
    let driver = ExperimentDriver::new(experiment, cells, config, host, view, out.clone(), state);
    let (results, exit) = driver.drive(jobs, &context.signals).await;
    report(&args, context, &out, &results)?;
    let spent = ExperimentBudget::new(&journal, &results.experiment).spent([])?;
    let over = driver.is_over_budget().then_some(file.as_str());
    printer.note(&render_end(&results, spent, &limits, over, printer));
    Ok(exit_of(&args, &results, exit, printer))
}

/// Sets the baseline that the command line names.
fn choose_baseline(args: &Args, experiment: &mut Experiment) -> Result<(), Failure> {
    let given = args.fail_if_worse.iter().flatten().chain(&args.baseline);
    for name in given {
        let names: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
        if !names.contains(&name.as_str()) {
            return Err(Failure::usage(format!("there is no variant `{name}`"))
                .with_hint(format!("choose the baseline from {}", names.join(", "))));
        }
        experiment.baseline = Some(name.clone());
    }
    Ok(())
}

/// Returns the exit: with `--fail-if-worse`, another one where the answer is that a variant is worse than the baseline.
fn exit_of(args: &Args, results: &Results, exit: Exit, printer: &Printer) -> Exit {
    if args.fail_if_worse.is_none() {
        return exit;
    }
    let is_worse =
        |found: &&VariantDifference| found.measures.first().is_some_and(|answer| answer.verdict == Conclusion::Worse);
    let worse: Vec<&VariantDifference> = results.differences.iter().filter(is_worse).collect();
    for found in &worse {
        printer.note(&format!("{} is worse than {}.\n", found.variant, found.baseline));
    }
    if worse.is_empty() { exit } else { exit.max(Exit::Worse) }
}

/// Reads what there is and starts nothing: for `--dry-run` and `--report-only`.
fn look(
    args: &Args,
    context: &Context,
    experiment: &Experiment,
    plan: Plan,
    config: &Config,
    (out, jobs): (&Path, usize),
) -> Result<Exit, Failure> {
    let printer = context.printer;
    // The first start creates the state folder.
    let found = if context.state.is_dir() { open::find_journal(context)? } else { None };
    let journal: Arc<dyn Journal> = match found {
        Some(journal) => Arc::new(journal),
        None => Arc::new(MemoryJournal::new()),
    };
    let known = experiment.known_runs(journal.as_ref())?;
    let spent = ExperimentBudget::new(&journal, &experiment.name).spent(known.iter().map(|known| &known.run))?;
    printer.note(&render_size(experiment, &plan, jobs));
    printer.note(&render_twins(experiment, &plan));
    let cells = Cells::new(experiment, plan, known, Arc::clone(&journal), config);
    if args.report_only {
        let results = cells.results();
        report(args, context, out, &results)?;
        printer.note(&render_end(&results, spent, &experiment.budget, None, &printer));
        return Ok(exit_of(args, &results, Exit::Passed, &printer));
    }
    printer.note(&format!("{}\n", render_budget(&experiment.budget, spent)));
    let dry_run = DryRun::new(experiment, &cells, &past_efforts(journal.as_ref())?, spent, jobs);
    printer.print(&if args.json { dry_run.render_json() } else { dry_run.render() });
    printer.note("\nDry run. Repeat without --dry-run to start.\n");
    Ok(Exit::Passed)
}

/// Writes and prints the results.
fn report(args: &Args, context: &Context, out: &Path, results: &Results) -> Result<(), Failure> {
    let printer = context.printer;
    files::write(out, results)?;
    printer.print(&match (args.json, args.csv, args.markdown) {
        (true, ..) => table::render_json(results),
        (_, true, _) => table::render_csv(results),
        (.., true) => table::render_markdown(results),
        _ => table::render_terminal(results, printer.paint()) + &notes::render_terminal(results),
    });
    printer.note(&format!("\nResults are in {}.\n", paths::display_path(out)));
    Ok(())
}

/// Says what was spent, and how the runs that have not ended continue. `over` is the file whose budget is used up.
fn render_end(results: &Results, spent: Spent, limits: &BudgetConfig, over: Option<&str>, printer: &Printer) -> String {
    let of = limits.usd.map(|usd| format!(" of {}", money(Some(usd)))).unwrap_or_default();
    let end = format!("Spent {}{of} in {}.\n", money(spent.usd), count(spent.calls, "call"));
    end + &match over {
        Some(file) => format!("The budget is used up. Raise [budget] in {file}, then repeat the command.\n"),
        None => render_open_runs(results, printer),
    }
}

fn render_budget(budget: &BudgetConfig, spent: Spent) -> String {
    format!("budget      {budget} in total; {} in {} spent before\n", money(spent.usd), count(spent.calls, "call"))
}

/// Says that the file changes the limits of the experiment; empty if it does not.
fn render_former_limits(experiment: &Experiment, before: Option<(BudgetConfig, String)>) -> String {
    match before {
        Some((limits, source)) if limits.bounds() != experiment.budget.bounds() => {
            let from = if source == experiment.file { String::new() } else { format!(" ({source})") };
            format!("            before: {limits}{from}; {} holds now, in every process\n", experiment.file)
        }
        _ => String::new(),
    }
}

/// Says which variants run the same; empty if none do.
fn render_twins(experiment: &Experiment, plan: &Plan) -> String {
    let name = |at: usize| experiment.variants.get(at).map_or("", |variant| variant.name.as_str());
    let twins = plan.variants.iter().enumerate().filter_map(|(at, variant)| Some((at, variant.same_as?)));
    twins
        .map(|(at, first)| {
            let (one, other) = (name(first), name(at));
            format!("variants {one} and {other} are the same: whatever differs between them is chance\n")
        })
        .collect()
}

/// Says how the runs that have not ended continue; empty if all have.
fn render_open_runs(results: &Results, printer: &Printer) -> String {
    let open = || results.cells.iter().filter(|cell| !cell.standing.has_ended());
    // Several cells can share a run.
    let waiting = open().filter(|cell| cell.standing == CellStatus::Waiting).map(|cell| &cell.id.run);
    let waiting = waiting.collect::<BTreeSet<_>>().len();
    let Some(first) = open().find(|cell| cell.standing == CellStatus::Waiting) else {
        return if results.is_complete() {
            String::new()
        } else {
            "Not every run has ended. Repeat the command to continue.\n".to_owned()
        };
    };
    let (runs, show) = (printer.command("runs"), printer.command(&format!("show {}", first.id.run)));
    let wait = if waiting == 1 {
        "1 run waits for a decision".to_owned()
    } else {
        format!("{waiting} runs wait for decisions")
    };
    format!(
        "{wait}. Decide, then repeat the command.\n  list them: {runs}\n  what to decide, and the commands: {show}\n"
    )
}

fn render_size(experiment: &Experiment, plan: &Plan, jobs: usize) -> String {
    format!(
        "experiment {}: {} × {} × {} = {}, {jobs} at once\n",
        experiment.name,
        count(experiment.tasks.len() as u64, "task"),
        count(experiment.variants.len() as u64, "variant"),
        count(u64::from(experiment.repetitions.get()), "repetition"),
        count(plan.cells.len() as u64, "run"),
    )
}

/// Returns what the configuration and the variants together use without the user's agreement.
pub fn missing_trust(
    context: &Context,
    file: &Path,
    plan: &Plan,
    config: &Config,
) -> Result<Option<NotTrusted>, Failure> {
    let trust = &context.trust;
    let mut missing = trust.missing(&config.wants()).map_err(|fault| config.explain(fault))?;
    for PlannedVariant { settings, .. } in plan.variants.iter().filter(|variant| variant.may_ask_models) {
        let RunSettings { providers, base_dir, budget, .. } = settings;
        let wants = Wants { project: base_dir, is_here: true, providers, budget: *budget, sandbox: None };
        // A fault of a variant's table is reported with its place by `check_models`.
        match (&mut missing, trust.missing(&wants).ok().flatten()) {
            (Some(all), Some(more)) => all.merge(more),
            (none @ None, more) => *none = more,
            (Some(_), None) => {}
        }
    }
    Ok(missing.map(|missing| missing.named_by(Origin::Experiment(file.to_owned()))))
}

/// Returns what all runs together may use above the user's budget without the user's agreement.
pub fn missing_total(
    context: &Context,
    file: &Path,
    experiment: &Experiment,
    plan: &Plan,
    config: &Config,
) -> Option<NotTrusted> {
    let missing = context.trust.missing_total(&config.dir, &total_budget(experiment, plan)?);
    missing.map(|missing| missing.named_by(Origin::Experiment(file.to_owned())))
}

/// Returns the most that all runs together may use; `None` if every answer is scripted or nothing is asked.
fn total_budget(experiment: &Experiment, plan: &Plan) -> Option<BudgetConfig> {
    let runs = plan.cells.len() as u64;
    let tiers =
        |settings: &RunSettings| Tier::ALL.map(|tier| settings.models.configured(tier).map(|(_, id)| id.is_scripted()));
    let asking = plan.variants.iter().filter(|variant| variant.may_ask_models);
    let settings: Vec<&RunSettings> = asking
        .map(|variant| &variant.settings)
        .filter(|settings| tiers(settings).iter().any(|scripted| *scripted != Some(true)))
        .collect();
    if settings.is_empty() {
        return None;
    }
    let all = |limit: &dyn Fn(&BudgetConfig) -> Option<u64>| {
        let each: Option<Vec<u64>> = settings.iter().map(|settings| limit(&settings.budget)).collect();
        each.and_then(|each| each.into_iter().max()).map(|most| most.saturating_mul(runs))
    };
    let usd: Option<Vec<f64>> = settings.iter().map(|settings| settings.budget.usd).collect();
    let usd = usd.map(|each| each.into_iter().fold(0.0, f64::max) * runs as f64);
    let BudgetConfig { calls, tokens, usd: shared } = experiment.budget;
    let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    Some(BudgetConfig {
        calls: least(calls, all(&|budget| budget.calls)),
        tokens: least(tokens, all(&|budget| budget.tokens)),
        usd: shared.into_iter().chain(usd).reduce(f64::min),
    })
}

/// Checks that the models of every variant that may ask one can be asked, before the state folder is created. Returns a line for
/// each variant in which the usual limit in US dollars is not in force.
async fn check_models(
    context: &Context,
    experiment: &Experiment,
    plan: &Plan,
    config: &Config,
) -> Result<String, Failure> {
    let (trust, env) = (&context.trust, |name: &str| std::env::var(name).ok());
    let mut unbounded = String::new();
    let mut said = BTreeSet::new();
    for (variant, planned) in
        experiment.variants.iter().zip(&plan.variants).filter(|(_, planned)| planned.may_ask_models)
    {
        let RunSettings { models, providers, prices, base_dir, budget, .. } = &planned.settings;
        let wants = Wants { project: base_dir, is_here: true, providers, budget: *budget, sandbox: None };
        let connected = trust.connect(&wants, models, prices, &env).await.and_then(|broker| {
            let limits = [config.explicit_usd(), experiment.budget.usd];
            limits.into_iter().try_for_each(|usd| check_priced(usd, &broker, prices, providers))?;
            if let Err(ConfigError::UnpricedLimit { usd, models }) =
                check_priced(budget.usd, &broker, prices, providers)
            {
                let names: Vec<String> = models.iter().map(ToString::to_string).collect();
                let (name, names) = (&variant.name, names.join(", "));
                unbounded.push_str(&format!(
                    "            in {name}, the limit of {usd:.2} USD for each run is not in force for {names}\n"
                ));
            }
            Ok(broker)
        });
        let connected = match connected {
            Ok(broker) => {
                let seedless = models.seed.map(|_| render_without_seed(&broker)).unwrap_or_default();
                let listed = broker.check_listings().await.map_err(Error::from);
                listed.map(|notes| notes.into_iter().chain(seedless).collect::<Vec<_>>())
            }
            Err(error) => Err(error),
        };
        let notes = connected.map_err(|error| match experiment.locate_error(variant, error) {
            // The fault is in the configuration, not in the variant.
            Error::Models(fault) => Failure::from(config.explain(fault)),
            error => error.into(),
        })?;
        // One provider of several variants is said once.
        notes.into_iter().filter(|note| said.insert(note.clone())).for_each(|note| {
            context.printer.note(&format!("{note}\n"));
        });
    }
    Ok(unbounded)
}

/// Checks the plugins of every variant, before the first run is created.
async fn check_variants(
    experiment: &Experiment,
    plan: &Plan,
    config: &Config,
    host: &Host,
    view: &Arc<ExperimentView>,
) -> Result<(), Failure> {
    let observer: Arc<dyn Observer> = Arc::clone(view) as Arc<dyn Observer>;
    let mut seen = BTreeSet::new();
    for cell in plan.cells.iter().filter(|cell| seen.insert(cell.variant)) {
        let (new, variant) = (experiment.new_run(plan, cell, config), experiment.variants.get(cell.variant));
        if let (Some(new), Some(variant)) = (new, variant) {
            host.check(&new, &cell.place.run, &observer)
                .await
                .map_err(|error| experiment.locate_error(variant, error))?;
        }
    }
    Ok(())
}
