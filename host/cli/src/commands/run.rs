//! `phasegate run`: runs one or more tasks through every phase.
//!
//! Faults of the command line, the tasks and the configuration are found before anything is recorded (exit code 2).

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_broker::check_priced;
use phasegate_process::{RunId, TaskId};
use phasegate_runtime::{
    BUNDLED, Config, ConfigFlags, Error, Host, LoadedPipeline, NewRun, Observer, Overrides, TaskSource, Trust,
    build_requirements, load_run,
};

use crate::commands::plugin::accept;
use crate::context::Context;
use crate::context_files;
use crate::drive::{RunDriver, RunTarget, print_header, resume_target};
use crate::edited::note_differences;
use crate::exit::{Exit, Failure};
use crate::find_run;
use crate::ignored::ignore_run_folders;
use crate::numbers::{at_least_one, max_retries};
use crate::open::{self, RunOptions};
use crate::out_dir::{self, check_default_out_dir, check_out_dir, check_resumed_out_dir, lock_out_dir};
use crate::paths::{self, current_dir};
use crate::repository::check_repository;
use crate::tasks::{Described, RepositoryArgs, TaskArgs, task_from_file};
use crate::trust;
use crate::view::header;
use crate::view::live::LiveView;

/// The headings of options in `--help`.
const CONFIGURATION: &str = "Configuration";
const OUTPUT: &str = "Output";

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(override_usage = "phasegate run [OPTIONS] <TASK.toml>...
       phasegate run [OPTIONS] --issue <FILE>
       phasegate run [OPTIONS] --task-id <ID> --description <TEXT>")]
pub struct Args {
    #[command(flatten)]
    tasks: TaskArgs,
    #[command(flatten)]
    repository: RepositoryArgs,
    /// Standard pipeline or pipeline file [default: the configured one, else tsp]
    #[arg(long, value_name = "NAME|FILE", help_heading = CONFIGURATION)]
    pipeline: Option<String>,
    /// Feedback strategy: a standard one or a component [default: the pipeline's]
    #[arg(long, value_name = "NAME|FILE.wasm", help_heading = CONFIGURATION, hide_short_help = true)]
    feedback: Option<PathBuf>,
    #[command(flatten)]
    configuration: ConfigurationArgs,
    /// Resume the newest run of each task; start one only if there is none
    #[arg(long)]
    resume: bool,
    /// Output folder; several tasks get a subfolder each [default: phasegate-out/RUN]
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    out: Option<PathBuf>,
    /// Overwrite files in the output folder
    #[arg(long, requires = "out", help_heading = OUTPUT, hide_short_help = true)]
    force: bool,
    /// Let the model calls of a run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// Number of tasks that run at once [default: 1, or 8 with --async]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    jobs: Option<NonZeroUsize>,
    /// Configuration file [default: nearest phasegate.toml upwards from the task file or the current folder]
    #[arg(long, value_name = "FILE", help_heading = CONFIGURATION)]
    config: Option<PathBuf>,
    /// Reject plugin files that phasegate.lock does not list
    #[arg(long, help_heading = CONFIGURATION, hide_short_help = true)]
    locked: bool,
    /// Print only the journal's events to stdout, one JSON object per line
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

/// The arguments that say something in place of the configuration.
#[derive(clap::Args)]
struct ConfigurationArgs {
    /// Value in place of the configuration's: budget.calls=50, hitl.test=always, phases.code.settings.NAME=1
    #[arg(long, value_name = "KEY=VALUE", help_heading = CONFIGURATION)]
    set: Vec<String>,
    /// Model of all tiers, or of one: deep=anthropic:claude-opus-4-8; repeat for more
    #[arg(long, value_name = "[TIER=]MODEL", help_heading = CONFIGURATION)]
    model: Vec<String>,
    /// Attempts of each phase, the first included, in place of the pipeline's: 1 is one attempt and no retry
    #[arg(long, value_name = "N", value_parser = max_retries, help_heading = CONFIGURATION)]
    max_retries: Option<NonZeroU32>,
}

impl ConfigurationArgs {
    fn flags(&self) -> Result<ConfigFlags, Failure> {
        let set = self.set.iter().map(|text| {
            Overrides::parse_set(text)
                .map_err(|fault| Failure::usage(format!("--set `{text}`: {}", fault.message)).with_hint(fault.hint))
        });
        Ok(ConfigFlags {
            set: set.collect::<Result<_, _>>()?,
            models: self.model.clone(),
            max_retries: self.max_retries,
        })
    }
}

/// The runs that the command line asks for.
#[derive(Default)]
struct RunPlan {
    /// Runs to resume, and their tasks.
    resumed: Vec<(RunId, TaskId)>,
    /// Tasks that need a new run.
    new: Vec<TaskSource>,
}

/// Checks the command line, creates the runs, and drives them to their end.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let state = &context.state;
    let mut plan = plan_runs(&args, context)?;
    check_out_dirs(&args, &plan, state)?;
    let view = Arc::new(LiveView::new(context, args.json, plan.count() > 1));
    // A run that is resumed uses the settings it was created with, not the configuration of today.
    let setup = match plan.new.is_empty() {
        true => None,
        false => {
            let (config, pipeline) = setup(&args, &mut plan.new, context).await?;
            // Printed before anything that may take long: providers, the state folder, compilations.
            let first = plan.new.first().filter(|_| plan.resumed.is_empty());
            first.iter().for_each(|task| print_beginning(&view, task, &config, &pipeline));
            if pipeline.pipeline.may_ask_models() {
                let notes = check_models(&config, &context.trust).await?;
                notes.iter().for_each(|note| context.printer.note(&format!("{note}\n")));
            }
            for task in &plan.new {
                let out = out_dir_for(&args, &task.task.id, plan.count());
                out_dir::try_out_dir(&out.unwrap_or_else(out_dir::default_parent))?;
            }
            Some((config, pipeline))
        }
    };

    let config = match &setup {
        Some((config, _)) => config.clone(),
        None => open::config_if_readable(context, args.config.as_deref())?,
    };
    let host = open::host(context, config.clone(), RunOptions { overlap: args.overlap, ..RunOptions::default() })?;
    let jobs = args.jobs.map_or(if args.overlap { 8 } else { 1 }, NonZeroUsize::get);
    let mut targets = Vec::new();
    for (run, task) in &plan.resumed {
        find_run::check_not_in_use(host.journal().as_ref(), run)?;
        trust::ensure_run(context, &host, run, args.locked)?;
        check_repository(state, &host, run, None)?;
        note_differences(context, &host, &config, run)?;
        let out = out_dir_for(&args, task, plan.count());
        targets.push(resume_target(&host, &view, state, run.clone(), out)?);
        view.print(&format!("run {run} of task {task} {}\n", render_resume_status(&host, run)?));
    }
    if let Some((config, pipeline)) = &setup {
        for (number, task) in plan.new.iter().enumerate() {
            if number > 0 || !plan.resumed.is_empty() {
                print_beginning(&view, task, config, pipeline);
            }
            let new = NewRun::new(task, pipeline, config);
            let out = out_dir_for(&args, &task.task.id, plan.count());
            let mut target = create_run(&host, &view, context, new, out, args.force).await?;
            // Another process may take a run that has to wait for its turn.
            target.created = target.created.filter(|_| plan.count() <= jobs);
            targets.push(target);
        }
    }
    Ok(RunDriver::new(host, view, context.signals.clone()).drive_all(targets, jobs).await)
}

async fn setup(args: &Args, tasks: &mut [TaskSource], context: &Context) -> Result<(Config, LoadedPipeline), Failure> {
    let task_folder = args.tasks.task_files().next().and_then(|_| tasks.first()).map(|task| task.folder.as_path());
    let flags = args.configuration.flags()?;
    let mut config = open::config(context, args.config.as_deref(), task_folder)?.with_locked(args.locked);
    let mut pipeline =
        config.load_pipeline(args.pipeline.as_deref(), args.feedback.as_deref(), &current_dir(), &BUNDLED)?;
    config.apply_flags(&flags, &mut pipeline)?;
    // A language without a test runner is refused before anything else is looked at.
    tasks.iter().try_for_each(|source| build_requirements(&source.task, &pipeline.pipeline).map(drop))?;
    context_files::check(tasks, &config, None, context)?;
    let trust = &context.trust;
    let missing = trust.missing(&config.wants()).map_err(|fault| config.explain(fault))?;
    trust::ensure(context, missing.map(|missing| missing.named_by(config.origin())), config.locked)?;
    Ok((config, pipeline))
}

fn print_beginning(view: &LiveView, task: &TaskSource, config: &Config, pipeline: &LoadedPipeline) {
    let config = render_config_source(config, pipeline);
    view.print(&header::render_beginning(&task.task, &pipeline.pipeline, config, view.paint()));
}

async fn create_run(
    host: &Host,
    view: &Arc<LiveView>,
    context: &Context,
    new: NewRun<'_>,
    out: Option<PathBuf>,
    force: bool,
) -> Result<RunTarget, Failure> {
    let run = host.new_run_id(&new.task.task.id)?;
    let repository: Vec<PathBuf> = new.task.repository.iter().map(|repository| repository.path.clone()).collect();
    let is_usual = out.is_none();
    let lock = out.as_deref().map(|out| lock_out_dir(&context.state, out, force)).transpose()?;
    let out = out.unwrap_or_else(|| out_dir::default_out_dir(&run));
    // Saved before the run is created, so that no run exists without its output folder.
    out_dir::save_out_dir(&context.state, &run, &out);
    let observer: Arc<dyn Observer> = Arc::clone(view) as Arc<dyn Observer>;
    let created = match host.create_as(run.clone(), new.clone(), &observer).await {
        Err(Error::NotAgreed(changes))
            if !new.config.locked && accept::accept_at_terminal(&changes, new.config, &context.printer)? =>
        {
            host.create_as(run.clone(), new, &observer).await?
        }
        made => made?,
    };
    out_dir::claim_out_dir(&context.state, &run, &out);
    view.print(&ignore_run_folders(&context.state, is_usual, &repository));
    print_header(host, view, &context.state, RunTarget { run, created: Some(created), out, lock }, true)
}

fn render_resume_status(host: &Host, run: &RunId) -> Result<&'static str, Failure> {
    let (known, _) = load_run(host.journal().as_ref(), run)?;
    Ok(match known.ended() {
        Some(_) => "has ended; leave out --resume to start a new run",
        None => "resumes with the settings it was created with",
    })
}

