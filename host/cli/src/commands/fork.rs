//! `phasegate fork`: starts a new run from the middle of a run, with something replaced.

use std::path::PathBuf;
use std::sync::Arc;

use phasegate_journal::Journal;
use phasegate_process::compare::Comparison;
use phasegate_process::{PhaseName, RunId};
use phasegate_runtime::{Error, NewFork, Observer, Overrides, load_run};

use crate::context::Context;
use crate::drive::{RunDriver, RunTarget, print_header};
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open::{self, RunOptions};
use crate::out_dir::{self, check_default_out_dir, check_out_dir, lock_out_dir};
use crate::paths::current_dir;
use crate::repository::check_repository;
use crate::svg::PictureFile;
use crate::terminal::width::wrap_lines;
use crate::trust;
use crate::view::answer::Pair;
use crate::view::live::LiveView;
use crate::view::steps;

/// Arguments of `fork`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("files").args(["out", "svg"]).multiple(true))]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run
    run: String,
    /// First attempt that is executed again; without a number, the first of the phase
    #[arg(long, value_name = "PHASE[#ATTEMPT]")]
    at: String,
    /// Replace the agent of a phase: a component file or a bundled plugin
    #[arg(long, value_name = "PHASE=FILE")]
    agent: Vec<String>,
    /// Replace the feedback strategy: a component file or a bundled plugin
    #[arg(long, value_name = "FILE")]
    feedback: Option<String>,
    /// Replace the pipeline from there on
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Replace a value: phases.code-review.max_retries=5, feedback.settings.NAME=1 or models.default=MODEL
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Use recorded answers of other models, too
    #[arg(long)]
    reuse_answers_of_other_models: bool,
    /// Ask no model: stop at the first request without a recorded answer and print it
    #[arg(long)]
    offline: bool,
    /// Configuration file, applied to a replaced pipeline [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Reject plugin files that phasegate.lock does not list
    #[arg(long)]
    locked: bool,
    /// Output folder [default: phasegate-out/RUN]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the attempts of both runs as SVG, the shared ones once
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Overwrite files in the output folder, and the SVG file if it exists
    #[arg(long, requires = "files")]
    force: bool,
    /// Let the model calls of the run overlap
    #[arg(long = "async")]
    overlap: bool,
    /// Print only the new events to stdout, one JSON object per line
    #[arg(long)]
    json: bool,
}

/// Creates the fork and drives it to its end.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let state = &context.state;
    let origin = find_run(context, &open::journal(context)?, &args.run)?;
    let (phase, attempt) = fork_point(&args.at)?;
    let overrides = overrides(&args)?;
    let picture = args.svg.clone().map(|file| PictureFile::check(file, args.force)).transpose()?;
    let config = open::config(context, args.config.as_deref(), None)?.with_locked(args.locked);
    let out = args.out.as_deref().map(|out| current_dir().join(out));
    match &out {
        Some(out) => check_out_dir(state, out, args.force)?,
        None => check_default_out_dir(&out_dir::default_parent())?,
    }
    out_dir::try_out_dir(&out.clone().unwrap_or_else(out_dir::default_parent))?;
    let host = open::host(
        context,
        config.clone(),
        RunOptions { overlap: args.overlap, offline: args.offline, ..RunOptions::default() },
    )?;
    let view = Arc::new(LiveView::new(context, args.json, false));
    let observer: Arc<dyn Observer> = Arc::clone(&view) as Arc<dyn Observer>;
    let new = NewFork {
        origin: &origin,
        phase,
        attempt,
        overrides: &overrides,
        dir: &current_dir(),
        config: &config,
        reuse_answers_of_other_models: args.reuse_answers_of_other_models,
    };
    let lock = out.as_deref().map(|out| lock_out_dir(state, out, args.force)).transpose()?;
    let run = match host.fork(new.clone(), &observer).await {
        Err(Error::NotTrusted(missing)) => {
            trust::ensure(context, Some(*missing), config.locked)?;
            host.fork(new, &observer).await?
        }
        made => made?,
    };
    trust::ensure_run(context, &host, &run, config.locked)?;
    check_repository(&context.state, &host, &run, None)?;
    let out = out.unwrap_or_else(|| out_dir::default_out_dir(&run));
    out_dir::save_out_dir(state, &run, &out);
    out_dir::claim_out_dir(state, &run, &out);
    let journal = Arc::clone(host.journal());
    let target = RunTarget { run: run.clone(), created: None, out, lock };
    let target = print_header(&host, &view, state, target, false)?;
    let exit = RunDriver::new(host, Arc::clone(&view), context.signals.clone()).drive_all(vec![target], 1).await;
    if picture.is_some() || matches!(exit, Exit::Passed | Exit::Failed | Exit::Waiting) {
        view.print(&compare(context, journal.as_ref(), [&origin, &run], picture)?.unwrap_or_default());
    }
    Ok(exit)
}

