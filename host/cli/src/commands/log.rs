//! `phasegate log`: a run as it was recorded, event by event, like a story or as JSON lines.
//!
//! It needs the events alone: a run whose state cannot be made of them any more can still be read here. What an event only
//! names (tests, errors of models) is looked up, and left away where it is gone. Followed, a run is told until it is over,
//! waits for a person, or nobody carries it any more.

use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use phasegate_journal::Journal;
use phasegate_process::calendar::format_utc;
use phasegate_process::{Recorded, RunId};
use phasegate_runtime::load;

use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::find_run::find_run;
use crate::open;
use crate::terminal::style::Paint;
use crate::view::event::render_json_line;
use crate::view::event_detail::render_event;
use crate::view::next_steps::render_decision_commands;

/// How often a run that is followed is looked at.
const POLL: Duration = Duration::from_millis(200);
/// How often in a row nobody must be seen carrying it: a run that was just made has no owner for a moment.
const UNOWNED: u32 = 3;

/// Arguments of `log`.
#[derive(clap::Args)]
pub struct Args {
    /// The run, the beginning of its id, or its task
    run: String,
    /// One JSON object a line, exactly as `run --json` writes them
    #[arg(long)]
    json: bool,
    /// Go on with new events until the run is over, waits for a person, or is carried by nobody
    #[arg(short, long)]
    follow: bool,
}

/// Tells the run.
pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let printer = &context.printer;
    let journal = open::journal(context)?;
    let run = find_run(context, &journal, &args.run)?;
    let mut renderer =
        EventRenderer { journal: &journal, run: &run, json: args.json, paint: printer.paint(), started_ms: None };
    let mut ctrl_c = pin!(tokio::signal::ctrl_c());
    if args.follow {
        // Heeded from here on, and not only once the first events are told.
        tokio::select! {
            biased;
            _ = &mut ctrl_c => return Ok(Exit::Interrupted),
            () = ready(()) => {}
        }
    }
    let (mut known, mut seen_unowned) = (0, 0);
    loop {
        // Asked before the events are read: what an owner wrote before it went is among them then.
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
            && let Some(end) = render_ending(&journal, &run, unowned)?
        {
            if args.json {
                printer.note(&end)
            } else {
                printer.print(&end)
            }
            return Ok(Exit::Passed);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = &mut ctrl_c => return Ok(Exit::Interrupted),
        }
    }
}

/// What is to be said where nothing more will come for now.
fn render_ending(journal: &dyn Journal, run: &RunId, unowned: bool) -> Result<Option<String>, Failure> {
    let (state, _) = load(journal, run)?;
    Ok(match (state.waiting(), &state.stopped) {
        _ if state.ended().is_some() => Some(String::new()),
        (Some((_, judged, _)), _) => Some(render_decision_commands(run, judged.verdict.passes())),
        (None, Some(_)) if unowned => Some(format!("\ngo on with: phasegate resume {run}\n")),
        (None, None) if unowned => Some(format!("\nits process is gone; go on with: phasegate resume {run}\n")),
        _ => None,
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
        lines.for_each(|line| text.push_str(&format!("{gap}{line}\n")));
        text
    }
}

/// Hours, minutes, seconds and tenths since the run was made.
fn render_offset(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}.{}", seconds / 3_600, seconds / 60 % 60, seconds % 60, ms % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_reads_like_a_clock_however_long_it_is() {
        assert_eq!(
            [render_offset(0), render_offset(3_250), render_offset(176_403_999)],
            ["0:00:00.0", "0:00:03.2", "49:00:03.9"]
        );
    }
}