fn plan_runs(args: &Args, context: &Context) -> Result<RunPlan, Failure> {
    args.tasks.check_given()?;
    let journal = if args.resume { open::find_journal_to_write(context)? } else { None };
    let newest = |task: &TaskId| journal.as_ref().map_or(Ok(None), |journal| find_run::newest_run(journal, task));
    let mut plan = RunPlan::default();
    match args.tasks.described(&args.repository)? {
        None => {}
        Some(Described::Whole(task)) => match newest(&task.task.id)? {
            Some(run) => plan.resumed.push((run, task.task.id)),
            None => plan.new.push(*task),
        },
        Some(Described::Id(id)) => match newest(&id)? {
            Some(run) => plan.resumed.push((run, id)),
            None => return Err(missing_description(args, &id)),
        },
    }
    for file in args.tasks.task_files() {
        let task = task_from_file(file, &args.repository)?;
        match newest(&task.task.id)? {
            Some(run) => plan.resumed.push((run, task.task.id)),
            None => plan.new.push(task),
        }
    }
    Ok(plan)
}

fn missing_description(args: &Args, id: &TaskId) -> Failure {
    match args.resume {
        true => Failure::usage(format!("task {id} has no run to resume"))
            .with_hint("list all runs with `phasegate runs`, or start one with --description TEXT"),
        false => Failure::usage("--task-id requires --description")
            .with_hint("describe the task in a sentence, or give a task file"),
    }
}

