//! `phasegate plugin test`: calls a component once for each case of a plugin, in the real sandbox, and compares what it returns
//! with what the case expects.
//!
//! Cases are the files `cases/*.toml` of the plugin. Models are scripted, nothing is recorded. Exit code 1 if a case fails.

mod case;
mod compare;
mod judge;

pub use case::case_schema;

use std::path::{Path, PathBuf};

use phasegate_files::quote;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::plugin_file::PluginFile;
use phasegate_sandbox::{Inspection, Plugin, inspect};
use serde::Serialize;
use serde_json::json;

use super::dry_run::load::{load_pipeline, load_plugin};
use super::inspect::read_bytes;
use super::plugin_file::{PLUGIN_FILE, component_of, read_plugin_file};
use super::snapshot::Snapshot;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::paths::{current_dir, display_path, folder};
use crate::terminal::format::{count, describe_read_error};
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;
use case::Case;
use judge::judge_case;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// The folder with the cases.
const CASES: &str = "cases";
/// The pipeline of a plugin, if it has one.
const PIPELINE: &str = "pipeline.toml";

/// Arguments of `plugin test`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the plugin, with its plugin.toml and its cases/*.toml
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Component to test [default: NAME.wasm in the folder]
    #[arg(long, value_name = "FILE.wasm")]
    component: Option<PathBuf>,
    /// Pipeline with the phases [default: pipeline.toml in the folder, else tsp]
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Only cases whose names contain this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A case that was called.
#[derive(Serialize)]
struct Tested {
    case: String,
    passed: bool,
    /// Each difference from what is expected.
    faults: Vec<String>,
    /// Calls and log of the plugin.
    happened: Vec<String>,
}

/// Tests the component of a folder with all its cases, as `plugin test DIR` does.
pub async fn test_folder(dir: &Path, context: &Context) -> Result<Exit, Failure> {
    run(Args { dir: dir.to_owned(), component: None, pipeline: None, only: None, json: false }, context).await
}

/// Tests the component.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let dir = folder(&args.dir);
    let cases = read_cases(&dir, args.only.as_deref())?;
    let file = component(&dir, args.component.as_deref())?;
    let bytes = read_bytes(&file)?;
    let shown = display_path(&file);
    if let Some(source) = Snapshot::of(&dir).changed_since(&file) {
        let source = display_path(source);
        context.printer.note(&format!("{source} is newer than {shown}: build it with `phasegate plugin build`\n"));
    }
    let inspection =
        inspect(&bytes).map_err(|why| Failure::check_failed(format!("{shown}: {why}")).with_hints(why.hint()))?;
    if let Some(misfit) = &inspection.misfit {
        return Err(Failure::check_failed(format!("{shown}: {}", misfit.describe()))
            .with_hint(format!("see `phasegate plugin inspect {shown}`")));
    }
    let pipeline = pipeline(&dir, args.pipeline.as_deref(), context)?;
    let plugin = load_plugin(&file, bytes, &inspection, context).await?;
    let tested = test_all(&plugin, &inspection, pipeline.as_ref(), cases).await?;
    let failed = tested.iter().filter(|case| !case.passed).count();
    let printer = &context.printer;
    if args.json {
        printer.print_json_pretty(&json!({ "format": FORMAT, "file": shown, "cases": tested, "passed": failed == 0 }));
    } else {
        printer.print(&render(&tested, failed, printer.paint()));
    }
    Ok(if failed == 0 { Exit::Passed } else { Exit::Failed })
}

async fn test_all(
    plugin: &Plugin,
    inspection: &Inspection,
    pipeline: Option<&Pipeline>,
    cases: Vec<Case>,
) -> Result<Vec<Tested>, Failure> {
    let mut tested = Vec::new();
    for case in cases {
        let judged = judge_case(plugin, inspection, pipeline, &case).await?;
        let passed = judged.faults.is_empty();
        tested.push(Tested { case: case.name, passed, faults: judged.faults, happened: judged.happened });
    }
    Ok(tested)
}

/// Reads the cases of a folder, sorted by name.
fn read_cases(dir: &Path, only: Option<&str>) -> Result<Vec<Case>, Failure> {
    let cases = dir.join(CASES);
    let shown = display_path(&cases);
    let entries = cases.read_dir().map_err(|why| {
        Failure::usage(format!("{shown} cannot be read: {}", describe_read_error(&why)))
            .with_hint("write cases as cases/NAME.toml, see docs/plugins/README.md#cases")
    })?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_case = |path: &PathBuf| {
        let is_wanted =
            only.is_none_or(|only| path.file_stem().is_some_and(|name| name.to_string_lossy().contains(only)));
        path.extension().is_some_and(|extension| extension == "toml") && is_wanted
    };
    let mut paths: Vec<PathBuf> = paths.filter(is_case).collect();
    paths.sort();
    match paths.is_empty() {
        true => Err(Failure::usage(format!("{shown} has no such case")).with_hint("write cases as cases/NAME.toml")),
        false => paths.iter().map(|path| Case::read(path)).collect(),
    }
}

/// Returns the component: the one that is named, or `NAME.wasm` in the folder.
fn component(dir: &Path, given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(current_dir().join(given));
    }
    let plugin: PluginFile = read_plugin_file(dir)?;
    let Some(file) = component_of(dir, &plugin) else {
        let file = display_path(&dir.join(PLUGIN_FILE));
        return Err(
            Failure::usage(format!("{file} has no `name`")).with_hint("name the component with --component FILE")
        );
    };
    match file.is_file() {
        true => Ok(file),
        false => Err(Failure::usage(format!("there is no {}", display_path(&file)))
            .with_hint(format!("build it with `phasegate plugin build {}`", quote(Path::new(&display_path(dir)))))),
    }
}

fn pipeline(dir: &Path, given: Option<&str>, context: &Context) -> Result<Option<Pipeline>, Failure> {
    let own = dir.join(PIPELINE);
    match (given, own.is_file()) {
        (Some(given), _) => load_pipeline(given, context).map(Some),
        (None, true) => load_pipeline(&own.to_string_lossy(), context).map(Some),
        (None, false) => Ok(None),
    }
}

fn render(tested: &[Tested], failed: usize, paint: Paint) -> String {
    let mut text = String::new();
    for case in tested {
        let word = if case.passed { paint.green("passed") } else { paint.red("failed") };
        text.push_str(&format!("{word} {}\n", case.case));
        for line in case.faults.iter().filter(|_| !case.passed).chain(case.happened.iter().filter(|_| !case.passed)) {
            text.push_str(&format!("    {}\n", sanitize(line).replace('\n', "\n    ")));
        }
    }
    let all = count(tested.len() as u64, "case");
    text.push_str(&match failed {
        0 => format!("{all} passed\n"),
        _ => format!("{failed} of {all} failed\n"),
    });
    text
}
