//! `phasegate verify-sandbox`: attacks this host as it is configured, and reports the outcome of each attack.

use std::path::PathBuf;

use phasegate_runtime::BUNDLED;
use phasegate_verify::{AttackResult, VerifyReport, verify};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths;
use crate::terminal::format::{byte_size, count, duration, one_line, truncate};
use crate::terminal::style::Paint;
use crate::terminal::table::{self, Column, Room};
use crate::terminal::text::sanitize;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// Maximal length of an outcome in the table; `--json` has all of it.
const MAX_OUTCOME: usize = 72;

/// Arguments of `verify-sandbox`.
#[derive(clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Pipeline whose plugin limits are attacked too [default: the configured one, else tsp]
    #[arg(long, value_name = "NAME|FILE.toml")]
    pipeline: Option<String>,
    /// Configuration file [default: nearest phasegate.toml upwards]
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
}

/// Runs the attacks. The exit code is 0 only if every limit held.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let config = open::config(context, args.config.as_deref(), None)?;
    let pipeline = config.load_pipeline(args.pipeline.as_deref(), None, &paths::current_dir(), &BUNDLED)?;
    let verified = verify(open::sandbox(context, &config)?, &config, &pipeline).await?;
    if args.json {
        printer.print_json_pretty(&Versioned::new(FORMAT, &verified));
    } else {
        printer.print(&render_report(&verified, printer.paint()));
    }
    Ok(if verified.held { Exit::Passed } else { Exit::Failed })
}

const ATTACKS: [Column; 5] = [
    Column::new("attack", 0),
    Column::new("limit", 2),
    Column::new("outcome", 1).with(Room::Lines(20)),
    Column::new("time", 3),
    Column::new("memory", 4),
];

fn render_report(verified: &VerifyReport, paint: Paint) -> String {
    let rows: Vec<Vec<String>> = verified.attacks.iter().map(attack_row).collect();
    let mut text = table::render(&ATTACKS, &rows, paint.width());
    let broken: Vec<&AttackResult> = verified.attacks.iter().filter(|one| !one.held).collect();
    for one in &broken {
        text.push_str(&format!("\n{} {}\n", paint.red("not held:"), one.attack));
        for fault in &one.faults {
            text.push_str(&format!("  {}\n", sanitize(fault)));
        }
        text.push_str(&format!("  outcome: {}\n", one_line(&one.outcome)));
    }
    let all = count(verified.attacks.len() as u64, "attack");
    let grew = match verified.growth_bytes {
        Some(bytes) => format!("; the host's memory: {}", render_growth(bytes)),
        None => String::new(),
    };
    text.push_str(&match broken.len() {
        0 => format!("\n{all}, {}{grew}\n", paint.green("all held")),
        number => format!(
            "\n{all}, {}{grew}\nhint: do not run untrusted plugins on this machine until this is fixed\n",
            paint.red(&format!("{number} not held"))
        ),
    });
    text
}

fn attack_row(one: &AttackResult) -> Vec<String> {
    // A guest that repeats a message of the host may have escaped its line end.
    let outcome_text = one.outcome.split(" hint: ").next().unwrap_or_default();
    let outcome_text = outcome_text.split("\\nhint: ").next().unwrap_or_default();
    // The table names the attack already; `--json` has the plugin and phase.
    let plain = outcome_text.split_once("plugin `").and_then(|(_, rest)| rest.split_once(") "));
    let outcome_text = plain.map_or(outcome_text, |(_, rest)| rest);
    let outcome = if one.held { truncate(outcome_text, MAX_OUTCOME) } else { "NOT HELD".to_owned() };
    let memory = one.growth_bytes.map_or("unknown".to_owned(), render_growth);
    vec![one.attack.clone(), one.bound.clone(), outcome, duration(one.elapsed_ms), memory]
}

fn render_growth(bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "+" };
    format!("{sign}{}", byte_size(bytes.unsigned_abs()))
}
