//! `phasegate replay`: executes a recorded run again and compares every event.

use std::sync::Arc;

use phasegate_runtime::{Error, Observer, ReplayReport, StopSignal};

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run_or_newest;
use crate::open::{self, RunOptions};
use crate::terminal::format::count;
use crate::terminal::printer::Printer;
use crate::view::live::LiveView;
use crate::view::versioned::Versioned;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Arguments of `replay`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Let model calls overlap, whether or not they did in the recorded run
    #[arg(long = "async")]
    overlap: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Replays the run. Asks no model and writes nothing.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let run = find_run_or_newest(context, &journal, args.run.as_deref())?;
    let host = open::host_over(
        Arc::new(journal),
        context,
        open::config_if_readable(context, None)?,
        RunOptions { overlap: args.overlap, offline: true, ..RunOptions::default() },
    )?;
    let view = Arc::new(LiveView::new(context, args.json, false).without_events());
    let stop = StopSignal::default();
    let mut first = context.signals.take_first(String::new());
    let stopping = stop.clone();
    tokio::spawn(async move { stopping.stop(first.wait().await.cause()) });
    let replayed = host.replay(&run, Arc::clone(&view) as Arc<dyn Observer>, &stop).await;
    view.finish_run(&run);
    match replayed {
        Ok(replayed) => {
            match args.json {
                true => printer.print_json(&Versioned::new(FORMAT, &replayed)),
                false => printer.print(&render_replay(&replayed, printer)),
            }
            Ok(Exit::Passed)
        }
        Err(error @ (Error::Differs { .. } | Error::Diverged { .. })) => {
            Err(Failure::from(error).with_exit(Exit::Failed))
        }
        Err(error) => match context.signals.received() {
            Some(signal) => Err(Failure::from(error).with_exit(signal.exit())),
            None => Err(error.into()),
        },
    }
}

fn render_replay(replayed: &ReplayReport, printer: &Printer) -> String {
    let mut text = format!(
        "run {} replayed: {} with the same artifacts, verdicts and decisions\n",
        replayed.run,
        count(replayed.equal as u64, "event")
    );
    for given in &replayed.given {
        text.push_str(&format!("  not executed again: {given}\n"));
    }
    if replayed.ended.is_none() {
        let resume = printer.command(&format!("resume {}", replayed.run));
        text.push_str(&format!("  the run has not ended; resume with: {resume}\n"));
    }
    text
}