/// Renders how the fork ended in comparison with the run that it forks, and draws it; `None` if one of them cannot be read.
fn compare(
    context: &Context,
    journal: &dyn Journal,
    runs: [&RunId; 2],
    picture: Option<PictureFile>,
) -> Result<Option<String>, Failure> {
    let loaded = runs.map(|run| load_run(journal, run).ok());
    let pairs: Vec<_> = loaded.iter().flatten().map(|(state, events)| (state, events.as_slice())).collect();
    let comparison = Comparison::with_blobs(&pairs, &|digest| journal.blob(digest).ok().flatten());
    let ([first, other], [against]) = (comparison.runs.as_slice(), comparison.against_first.as_slice()) else {
        return Ok(None);
    };
    let printer = &context.printer;
    let letters = ["A".to_owned(), "B".to_owned()];
    let answer = Pair { first: ("A", first), other: ("B", other), against }.render();
    let drawn = picture.map(|file| file.write(&steps::draw(&comparison, &letters, &answer))).transpose()?;
    let [origin, fork] = runs;
    Ok(Some(format!(
        "\n{}\n\nA  {origin}, which was forked\nB  {fork}, this run\n{}\nall figures: {}\n{}",
        wrap_lines(&answer, printer.paint().width()).trim_end(),
        steps::render_text(&comparison, &letters, printer.paint()),
        printer.command(&format!("compare {origin} {fork}")),
        drawn.unwrap_or_default(),
    )))
}

fn fork_point(text: &str) -> Result<(PhaseName, Option<u32>), Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("--at {text}: {why}"))
            .with_hint("give --at PHASE or --at PHASE#ATTEMPT, such as --at code#2")
    };
    let (phase, attempt) = match text.split_once('#') {
        Some((phase, number)) => {
            let number = number.parse::<u32>().ok().filter(|number| *number > 0);
            (phase, Some(number.ok_or_else(|| wrong("attempts are numbered from 1"))?))
        }
        None => (text, None),
    };
    Ok((phase.parse().map_err(|_| wrong("this is not a phase name"))?, attempt))
}

fn overrides(args: &Args) -> Result<Overrides, Failure> {
    let agents = args.agent.iter().map(|text| {
        let wrong = || {
            Failure::usage(format!("--agent {text}: expected PHASE=FILE"))
                .with_hint("for example --agent code=my-code.wasm")
        };
        let (phase, file) = text.split_once('=').ok_or_else(wrong)?;
        Ok((phase.parse().map_err(|_| wrong())?, file.to_owned()))
    });
    let set = args.set.iter().map(|text| Overrides::parse_set(text).map_err(Failure::from));
    Ok(Overrides {
        agents: agents.collect::<Result<_, Failure>>()?,
        feedback: args.feedback.clone(),
        pipeline: args.pipeline.clone(),
        set: set.collect::<Result<_, Failure>>()?,
    })
}
