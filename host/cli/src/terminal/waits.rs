//! Model calls that take long: what each of them waits for.
//!
//! A call is due for a line when it has waited for 5 s, and again at each full minute. While its answer arrives, only the
//! minutes count. The caller gives the time. Cannot fail.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use phasegate_broker::Progress;
use phasegate_process::{AttemptId, Event, RunId};

use crate::terminal::format::{one_line, truncate, whole_seconds};

/// How long a call waits before its first line.
pub const FIRST: Duration = Duration::from_secs(5);
/// The time between two later lines.
const EACH: Duration = Duration::from_secs(60);
/// The longest reason of a retry, in characters.
const MAX_REASON: usize = 300;

/// The calls without an answer.
#[derive(Debug, Default)]
pub struct Waits(BTreeMap<(RunId, AttemptId, u32), Wait>);

#[derive(Debug)]
struct Wait {
    label: String,
    began: Instant,
    /// The waiting time at which the next line is due.
    next: Duration,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    /// Other calls hold every permit of `models.concurrency`.
    Permit,
    /// An earlier call whose prompt begins alike has no answer yet, see `models.wait_for_cache`.
    Cache,
    /// The request was sent; `attempt` counts from 1.
    FirstToken { attempt: u32 },
    /// A part of the answer has arrived.
    Rest { characters: u64 },
    /// An attempt failed for this reason and is repeated at a time.
    Retry { at: Instant, why: String },
}

impl Waits {
    /// Notes which calls begin and end.
    pub fn on_event(&mut self, run: &RunId, event: &Event, now: Instant) {
        match event {
            Event::ModelAsked { at, call, label, .. } => {
                self.begin(run, at, *call, label, now);
            }
            Event::ModelAnswered { at, call, .. } => {
                self.0.remove(&(run.clone(), at.clone(), *call));
            }
            Event::PhaseFinished { .. } | Event::RunStopped { .. } | Event::RunFinished { .. } => {
                self.0.retain(|(known, ..), _| known != run);
            }
            _ => {}
        }
    }

    /// Notes the progress of a call. A call that waits for its first permit is not recorded yet and begins here.
    pub fn on_progress(
        &mut self,
        run: &RunId,
        at: &AttemptId,
        (call, label): (u32, &str),
        progress: &Progress,
        now: Instant,
    ) {
        let wait = self.begin(run, at, call, label, now);
        wait.reason = match progress {
            // The reason of a retry is still worth telling.
            Progress::Waiting => return,
            Progress::WaitingForCache => Reason::Cache,
            Progress::Requesting { attempt } => Reason::FirstToken { attempt: *attempt },
            Progress::Receiving { characters } => Reason::Rest { characters: *characters },
            Progress::Retrying { after, reason, .. } => {
                Reason::Retry { at: now + *after, why: truncate(reason, MAX_REASON) }
            }
        };
    }

    fn begin(&mut self, run: &RunId, at: &AttemptId, call: u32, label: &str, now: Instant) -> &mut Wait {
        let wait = || Wait { label: one_line(label), began: now, next: FIRST, reason: Reason::Permit };
        self.0.entry((run.clone(), at.clone(), call)).or_insert_with(wait)
    }

    /// Returns when the next line is due; `None` if no call waits.
    pub fn next_due(&self) -> Option<Instant> {
        self.0.values().map(|wait| wait.began + wait.next).min()
    }

    /// Returns a line for each call that is due, with its run.
    pub fn due(&mut self, now: Instant) -> Vec<(RunId, String)> {
        let mut lines = Vec::new();
        for ((run, at, _), wait) in &mut self.0 {
            let waited = now.saturating_duration_since(wait.began);
            if waited < wait.next {
                continue;
            }
            let first = wait.next == FIRST;
            wait.next = EACH * (waited.as_secs() / EACH.as_secs() + 1) as u32;
            if !(first && matches!(wait.reason, Reason::Rest { .. })) {
                lines.push((run.clone(), format!("{at} {}: {}", wait.label, wait.reason.render(waited, now))));
            }
        }
        lines
    }
}