impl RunPlan {
    fn count(&self) -> usize {
        self.resumed.len() + self.new.len()
    }
}

fn check_out_dirs(args: &Args, plan: &RunPlan, state: &Path) -> Result<(), Failure> {
    let resumed = plan.resumed.iter().map(|(run, task)| (task, Some(run)));
    let new = plan.new.iter().map(|task| (&task.task.id, None));
    let mut seen = BTreeSet::new();
    for (task, run) in resumed.chain(new) {
        let out = out_dir_for(args, task, plan.count());
        match (run, &out) {
            (Some(run), out) => check_resumed_out_dir(state, run, out.as_deref(), args.force)?,
            (None, Some(out)) => check_out_dir(state, out, args.force)?,
            (None, None) => check_default_out_dir(&out_dir::default_parent())?,
        }
        if (args.resume || out.is_some()) && !seen.insert(task) {
            return Err(match args.resume {
                true => Failure::usage(format!("task {task} is given twice, and --resume cannot tell its runs apart"))
                    .with_hint("give it once"),
                false => {
                    Failure::usage(format!("task {task} is given twice, and both would write to one output folder"))
                        .with_hint("rename one task, or leave out --out")
                }
            });
        }
    }
    Ok(())
}

fn out_dir_for(args: &Args, task: &TaskId, number: usize) -> Option<PathBuf> {
    let dir = current_dir().join(args.out.as_deref()?);
    Some(if number > 1 { dir.join(task.as_str()) } else { dir })
}

/// Checks that the configured models can be asked, before a run is created. Returns what could not be checked.
async fn check_models(config: &Config, trust: &Trust) -> Result<Vec<String>, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    match trust.connect(&config.wants(), &config.models, &config.prices, &env).await {
        Ok(broker) => {
            check_priced(config.explicit_usd(), &broker, &config.prices, &config.providers)
                .map_err(|fault| config.explain(fault))?;
            let seedless = config.models.seed.map(|_| header::render_without_seed(&broker)).unwrap_or_default();
            let listed: Result<_, Failure> =
                broker.check_listings().await.map_err(|fault| config.explain(fault).into());
            Ok(listed?.into_iter().chain(seedless).collect())
        }
        Err(Error::Models(fault)) => Err(config.explain(fault).into()),
        Err(error) => Err(error.into()),
    }
}

fn render_config_source(config: &Config, pipeline: &LoadedPipeline) -> String {
    let file = config.file.as_deref().map_or("none found, using defaults".to_owned(), paths::display_path);
    match BUNDLED.contains(&pipeline.file.as_str()) || pipeline.file == pipeline.pipeline.name {
        true => file,
        false => format!("{file}; pipeline from {}", pipeline.file),
    }
}
