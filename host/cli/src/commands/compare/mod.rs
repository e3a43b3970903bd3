//! `phasegate compare`: says how runs ended and where each first differs from the first run, and shows them side by side.

mod page;
mod rows;

use std::path::PathBuf;

use phasegate_journal::Journal;
use phasegate_process::RunId;
use phasegate_process::compare::{Comparison, RunFigures};
use phasegate_process::state::State;
use phasegate_runtime::output::cache_savings_usd;
use phasegate_runtime::{RunSettings, load_run, read_json};
use serde::Serialize;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::svg::PictureFile;
use crate::terminal::format::one_line;
use crate::view::steps;
use page::Page;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `compare`.
#[derive(clap::Args)]
pub struct Args {
    /// Two or more runs: ids, unique beginnings of ids, or task ids
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<String>,
    /// Print JSON, with the events that differ
    #[arg(long)]
    json: bool,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Draw the attempts of the runs as SVG, the shared ones once
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Overwrite the SVG file if it exists
    #[arg(long, requires = "svg")]
    force: bool,
}

/// A comparison as JSON.
#[derive(Serialize)]
struct Printed<'a> {
    format: u32,
    /// The answer in words.
    answer: String,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// Compares the runs.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let picture = args.svg.clone().map(|file| PictureFile::check(file, args.force)).transpose()?;
    let journal = open::journal(context)?;
    let runs = find_runs(context, &journal, &args.runs)?;
    let loaded: Vec<_> = runs.iter().map(|run| load_run(&journal, run)).collect::<Result<_, _>>()?;
    let pairs: Vec<_> = loaded.iter().map(|(state, events)| (state, events.as_slice())).collect();
    let comparison = Comparison::with_blobs(&pairs, &|digest| journal.blob(digest).ok().flatten());
    let configured = loaded.iter().map(|(state, _)| default_model(&journal, state));
    let models =
        comparison.runs.iter().zip(configured).map(|(run, configured)| render_models(run, configured)).collect();
    let savings = loaded.iter().map(|(state, events)| cache_savings_usd(&journal, state, events)).collect();
    let page = Page { journal: &journal, comparison: &comparison, models, savings, paint: printer.paint() };
    let draw = || steps::draw(&comparison, &page.letters(), &page.answer());
    let written = picture.map(|file| file.write(&draw())).transpose()?;
    match (args.json, args.markdown) {
        (true, _) => {
            printer.print_json_pretty(&Printed { format: FORMAT, answer: page.answer(), comparison: &comparison })
        }
        (_, true) => printer.print(&page.render_markdown()),
        _ => printer.print(&page.render_text()),
    }
    printer.note(&written.unwrap_or_default());
    Ok(Exit::Passed)
}

fn find_runs(context: &Context, journal: &dyn Journal, names: &[String]) -> Result<Vec<RunId>, Failure> {
    let mut runs: Vec<RunId> = Vec::new();
    for name in names {
        let run = find_run(context, journal, name)?;
        if runs.contains(&run) {
            return Err(Failure::usage(format!("run {run} is given twice"))
                .with_hint("list all runs with `phasegate runs`; a task id stands for its newest run"));
        }
        runs.push(run);
    }
    Ok(runs)
}

/// Returns the model of the default tier.
fn default_model(journal: &dyn Journal, state: &State) -> String {
    let settings: Option<RunSettings> = read_json(journal, &state.created.settings).ok();
    let model = settings.and_then(|settings| settings.models.default).map(|model| model.to_string());
    model.map_or_else(|| "unknown".to_owned(), |model| one_line(&model))
}

/// Renders the models that answered; the configured one where none has answered yet.
fn render_models(run: &RunFigures, configured: String) -> String {
    match run.models.is_empty() {
        true => configured,
        false => run.models.iter().map(|model| one_line(model)).collect::<Vec<_>>().join(", "),
    }
}
