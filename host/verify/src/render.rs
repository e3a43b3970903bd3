//! Renders a run as text for comparison: one line per event, and the log of its plugins.

use std::sync::Mutex;

use phasegate_journal::Journal;
use phasegate_process::gate::SuiteRun;
use phasegate_process::state::State;
use phasegate_process::sync::lock;
use phasegate_process::{AttemptId, Event, FeedbackOutcome, PhaseOutcome, Recorded, RunId, RunStatus};

use phasegate_runtime::{Activity, Error, Observer, read_json};

/// The most characters of an artifact that are rendered.
const CONTENT: usize = 400;

/// Collects the log lines of one run.
#[derive(Default)]
pub(crate) struct LogCollector(Mutex<Vec<String>>);

impl Observer for LogCollector {
    fn on_event(&self, _: &RunId, _: &Recorded, _: &State) {}

    fn on_activity(&self, _: &RunId, _: Option<&AttemptId>, seen: Activity) {
        if let Activity::Log { line, .. } = seen {
            lock(&self.0).push(line);
        }
    }
}

/// Renders a run: first its log, then its events.
pub(crate) fn render_run(journal: &dyn Journal, run: &RunId, log: &LogCollector) -> Result<String, Error> {
    let heard = lock(&log.0).clone();
    let mut lines: Vec<String> = heard.iter().map(|line| format!("says: {line}")).collect();
    lines.push(format!("heard {} lines", heard.len()));
    for recorded in journal.events(run)? {
        render_event(journal, &recorded.event, &mut lines)?;
    }
    Ok(lines.join("\n"))
}

/// Replaces line breaks by spaces.
pub(crate) fn one_line(words: &str) -> String {
    words.replace('\n', " ")
}

fn render_event(journal: &dyn Journal, event: &Event, lines: &mut Vec<String>) -> Result<(), Error> {
    match event {
        Event::ModelAsked { label, .. } => lines.push(format!("asked a model: {}", one_line(label))),
        Event::PhaseFinished { at, outcome, .. } => match outcome {
            PhaseOutcome::Submitted { artifacts, .. } => {
                lines.push(format!("{at} submitted"));
                for artifact in artifacts {
                    let bytes = journal.blob(&artifact.digest)?.unwrap_or_default();
                    let content: String = String::from_utf8_lossy(&bytes).chars().take(CONTENT).collect();
                    lines.push(format!("{at} submitted {} {}", artifact.name, one_line(&content)));
                }
            }
            PhaseOutcome::Invalid { faults } => lines.push(format!("{at} invalid: {}", one_line(&faults.join("; ")))),
            PhaseOutcome::Failed { reason } => lines.push(format!("{at} failed: {}", one_line(reason))),
            PhaseOutcome::Crashed { reason } => lines.push(format!("{at} crashed: {}", one_line(reason))),
        },
        Event::TestsRan { at, call: None, run, .. } => {
            let run: SuiteRun = read_json(journal, run)?;
            for test in run.tests {
                let why = test.message.map(|why| format!(": {}", one_line(&why))).unwrap_or_default();
                lines.push(format!("{at} ran {} {}{why}", test.name, test.outcome.as_str()));
            }
        }
        Event::GateJudged { at, verdict, reason, issues, .. } => {
            let ids: String = issues.iter().map(|issue| format!(" [{}]", issue.id)).collect();
            lines.push(format!("{at} {}: {}{ids}", verdict.as_str(), one_line(reason)));
        }
        Event::FeedbackDecided { at, decided, .. } => lines.push(match decided {
            FeedbackOutcome::Revise { rework } => {
                let phases: Vec<&str> = rework.iter().map(|one| one.phase.as_str()).collect();
                format!("{at} strategy revises {}", phases.join(" "))
            }
            FeedbackOutcome::AskAPerson { reason } => format!("{at} strategy asks: {}", one_line(reason)),
            FeedbackOutcome::GiveUp { reason } => format!("{at} strategy gives up: {}", one_line(reason)),
            FeedbackOutcome::Refused { reason } => format!("{at} strategy refused: {}", one_line(reason)),
        }),
        Event::RunStopped { reason } => lines.push(format!("stopped: {}", one_line(reason))),
        Event::RunFinished { status, reason } => {
            let status = match status {
                RunStatus::Passed => "passed",
                RunStatus::Failed => "failed",
                RunStatus::Aborted => "aborted",
            };
            lines.push(format!("finished {status}: {}", one_line(reason)));
        }
        _ => {}
    }
    Ok(())
}
