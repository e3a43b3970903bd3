//! `phasegate doctor`: checks the state folder and whether each run can be continued.

use phasegate_runtime::doctor::{Diagnosis, Health, RunHealth, diagnose};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::paths;
use crate::terminal::format::{count, one_line};
use crate::terminal::printer::Printer;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `doctor`.
#[derive(clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints what was found; changes nothing.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Context { state, printer, .. } = context;
    let diagnosis = diagnose(&open::journal(context)?)?;
    if args.json {
        printer.print_json_pretty(&Versioned::new(FORMAT, &diagnosis));
    } else {
        printer.print(&render_diagnosis(&diagnosis, &paths::display_path(state), printer));
    }
    Ok(if diagnosis.is_whole() { Exit::Passed } else { Exit::Failed })
}

fn render_diagnosis(diagnosis: &Diagnosis, state: &str, printer: &Printer) -> String {
    let paint = printer.paint();
    let mut text = String::new();
    for fault in &diagnosis.storage {
        text.push_str(&format!("{} {}\n", paint.red("storage:"), one_line(fault)));
    }
    diagnosis.runs.iter().for_each(|run| text.push_str(&render_run(run, printer)));
    let broken = diagnosis.runs.iter().filter(|run| !run.faults.is_empty()).count() as u64;
    let all = count(diagnosis.runs.len() as u64, "run");
    text.push_str(&match diagnosis.is_whole() {
        true => format!("{state}: {all}, no damage\n"),
        false => format!(
            "{state}: {all}, {broken} damaged\nhint: nothing was changed; restore the state folder from a backup, or save intact runs with \
             {}\n",
            printer.complete("`phasegate export`")
        ),
    });
    text
}

fn render_run(run: &RunHealth, printer: &Printer) -> String {
    let paint = printer.paint();
    let command = |verb: &str| printer.command(&format!("{verb} {}", run.run));
    let (word, next) = match run.health {
        Health::Finished => (paint.green("ok"), "ended".to_owned()),
        Health::Waiting => (paint.green("ok"), format!("waits for a decision, see: {}", command("show"))),
        Health::UnderWay => (paint.green("ok"), "running in a process".to_owned()),
        Health::Resumable => (paint.green("ok"), format!("resume with: {}", command("resume"))),
        Health::Incomplete => (paint.red("incomplete"), "can be shown, but not resumed or replayed".to_owned()),
        Health::Unreadable => (paint.red("unreadable"), "cannot be resumed".to_owned()),
    };
    let faults: String = run.faults.iter().map(|fault| format!("  {}\n", one_line(fault))).collect();
    format!("{} {word}, {next}\n{faults}", run.run)
}
