//! `phasegate gc`: removes what no run needs; says first what that is.

use phasegate_runtime::gc::{Waste, remove, waste};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::format::{byte_size, count};

/// How many blobs are named one by one.
const MAX_NAMED: usize = 20;

/// Arguments of `gc`.
#[derive(clap::Args)]
pub struct Args {
    /// Remove this run as well, with what only it needs; may be given several times
    #[arg(long, value_name = "RUN")]
    forget: Vec<String>,
    /// Remove it, for good; without this, it is only said what would be removed
    #[arg(long)]
    yes: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Looks for waste, and removes it if that is wished.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let journal = if args.yes { open::journal_to_write(context)? } else { open::journal(context)? };
    let forget = args.forget.iter().map(|run| find_run(context, &journal, run)).collect::<Result<Vec<_>, _>>()?;
    let waste = waste(&journal, &forget)?;
    if args.yes {
        remove(&journal, &waste).await?;
    }
    match args.json {
        true => context.printer.print_json(&to_json(&waste, args.yes)),
        false => context.printer.print(&render_waste(&waste, args.yes)),
    }
    Ok(Exit::Passed)
}

fn to_json(waste: &Waste, removed: bool) -> Value {
    json!({ "removed": removed, "runs": waste.runs, "blobs": waste.blobs, "bytes": waste.bytes() })
}

fn render_waste(waste: &Waste, removed: bool) -> String {
    if waste.runs.is_empty() && waste.blobs.is_empty() {
        return "there is nothing that no run needs\n".to_owned();
    }
    let verb = if removed { "removed" } else { "would be removed" };
    let mut text: String = waste.runs.iter().map(|run| format!("run {run} {verb}\n")).collect();
    for (digest, bytes) in waste.blobs.iter().take(MAX_NAMED) {
        text.push_str(&format!("blob {} {}\n", digest.short(), byte_size(*bytes)));
    }
    if waste.blobs.len() > MAX_NAMED {
        text.push_str(&format!("and {} more\n", waste.blobs.len() - MAX_NAMED));
    }
    text.push_str(&format!("{}, {}, {verb}\n", count(waste.blobs.len() as u64, "blob"), byte_size(waste.bytes())));
    if !removed {
        text.push_str("nothing was removed; do it with: the same and --yes\n");
    }
    text
}
