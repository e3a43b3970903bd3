//! `phasegate plugin accept`: a person agrees to what a plugin is now. It is written into `phasegate.lock`, with the name.
//! A run that starts at a terminal asks right there.

use std::path::PathBuf;

use phasegate_process::PluginName;
use phasegate_process::lock::{Change, LOCK_FILE, LockStatus, Pin};
use phasegate_process::pipeline::Grants;
use phasegate_runtime::{BUNDLED, Config, accept, agreed, pin_of};

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::current_dir;
use crate::terminal::printer::Printer;
use crate::terminal::prompt::{ask_name, confirm_changes, is_interactive};
use crate::terminal::text::sanitize;

/// What is agreed to.
#[derive(clap::Args)]
pub struct Args {
    /// The plugin, as the pipeline calls it
    name: PluginName,
    /// The pipeline that uses it [default: the configured one]
    #[arg(long, value_name = "NAME|FILE")]
    pipeline: Option<String>,
    /// The feedback strategy's file, where a command line names it
    #[arg(long, value_name = "FILE.wasm")]
    feedback: Option<PathBuf>,
    /// Who agrees [default: the user of this session]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// The configuration [default: the nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Does it.
pub fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let config = open::config(args.config.as_deref(), None)?;
    let pipeline =
        config.load_pipeline(args.pipeline.as_deref(), args.feedback.as_deref(), &current_dir(), &BUNDLED)?;
    let pin = pin_of(&pipeline, &args.name)?;
    let before = match agreed(&config)?.check(&args.name, &pin) {
        LockStatus::Accepted => "it is what was agreed to before".to_owned(),
        LockStatus::New => format!("it is new to {LOCK_FILE}"),
        LockStatus::Changed(change) => change.to_string(),
    };
    let by = approver::name(args.by)?;
    let pin_text = render_pin(&args.name, &pin);
    accept(&config, vec![(args.name, pin)], &by)?;
    context.printer.print(&sanitize(&format!("{before}\n{by} agrees to {pin_text}\n")));
    Ok(Exit::Passed)
}

/// Asks the person at this terminal, if there is one, and says whether they agreed to all of it.
pub fn accept_at_terminal(changes: &[Change], config: &Config, printer: &Printer) -> Result<bool, Failure> {
    if !is_interactive() {
        return Ok(false);
    }
    let Some(by) =
        approver::name(None).ok().or_else(|| ask_name(printer)).filter(|by| confirm_changes(printer, changes, by))
    else {
        return Ok(false);
    };
    let pins = changes.iter().map(|change| (change.plugin.clone(), change.now.clone()));
    accept(config, pins.collect(), &by)?;
    Ok(true)
}

fn render_pin(name: &PluginName, pin: &Pin) -> String {
    let version = pin.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let grants = match pin.grants == Grants::default() {
        true => "granted nothing".to_owned(),
        false => format!("granted {}", pin.grants),
    };
    format!("plugin `{name}`{version}, {}, {grants}", pin.digest)
}
