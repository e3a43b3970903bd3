//! `phasegate run`: from a task, or several, to tested code.
//!
//! Whatever can be wrong with what the person wrote is found before anything is recorded, and ends with exit code 2.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_broker::Broker;
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use phasegate_process::{RunId, TaskId};
use phasegate_runtime::{BUNDLED, Config, Error, House, LoadedPipeline, NewRun, TaskSource, Watcher, load};

use crate::commands::plugin::accept;
use crate::context::Context;
use crate::drive::{RunDriver, RunTarget, resume_target};
use crate::exit::{Exit, Failure};
use crate::find_run;
use crate::open::{self, RunOptions};
use crate::paths::{self, check_out_dir, current_dir};
use crate::terminal::format::describe_read_error;
use crate::view::header;
use crate::view::live::LiveView;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["task_id", "task"]))]
pub struct Args {
    /// The task's name
    #[arg(long, value_name = "ID", conflicts_with = "task")]
    task_id: Option<String>,
    /// What is wanted, in a sentence or more
    #[arg(long, value_name = "TEXT", requires = "task_id")]
    description: Option<String>,
    /// What must hold; once for each requirement
    #[arg(long, value_name = "TEXT", requires = "task_id")]
    requirements: Vec<String>,
    /// A task file; once for each task
    #[arg(long, value_name = "FILE.toml")]
    task: Vec<PathBuf>,
    /// A standard pipeline or a file [default: the configured one, else tsp]
    #[arg(long, value_name = "NAME|FILE")]
    pipeline: Option<String>,
    /// Another feedback strategy: a standard one or a component
    #[arg(long, value_name = "NAME|FILE.wasm")]
    feedback: Option<PathBuf>,
    /// Go on with the newest run of each task, and make one only for a task that has none
    #[arg(long)]
    resume: bool,
    /// Where results go; of several tasks each in a folder of its own [default: phasegate-out/RUN]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write over what is in the out folder
    #[arg(long)]
    force: bool,
    /// Let the model calls of a run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// How many tasks run at once [default: 1, or 8 with --async]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The configuration [default: the nearest phasegate.toml upwards from the task file or the current folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run no plugin from a file that phasegate.lock does not know
    #[arg(long)]
    locked: bool,
    /// Write the journal's events to stdout, one JSON object a line, and nothing else
    #[arg(long)]
    json: bool,
}

/// What the person wants done.
#[derive(Default)]
struct RunPlan {
    /// Runs to go on with, and their tasks.
    resumed: Vec<(RunId, TaskId)>,
    /// Tasks that need a run.
    new: Vec<TaskSource>,
}

/// Checks everything, makes the runs, and carries them to their ends.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let state = &context.state;
    let plan = plan_runs(&args, context)?;
    check_out_dirs(&args, &plan, state)?;
    // What was begun goes on with what it pinned, whatever became of the configuration.
    let setup = if plan.new.is_empty() { None } else { Some(setup(&args, &plan.new).await?) };

    let sandbox = match &setup {
        Some((config, _)) => config.sandbox.clone(),
        None => open::sandbox_settings(context, args.config.as_deref()),
    };
    let host = open::host(context, sandbox, RunOptions { overlap: args.overlap, ..RunOptions::default() })?;
    let view = Arc::new(LiveView::new(context, args.json, plan.count() > 1));
    let mut targets = Vec::new();
    for (run, task) in &plan.resumed {
        let out = out_dir_for(&args, task, plan.count());
        targets.push(resume_target(&host, &view, state, run.clone(), out)?);
        view.print(&format!("run {run} of task {task} {}\n", render_resume_status(&host, run)?));
    }
    if let Some((config, pipeline)) = &setup {
        for task in &plan.new {
            let new = NewRun::of(task, pipeline, config);
            let out = out_dir_for(&args, &task.task.id, plan.count());
            targets.push(create_run(&host, &view, context, new, out).await?);
        }
    }
    let jobs = args.jobs.map_or(if args.overlap { 8 } else { 1 }, NonZeroUsize::get);
    Ok(RunDriver::new(host, view).drive_all(targets, jobs).await)
}

async fn setup(args: &Args, tasks: &[TaskSource]) -> Result<(Config, LoadedPipeline), Failure> {
    let task_folder = args.task.first().and_then(|_| tasks.first()).map(|task| task.folder.as_path());
    let config = open::config(args.config.as_deref(), task_folder)?.locked_if(args.locked);
    let pipeline =
        config.load_pipeline(args.pipeline.as_deref(), args.feedback.as_deref(), &current_dir(), &BUNDLED)?;
    tasks.iter().try_for_each(TaskSource::check)?;
    check_models(&config).await?;
    Ok((config, pipeline))
}

async fn create_run(
    host: &House,
    view: &Arc<LiveView>,
    context: &Context,
    new: NewRun<'_>,
    out: Option<PathBuf>,
) -> Result<RunTarget, Failure> {
    let run = host.new_run_id(&new.task.task.id)?;
    let config = render_config_source(new.config, new.pipeline);
    let out = out.unwrap_or_else(|| paths::default_out_dir(&run));
    // Before the run is made: one that is killed as soon as it exists has not forgotten where its results go.
    paths::save_out_dir(&context.state, &run, &out);
    let watcher: Arc<dyn Watcher> = Arc::clone(view) as Arc<dyn Watcher>;
    match host.create_as(run.clone(), new.clone(), &watcher).await {
        Err(Error::NotAgreed(changes))
            if !new.config.locked && accept::accept_at_terminal(&changes, new.config, &context.printer)? =>
        {
            host.create_as(run.clone(), new, &watcher).await?;
        }
        made => made?,
    }
    let (state, out_shown) = (paths::display_path(&context.state), paths::display_path(&out));
    let places = header::HeaderPaths { config: Some(config), state: &state, out: &out_shown };
    view.print(&header::render_header(host.journal().as_ref(), &run, &places, view.paint())?);
    Ok(RunTarget { run, out })
}

