//! `phasegate plugin inspect`: shows what a component is and requests, without running it.

use std::path::{Path, PathBuf};

use phasegate_process::limits::Limits;
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::Grants;
use phasegate_process::{InvalidName, PluginName};
use phasegate_registry::{SignatureState, verify_file};
use phasegate_runtime::{ErrorCode, read_component};
use phasegate_sandbox::{Call, CpuMeter, Engine, Inspection, TestProgress, World, inspect};
use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::terminal::format::{byte_size, describe_read_error, one_line, truncate};
use crate::terminal::style::Paint;
use crate::terminal::table;
use crate::terminal::text::sanitize;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
pub const FORMAT: u32 = 1;
/// Maximal length of a text from the manifest in characters.
const MAX_TEXT: usize = 200;

/// Arguments of `plugin inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// Component file, plain or compressed as .zst
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print as JSON what a test runner offers to code
    #[arg(long, conflicts_with = "json")]
    environment: bool,
}

/// Prints the inspection. Exit code 2 if this host rejects the component.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let name = args.file.display().to_string();
    let bytes = read_bytes(&args.file)?;
    let inspection = inspect(&bytes).map_err(|why| {
        Failure::usage(format!("{name}: {why}")).with_code(ErrorCode::NotAPlugin).with_hints(why.hint())
    })?;
    if args.environment {
        let offers = read_environment(&name, bytes, &inspection, context).await?;
        printer.print_json_pretty(&offers);
        return Ok(Exit::Passed);
    }
    let signature = signature(&args.file, &bytes, context)?;
    if args.json {
        let signed = Signed { inspection: &inspection, signature: signature.to_json() };
        printer.print_json_pretty(&Versioned::new(FORMAT, &signed));
    } else {
        printer.print(&render_inspection(&name, &inspection, &signature, printer.paint()));
    }
    Ok(if inspection.misfit.is_none() { Exit::Passed } else { Exit::Usage })
}

/// Reads a component file, and decompresses it if it ends in `.zst`.
pub fn read_bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    read_component(file).map_err(|why| {
        let (name, why) = (file.display(), describe_read_error(&why));
        Failure::usage(format!("{name} cannot be read: {why}")).with_hint("give a component, such as target/NAME.wasm")
    })
}

/// An inspection with what the signature of its file says.
#[derive(Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    inspection: &'a Inspection,
    signature: Value,
}

/// Judges the signature beside a component file.
pub fn signature(file: &Path, component: &[u8], context: &Context) -> Result<SignatureState, Failure> {
    let publishers = &context.trust.user().publishers;
    verify_file(file, || Ok(component), publishers).map_err(|why| Failure::infrastructure(why.to_string()))
}

/// Renders an inspection for people, with what the signature says.
pub fn render_inspection(name: &str, inspection: &Inspection, signature: &SignatureState, paint: Paint) -> String {
    let unknown = || "unknown".to_owned();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("file", name.to_owned()),
        row("world", inspection.world.map_or_else(unknown, |world| world.as_str().to_owned())),
        row("contract", inspection.contract.clone().unwrap_or_else(unknown)),
        row("size", byte_size(inspection.size)),
        row("digest", inspection.digest.to_string()),
        row("signature", signature.to_string()),
    ];
    for (title, list) in [("exports", &inspection.exports), ("imports", &inspection.imports)] {
        let mut titles = std::iter::once(title).chain(std::iter::repeat(""));
        match list.is_empty() {
            true => rows.push(row(title, "none".to_owned())),
            false => rows.extend(list.iter().map(|one| row(titles.next().unwrap_or_default(), one_line(one)))),
        }
    }
    rows.push(row("requests", render_requested_grants(inspection)));
    rows.extend(inspection.manifest.iter().flat_map(manifest_rows).map(|(title, value)| row(title, value)));
    let mut text = table::render(&table::PAIRS, &rows, paint.width());
    match &inspection.misfit {
        None => text.push_str(&format!("\n{}\n", paint.green("this host accepts it"))),
        Some(misfit) => {
            let fault = sanitize(&misfit.describe());
            text.push_str(&format!("\n{} {fault}\n", paint.red("this host rejects it:")));
        }
    }
    text
}

/// Renders the grants that a component requests, as an operator would write them.
pub fn render_requested_grants(inspection: &Inspection) -> String {
    let asks = inspection.requested_grants();
    match asks == Grants::default() {
        true => "no grants".to_owned(),
        false => format!("[plugins.NAME] grants = {asks}"),
    }
}

/// Renders the manifest, which the author wrote.
fn manifest_rows(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut rows = vec![("name", format!("{} {}", manifest.name, manifest.version))];
    if !manifest.purpose.is_empty() {
        rows.push(("purpose", truncate(&one_line(&manifest.purpose), MAX_TEXT)));
    }
    let kinds = manifest.kinds.keys().map(|kind| ("kind", kind.to_string()));
    rows.extend(kinds);
    let properties = manifest.settings.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    for (name, schema) in properties.into_iter().flatten() {
        rows.push(("setting", render_setting(name, schema)));
    }
    rows
}

/// Renders a setting: `tier ("fast", "default", "deep"): which models are asked`.
fn render_setting(name: &str, schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let choices = schema.get("enum").and_then(Value::as_array);
    let choices = choices.map(|all| all.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
    let default = schema.get("default").map(|value| format!(", default {value}"));
    let sort = choices.or_else(|| text("type")).unwrap_or_else(|| "anything".to_owned());
    let description = text("description").map(|description| format!(": {description}")).unwrap_or_default();
    truncate(&one_line(&format!("{name} ({sort}{}){description}", default.unwrap_or_default())), MAX_TEXT)
}

async fn read_environment(
    name: &str,
    bytes: Vec<u8>,
    inspection: &Inspection,
    context: &Context,
) -> Result<serde_json::Value, Failure> {
    if inspection.world != Some(World::Runner) {
        return Err(Failure::usage(format!("{name} is not a test runner")).with_hint("leave out --environment"));
    }
    let plugin: PluginName = "runner".parse().map_err(|bad: InvalidName| Failure::from(bad))?;
    let digest = inspection.digest.clone();
    let settings = open::sandbox(context, &open::config_if_readable(context, None)?)?;
    let loaded = tokio::task::spawn_blocking(move || {
        let engine = Engine::new(settings).map_err(phasegate_runtime::Error::from)?;
        Ok(engine.load(&plugin, &digest, || Ok(bytes))?)
    });
    let loaded: Result<_, phasegate_runtime::Error> = loaded
        .await
        .map_err(|gone| Failure::infrastructure(format!("the compilation of {name} was interrupted: {gone}")))?;
    let call = Call {
        doing: "describing its environment".to_owned(),
        seed: 0,
        limits: Limits::runner(),
        cpu: CpuMeter::default(),
        log: None,
        progress: TestProgress::default(),
    };
    Ok(loaded?.environment(&call).await.map_err(phasegate_runtime::Error::from)?)
}
