//! `phasegate plugin check`: inspects a plugin, loads it and calls it once in a dry run: sample inputs, scripted answers, no
//! test runs, nothing recorded.
//!
//! Exit code 1 for a plugin that does not load, crashes, exceeds a limit, reports a failure, or returns what a run would reject.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_process::PhaseName;
use phasegate_registry::SignatureState;
use phasegate_sandbox::{Inspection, Plugin, World, inspect};
use serde_json::{Map, Value, json};

use super::dry_run::agent::{AgentCall, judge_run, run_agent};
use super::dry_run::call::DryCall;
use super::dry_run::load::{add_settings, load_pipeline, load_plugin, read_answers};
use super::dry_run::runner::call_runner;
use super::dry_run::samples::Samples;
use super::dry_run::strategy::{judge_decision, run_strategy, sample_failure};
use super::inspect::{read_bytes, render_inspection, signature};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::numbers::at_least_one;
use crate::terminal::format::table;
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `plugin check`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file, plain or compressed as .zst
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Phase as which an agent is called [default: planning, else the first phase]
    #[arg(long, value_name = "PHASE")]
    phase: Option<PhaseName>,
    /// Pipeline that has the phase: a standard one or a file [default: pipeline.toml beside FILE.wasm, else tsp]
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Answers of the models, in a script file, in place of those made from schemas
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Settings of the agent in TOML, in addition to those of the phase: 'tier = "fast"'
    #[arg(long, value_name = "TOML")]
    settings: Option<String>,
    /// Number of the attempt; from 2 on with feedback and the artifacts of the attempt before [default: 1]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>)]
    attempt: Option<NonZeroU32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Checks the plugin.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let name = args.file.display().to_string();
    let pipeline = args.pipeline.clone().or_else(|| pipeline_beside(&args.file));
    let pipeline = pipeline.map(|pipeline| load_pipeline(&pipeline, context)).transpose()?;
    let answers = args.answers.as_deref().map(read_answers).transpose()?;
    let bytes = read_bytes(&args.file)?;
    let inspection =
        inspect(&bytes).map_err(|why| Failure::check_failed(format!("{name}: {why}")).with_hints(why.hint()))?;
    let signature = signature(&args.file, &bytes, context)?;
    let samples = Arc::new(Samples::new(pipeline, inspection.manifest.as_ref())?);
    let phase = samples.phase(args.phase.as_ref())?.clone();
    let settings = settings(&phase.settings, args.settings.as_deref(), &inspection)?;
    let attempt = args.attempt.unwrap_or(NonZeroU32::MIN);
    let steps = match inspection.misfit {
        Some(_) => Vec::new(),
        None => {
            let plugin = load_plugin(&args.file, bytes, &inspection, context).await?;
            let call = AgentCall { phase, attempt, settings, answers: answers.map(Arc::new) };
            dry_calls(&plugin, samples, call).await?
        }
    };
    let held = inspection.misfit.is_none() && steps.iter().all(|step| step.fault.is_none());
    if args.json {
        let report = json!({ "format": FORMAT, "file": name, "inspection": inspection, "signature": signature.to_json(), "dry_calls": steps, "held": held });
        printer.print_json_pretty(&report);
    } else {
        printer.print(&render_report(&name, &inspection, &signature, &steps, printer.paint()));
    }
    Ok(if held { Exit::Passed } else { Exit::Failed })
}

/// Returns the pipeline that `plugin new` writes beside a component, if there is one.
fn pipeline_beside(component: &Path) -> Option<String> {
    let pipeline = component.with_file_name("pipeline.toml");
    pipeline.is_file().then(|| pipeline.display().to_string())
}

/// Adds the settings of the command line to those of the phase.
fn settings(of_phase: &Value, given: Option<&str>, inspection: &Inspection) -> Result<Value, Failure> {
    let Some(given) = given else { return Ok(of_phase.clone()) };
    let wrong = |why: String| Failure::usage(format!("--settings: {why}")).with_hint("write TOML: 'tier = \"fast\"'");
    let table: toml::Table = given.parse().map_err(|why: toml::de::Error| wrong(why.message().to_owned()))?;
    let given = serde_json::to_value(table).map_err(|why| wrong(why.to_string()))?;
    let given = if let Value::Object(given) = given { given } else { Map::new() };
    add_settings(of_phase, given, inspection, "--settings")
}

async fn dry_calls(plugin: &Plugin, samples: Arc<Samples>, call: AgentCall) -> Result<Vec<DryCall>, Failure> {
    Ok(match plugin.world() {
        World::Agent | World::AgentBlocking => {
            let run = run_agent(plugin, Arc::clone(&samples), &call).await?;
            vec![judge_run(run, &call, &samples)]
        }
        World::Feedback => {
            let failure = sample_failure(&samples, &Map::new())?;
            vec![judge_decision(run_strategy(plugin, &failure).await)]
        }
        World::Runner => call_runner(plugin).await,
    })
}

fn render_report(
    name: &str,
    inspection: &Inspection,
    signature: &SignatureState,
    steps: &[DryCall],
    paint: Paint,
) -> String {
    let mut text = render_inspection(name, inspection, signature, paint);
    if steps.is_empty() {
        return text;
    }
    text.push_str("\ndry run: all grants, sample inputs, scripted answers, nothing recorded\n");
    for step in steps {
        let lines = step.happened.iter().map(|line| vec![format!("    {line}")]);
        let rows: Vec<_> = std::iter::once(vec![format!("  {}", step.call)]).chain(lines).collect();
        text.push_str(&table(&rows));
        if let Some(fault) = &step.fault {
            let message = sanitize(fault).replace('\n', "\n    ");
            text.push_str(&format!("    {} {message}\n", paint.red("fault:")));
        }
    }
    text
}