fn render_resume_status(host: &House, run: &RunId) -> Result<&'static str, Failure> {
    let (known, _) = load(host.journal().as_ref(), run)?;
    Ok(match known.ended() {
        Some(_) => "is over already; without --resume the task starts anew",
        None => "goes on with what it was begun with",
    })
}

fn plan_runs(args: &Args, context: &Context) -> Result<RunPlan, Failure> {
    let journal = if args.resume { open::find_journal_to_write(context)? } else { None };
    let newest = |task: &TaskId| journal.as_ref().map_or(Ok(None), |journal| find_run::newest_run(journal, task));
    let mut plan = RunPlan::default();
    if let Some(id) = &args.task_id {
        let id = id.parse().map_err(|bad| Failure::usage(format!("--task-id: {bad}")))?;
        match newest(&id)? {
            Some(run) => plan.resumed.push((run, id)),
            None => plan.new.push(task_from_flags(args, id)?),
        }
    }
    for file in &args.task {
        let task = task_from_file(file)?;
        match newest(&task.task.id)? {
            Some(run) => plan.resumed.push((run, task.task.id)),
            None => plan.new.push(task),
        }
    }
    Ok(plan)
}

impl RunPlan {
    fn count(&self) -> usize {
        self.resumed.len() + self.new.len()
    }
}

fn task_from_flags(args: &Args, id: TaskId) -> Result<TaskSource, Failure> {
    let Some(description) = args.description.clone() else {
        return Err(Failure::usage(match args.resume {
            true => format!(
                "task {id} has no run to go on with\nhint: `phasegate runs` lists the runs; --description TEXT starts one"
            ),
            false => {
                "--task-id needs a --description\nhint: say in a sentence what is wanted, or name a file with --task"
                    .to_owned()
            }
        }));
    };
    if description.trim().chars().count() < 10 {
        return Err(Failure::usage(
            "--description is too short\nhint: say in a sentence what is wanted; at least 10 characters",
        ));
    }
    if args.requirements.iter().any(|text| text.trim().is_empty()) {
        return Err(Failure::usage("--requirements is empty\nhint: say what must hold, or leave it out"));
    }
    let task = Task {
        id,
        project_id: None,
        description,
        requirements: args.requirements.clone(),
        context_files: Vec::new(),
        constraints: Vec::new(),
        language: None,
    };
    Ok(TaskSource { task, folder: current_dir() })
}

fn task_from_file(file: &Path) -> Result<TaskSource, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|why| {
        let hint = "name a task file; `phasegate init` writes a first one";
        Failure::usage(format!("{name} cannot be read: {}\nhint: {hint}", describe_read_error(&why)))
    })?;
    let task = Task::parse(Source { file: &name, text: &text }).map_err(|fault| Failure::usage(fault.to_string()))?;
    let folder = current_dir().join(file).parent().map_or_else(current_dir, Path::to_owned);
    Ok(TaskSource { task, folder })
}

fn check_out_dirs(args: &Args, plan: &RunPlan, state: &Path) -> Result<(), Failure> {
    let resumed = plan.resumed.iter().map(|(run, task)| (task, Some(paths::out_dir(state, run))));
    let new = plan.new.iter().map(|task| (&task.task.id, None));
    let mut seen = BTreeSet::new();
    for (task, known) in resumed.chain(new) {
        let out = out_dir_for(args, task, plan.count());
        if let Some(out) = out.as_deref().filter(|out| known.as_deref() != Some(*out)) {
            check_out_dir(out, args.force)?;
        }
        if (args.resume || out.is_some()) && !seen.insert(task) {
            return Err(Failure::usage(match args.resume {
                true => format!(
                    "two of the tasks are called {task}, and --resume cannot tell their runs apart\nhint: name it once"
                ),
                false => format!(
                    "two of the tasks are called {task}, and their results would go to one folder\nhint: rename one, or leave --out away"
                ),
            }));
        }
    }
    Ok(())
}

fn out_dir_for(args: &Args, task: &TaskId, number: usize) -> Option<PathBuf> {
    let dir = current_dir().join(args.out.as_deref()?);
    Some(if number > 1 { dir.join(task.as_str()) } else { dir })
}

/// Whether there is a model to ask, before a run is made that would have none.
async fn check_models(config: &Config) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let broker = Broker::new(&config.models, &config.providers, &config.prices, &config.dir, &env).await;
    broker.map(drop).map_err(|fault| config.explain(fault).into())
}

fn render_config_source(config: &Config, pipeline: &LoadedPipeline) -> String {
    let file = config.file.as_deref().map_or("none found; defaults".to_owned(), paths::display_path);
    match BUNDLED.contains(&pipeline.file.as_str()) || pipeline.file == pipeline.pipeline.name {
        true => file,
        false => format!("{file}; pipeline from {}", pipeline.file),
    }
}
