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
use phasegate_runtime::{BUNDLED, Config, LoadedPipeline, NewRun, TaskSource, Watcher};

use crate::carry::{Carrier, Load, check_out};
use crate::fail::{Exit, Failure};
use crate::head;
use crate::place::{self, Carry, cwd};
use crate::screen::Screen;
use crate::words::unreadable;

/// Arguments of `run`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["task_id", "task"]))]
pub struct Args {
    /// The task's name
    #[arg(long, value_name = "ID", requires = "description", conflicts_with = "task")]
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
    /// Write the journal's events to stdout, one JSON object a line, and nothing else
    #[arg(long)]
    json: bool,
}

/// Checks everything, makes the runs, and carries them to their ends.
pub async fn go(args: Args, state: &Path, verbose: u8) -> Result<Exit, Failure> {
    let tasks = tasks(&args)?;
    let task_folder = args.task.first().and_then(|_| tasks.first()).map(|task| task.folder.as_path());
    let config = place::config(args.config.as_deref(), task_folder)?;
    let pipeline = config.load_pipeline(args.pipeline.as_deref(), args.feedback.as_deref(), &cwd(), &BUNDLED)?;
    check_places(&args, &tasks)?;
    tasks.iter().try_for_each(TaskSource::check)?;
    check_models(&config).await?;

    let house = place::house(state, Carry { overlap: args.overlap, ..Carry::default() })?;
    let screen = Arc::new(Screen::new(args.json, verbose, tasks.len() > 1));
    let watcher: Arc<dyn Watcher> = Arc::clone(&screen) as Arc<dyn Watcher>;
    let mut loads = Vec::new();
    for task in &tasks {
        let run = house.create(NewRun { task, pipeline: &pipeline, config: &config }, &watcher).await?;
        let out = out_of(&args, task, tasks.len()).unwrap_or_else(|| place::usual_out(&run));
        place::remember_out(state, &run, &out);
        let (state, out_shown) = (place::shown(state), place::shown(&out));
        let places = head::Places { config: Some(told(&config, &pipeline)), state: &state, out: &out_shown };
        screen.say(&head::of(house.journal().as_ref(), &run, &places, screen.paint())?);
        loads.push(Load { run, out });
    }
    let jobs = args.jobs.map_or(if args.overlap { 8 } else { 1 }, NonZeroUsize::get);
    Ok(Carrier::new(house, screen).carry_all(loads, jobs).await)
}

fn tasks(args: &Args) -> Result<Vec<TaskSource>, Failure> {
    match &args.task_id {
        Some(id) => Ok(vec![of_flags(args, id)?]),
        None => args.task.iter().map(|file| of_file(file)).collect(),
    }
}

fn of_flags(args: &Args, id: &str) -> Result<TaskSource, Failure> {
    let description = args.description.clone().unwrap_or_default();
    if description.trim().chars().count() < 10 {
        return Err(Failure::usage(
            "--description is too short\nhint: say in a sentence what is wanted; at least 10 characters",
        ));
    }
    if args.requirements.iter().any(|text| text.trim().is_empty()) {
        return Err(Failure::usage("--requirements is empty\nhint: say what must hold, or leave it out"));
    }
    let task = Task {
        id: id.parse().map_err(|bad| Failure::usage(format!("--task-id: {bad}")))?,
        project_id: None,
        description,
        requirements: args.requirements.clone(),
        context_files: Vec::new(),
        constraints: Vec::new(),
        language: None,
    };
    Ok(TaskSource { task, folder: cwd() })
}

fn of_file(file: &Path) -> Result<TaskSource, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|why| {
        let hint = "name a task file; `phasegate init` writes a first one";
        Failure::usage(format!("{name} cannot be read: {}\nhint: {hint}", unreadable(&why)))
    })?;
    let task = Task::parse(Source { file: &name, text: &text }).map_err(|fault| Failure::usage(fault.to_string()))?;
    let folder = cwd().join(file).parent().map_or_else(cwd, Path::to_owned);
    Ok(TaskSource { task, folder })
}

fn check_places(args: &Args, tasks: &[TaskSource]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for task in tasks {
        let Some(out) = out_of(args, task, tasks.len()) else { return Ok(()) };
        check_out(&out, args.force)?;
        if !seen.insert(out) {
            let id = &task.task.id;
            return Err(Failure::usage(format!(
                "two of the tasks are called {id}, and their results would go to one folder\nhint: rename one, or leave --out away"
            )));
        }
    }
    Ok(())
}

fn out_of(args: &Args, task: &TaskSource, number: usize) -> Option<PathBuf> {
    let dir = cwd().join(args.out.as_deref()?);
    Some(if number > 1 { dir.join(task.task.id.as_str()) } else { dir })
}

/// Whether there is a model to ask, before a run is made that would have none.
async fn check_models(config: &Config) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let broker = Broker::new(&config.models, &config.providers, &config.prices, &config.dir, &env).await;
    broker.map(drop).map_err(|fault| config.explain(fault).into())
}

fn told(config: &Config, pipeline: &LoadedPipeline) -> String {
    let file = config.file.as_deref().map_or("none found; defaults".to_owned(), place::shown);
    match BUNDLED.contains(&pipeline.file.as_str()) || pipeline.file == pipeline.pipeline.name {
        true => file,
        false => format!("{file}; pipeline from {}", pipeline.file),
    }
}
