//! `phasegate plugin accept`: records in `phasegate.lock` that a person accepts a plugin. A run that starts at a terminal
//! asks for it.

use std::path::PathBuf;

use phasegate_process::PluginName;
use phasegate_process::lock::{Change, LOCK_FILE, LockStatus, Pin};
use phasegate_process::pipeline::Grants;
use phasegate_registry::SignatureState;
use phasegate_runtime::{BUNDLED, Config, accept, compute_pin, load_lock};

use crate::approver;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths::{current_dir, display_path};
use crate::terminal::printer::Printer;
use crate::terminal::prompt::{ask_name, confirm_changes, is_interactive};
use crate::terminal::text::sanitize;

/// Arguments of `plugin accept`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the plugin in the pipeline
    name: PluginName,
    /// Pipeline that uses it [default: the configured one]
    #[arg(long, value_name = "NAME|FILE")]
    pipeline: Option<String>,
    /// Component file of the feedback strategy, if a command line names it
    #[arg(long, value_name = "FILE.wasm")]
    feedback: Option<PathBuf>,
    /// Name of the person who accepts it [default: current user]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Configuration file [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Accepts the plugin.
pub fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let config = open::config(context, args.config.as_deref(), None)?;
    let pipeline =
        config.load_pipeline(args.pipeline.as_deref(), args.feedback.as_deref(), &current_dir(), &BUNDLED)?;
    let (pin, signature) = compute_pin(&config, &pipeline, &args.name)?;
    let before = match load_lock(&config)?.check(&args.name, &pin) {
        LockStatus::Accepted => "unchanged since it was accepted".to_owned(),
        LockStatus::New => format!("not in {LOCK_FILE} so far"),
        LockStatus::Changed(change) => change.to_string(),
    };
    let by = approver::name(args.by)?;
    let pin_text = render_pin(&args.name, &pin, &signature);
    accept(&config, vec![(args.name, pin)], by.as_str())?;
    let lock = display_path(&config.lock);
    context.printer.print(&sanitize(&format!("{before}\n{by} accepted {pin_text}\nwrote {lock}\n")));
    Ok(Exit::Passed)
}

/// Asks the person at this terminal to accept the changes. False if nobody is there or they decline.
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
    accept(config, pins.collect(), by.as_str())?;
    Ok(true)
}

fn render_pin(name: &PluginName, pin: &Pin, signature: &SignatureState) -> String {
    let version = pin.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let grants = match pin.grants == Grants::default() {
        true => "no grants".to_owned(),
        false => format!("grants {}", pin.grants),
    };
    format!("plugin `{name}`{version}, {}, {grants}, {}", pin.digest, signature.describe())
}
