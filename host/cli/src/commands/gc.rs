//! `phasegate gc`: removes data that no run needs; without `--yes`, only lists it.

use phasegate_runtime::gc::{Garbage, find_garbage, remove};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::format::{byte_size, count};
use crate::view::unreadable::note_unreadable;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// Maximal number of blobs that are listed.
const MAX_NAMED: usize = 20;

/// Arguments of `gc`.
#[derive(clap::Args)]
pub struct Args {
    /// Also remove this run and the data that only it needs; repeat for more
    #[arg(long, value_name = "RUN")]
    forget: Vec<String>,
    /// Delete permanently; without this flag, nothing is deleted
    #[arg(long)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Lists the data, and removes it with `--yes`.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let journal = if args.yes { open::journal_to_write(context)? } else { open::journal(context)? };
    let forget = args.forget.iter().map(|run| find_run(context, &journal, run)).collect::<Result<Vec<_>, _>>()?;
    let waste = find_garbage(&journal, &forget)?;
    note_unreadable(context, &waste.unreadable, "keeping what it may need");
    if args.yes {
        remove(&journal, &waste).await?;
    }
    match args.json {
        true => context.printer.print_json(&to_json(&waste, args.yes)),
        false => context.printer.print(&render_waste(&waste, args.yes)),
    }
    Ok(Exit::Passed)
}

fn to_json(waste: &Garbage, removed: bool) -> Value {
    json!({
        "format": FORMAT, "removed": removed, "runs": waste.runs, "blobs": waste.blobs, "bytes": waste.bytes(),
        "unreadable": waste.unreadable,
    })
}

fn render_waste(waste: &Garbage, removed: bool) -> String {
    if waste.runs.is_empty() && waste.blobs.is_empty() {
        return "Nothing to remove.\n".to_owned();
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
        text.push_str("Dry run. Repeat with --yes to delete.\n");
    }
    text
}
