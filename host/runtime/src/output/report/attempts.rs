//! Section: attempts whose work was not accepted, with the end of the plugin's log.

use phasegate_process::{Event, PhaseOutcome};

use super::page::Page;
use super::text::plain_text;

/// The most lines of a log; `phasegate log` shows all that are kept.
const MAX_LOG_LINES: usize = 20;

impl Page<'_> {
    pub(super) fn failed_attempts(&mut self) {
        let failed: Vec<_> = self.events.iter().filter_map(|recorded| lines_of(&recorded.event)).collect();
        if failed.is_empty() {
            return;
        }
        self.heading("Failed attempts");
        for line in failed.into_iter().flatten() {
            self.line(format_args!("{line}"));
        }
    }
}

/// Returns the lines about a failed attempt; `None` for any other event.
fn lines_of(event: &Event) -> Option<Vec<String>> {
    let Event::PhaseFinished { at, outcome, log, .. } = event else { return None };
    let reason = PhaseOutcome::fault(outcome)?;
    let log: Vec<&str> = log.iter().flat_map(|log| log.lines()).collect();
    let last = log.get(log.len().saturating_sub(MAX_LOG_LINES)..).unwrap_or_default();
    let log = last.iter().map(|line| format!("  - {}", plain_text(line)));
    Some(std::iter::once(format!("- **{at}**: {}", plain_text(&reason))).chain(log).collect())
}
