//! `phasegate log`: prints the recorded events of a run, for people or as JSON lines.
//!
//! Needs the events only, so it also works for a run whose state cannot be rebuilt. Blobs that are gone are left out. With
//! `--follow`, prints new events until the run ends, waits for a decision, or no process executes it.

use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::calendar::format_utc;
use phasegate_process::{Recorded, RunId};
use phasegate_runtime::load_run;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run_or_newest;
use crate::open;
use crate::terminal::printer::Printer;
use crate::terminal::style::Paint;
use crate::view::event::render_json_line;
use crate::view::event_detail::render_event;
use crate::view::next_steps::{render_continuation, render_decision_commands};

/// Interval at which `--follow` looks for new events.
const POLL: Duration = Duration::from_millis(200);
/// Number of polls in a row without an owner after which `--follow` ends. A run that was just created has no owner yet.
const UNOWNED: u32 = 3;

/// Arguments of `log`.
#[derive(clap::Args)]
pub struct Args {
    /// Run id or its beginning, or a task id for its newest run [default: the newest run]
    run: Option<String>,
    /// Print one JSON object per line, as `run --json` does
    #[arg(long)]
    json: bool,
    /// Print new events until the run ends, waits for a decision, or no process executes it
    #[arg(short, long)]
    follow: bool,
}

/// Prints the events.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let run = find_run_or_newest(context, &journal, args.run.as_deref())?;
    let mut renderer =
        EventRenderer { journal: &journal, run: &run, json: args.json, paint: printer.paint(), started_ms: None };
    let (mut known, mut seen_unowned) = (0, 0);
    loop {
        // Read before the events, so that they include all that a leaving owner wrote.
        let owned = journal.owner(&run)?.is_some();
        seen_unowned = if owned { 0 } else { seen_unowned + 1 };
        let new = journal.events_after(&run, known)?;
        for recorded in &new {
            known = recorded.number;
            if !printer.try_print(&renderer.render(recorded)) {
                return Ok(Exit::Passed);
            }
        }
        if !args.follow {
            return Ok(Exit::Passed);
        }
        let unowned = seen_unowned >= UNOWNED;
        if (unowned || !new.is_empty())
            && let Some(end) = render_ending(&journal, &run, unowned, printer)?
        {
            if args.json {
                printer.note(&end)
            } else {
                printer.print(&end)
            }
            return Ok(Exit::Passed);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Renders how to continue if no more events will come; `None` if more may come.
fn render_ending(
    journal: &dyn Journal,
    run: &RunId,
    unowned: bool,
    printer: &Printer,
) -> Result<Option<String>, Failure> {
    let (state, events) = load_run(journal, run)?;
    Ok(match state.waiting() {
        _ if state.ended().is_some() => Some(String::new()),
        Some(_) => Some(render_decision_commands(&state, printer)),
        None if unowned => Some(render_continuation(journal, &state, &events, printer)),
        None => None,
    })
}

struct EventRenderer<'a> {
    journal: &'a dyn Journal,
    run: &'a RunId,
    json: bool,
    paint: Paint,
    started_ms: Option<u64>,
}

impl EventRenderer<'_> {
    fn render(&mut self, recorded: &Recorded) -> String {
        if self.json {
            return render_json_line(self.run, recorded);
        }
        let mut text = String::new();
        let started_ms = *self.started_ms.get_or_insert_with(|| {
            text = format!("{} {}\n", self.paint.bold(self.run.as_str()), format_utc(recorded.at_ms));
            recorded.at_ms
        });
        let offset = render_offset(recorded.at_ms.saturating_sub(started_ms));
        let mut lines = render_event(self.journal, recorded, self.paint).into_iter();
        text.push_str(&format!("{} {}\n", self.paint.dim(&offset), lines.next().unwrap_or_default()));
        let gap = " ".repeat(offset.chars().count() + 3);
        lines.for_each(|lines| text.extend(lines.lines().map(|line| format!("{gap}{line}\n"))));
        text
    }
}

/// Renders the time since the run was created, to a tenth of a second.
fn render_offset(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}.{}", seconds / 3_600, seconds / 60 % 60, seconds % 60, ms % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_offsets_of_any_length() {
        assert_eq!(
            [render_offset(0), render_offset(3_250), render_offset(176_403_999)],
            ["0:00:00.0", "0:00:03.2", "49:00:03.9"]
        );
    }
}