impl Reason {
    fn render(&self, waited: Duration, now: Instant) -> String {
        let waited = whole_seconds(waited);
        let no_answer = format!("no answer for {waited}, waiting for");
        match self {
            Self::Permit => format!("{no_answer} a permit of `models.concurrency`"),
            Self::Cache => format!("{no_answer} the first token of an earlier call (`models.wait_for_cache`)"),
            Self::FirstToken { attempt: 1 } => format!("{no_answer} the first token"),
            Self::FirstToken { attempt } => format!("{no_answer} the first token of attempt {attempt}"),
            Self::Rest { characters } => {
                format!("the answer has been arriving for {waited}, {characters} characters so far")
            }
            Self::Retry { at, why } => match at.saturating_duration_since(now) {
                Duration::ZERO => format!("{no_answer} a permit of `models.concurrency` to retry after: {why}"),
                left => format!("{no_answer} a retry in {}: {why}", whole_seconds(left + Duration::from_millis(999))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_process::Digest;

    use super::*;

    fn asked(call: u32) -> Event {
        let (at, request) = ("plan#1".parse().unwrap(), Digest::from_content(b""));
        Event::ModelAsked { at, call, label: "a plan".to_owned(), request, model: "a:b".to_owned(), bound: None }
    }

    /// Follows one call, whose progress happens at its beginning, and returns the lines by second.
    fn lines(progress: Option<Progress>, seconds: &[u64]) -> Vec<String> {
        let (mut waits, began) = (Waits::default(), Instant::now());
        let (run, at) = ("run-1".parse().unwrap(), "plan#1".parse().unwrap());
        waits.on_event(&run, &asked(1), began);
        progress.iter().for_each(|progress| waits.on_progress(&run, &at, (1, "a plan"), progress, began));
        let mut lines = Vec::new();
        for now in seconds.iter().map(|second| began + Duration::from_secs(*second)) {
            lines.extend(waits.due(now).into_iter().map(|(_, line)| line));
            assert!(waits.next_due().unwrap() > now);
        }
        lines
    }

    #[test]
    fn long_waits_are_told_each_minute() {
        let sent = Some(Progress::Requesting { attempt: 1 });
        assert_eq!(
            lines(sent, &[1, 4, 5, 6, 59, 60, 61, 119, 185]),
            [
                "plan#1 a plan: no answer for 5 s, waiting for the first token",
                "plan#1 a plan: no answer for 1 min 00 s, waiting for the first token",
                "plan#1 a plan: no answer for 3 min 05 s, waiting for the first token",
            ]
        );
    }

    #[test]
    fn each_reason_has_its_words() {
        let retrying =
            |after| Progress::Retrying { attempt: 1, after: Duration::from_secs(after), reason: "503".into() };
        assert_eq!(
            [
                None,
                Some(Progress::WaitingForCache),
                Some(Progress::Requesting { attempt: 2 }),
                Some(retrying(30)),
                Some(retrying(1))
            ]
            .map(|progress| lines(progress, &[5]).concat()),
            [
                "plan#1 a plan: no answer for 5 s, waiting for a permit of `models.concurrency`",
                "plan#1 a plan: no answer for 5 s, waiting for the first token of an earlier call (`models.wait_for_cache`)",
                "plan#1 a plan: no answer for 5 s, waiting for the first token of attempt 2",
                "plan#1 a plan: no answer for 5 s, waiting for a retry in 25 s: 503",
                "plan#1 a plan: no answer for 5 s, waiting for a permit of `models.concurrency` to retry after: 503",
            ]
        );
        assert_eq!(
            lines(Some(Progress::Receiving { characters: 8400 }), &[5, 60]),
            ["plan#1 a plan: the answer has been arriving for 1 min 00 s, 8400 characters so far"]
        );
    }

    #[test]
    fn ended_calls_are_not_told() {
        let (mut waits, began) = (Waits::default(), Instant::now());
        let run = "run-1".parse().unwrap();
        waits.on_event(&run, &asked(1), began);
        waits.on_event(&run, &Event::RunStopped { reason: String::new() }, began);
        assert!(waits.due(began + Duration::from_secs(9)).is_empty());
        assert_eq!(waits.next_due(), None);
    }
}
