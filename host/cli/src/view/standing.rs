//! How far a run is that has not ended and does not wait for a person.
//!
//! The events do not say whether a process executes the run, so the journal is asked.

use phasegate_journal::Journal;
use phasegate_process::result::{TaskResult, TaskStatus};
use phasegate_process::{Event, Recorded};

/// How far a run is, in addition to its recorded status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As it is recorded.
    Recorded(TaskStatus),
    /// A process executes it; 0 where its id is unknown.
    Running(u32),
    /// A person decided, and it was not resumed since.
    Decided,
    /// It was imported before its end, and not resumed here.
    Imported,
    /// Its process ended without recording why.
    Interrupted,
}

impl Standing {
    /// Returns the standing of a run. A process that cannot be determined counts as none.
    pub fn new(journal: &dyn Journal, result: &TaskResult, events: &[Recorded]) -> Self {
        if result.status != TaskStatus::Running {
            return Self::Recorded(result.status);
        }
        let run = &result.run_id;
        if let Some(pid) = journal.owner(run).ok().flatten() {
            return Self::Running(pid);
        }
        // A decision on a proposal changes nothing of the run.
        let is_of_run = |recorded: &&Recorded| !matches!(recorded.event, Event::ProposalDecided { .. });
        match events.iter().rev().find(is_of_run).map(|last| (&last.event, last.number)) {
            Some((Event::ApprovalGiven { .. }, _)) => Self::Decided,
            Some((_, last)) if journal.imported(run).ok().flatten().is_some_and(|imported| last <= imported) => {
                Self::Imported
            }
            _ => Self::Interrupted,
        }
    }

    /// Returns the word for people and for `runs --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded(status) => status.as_str(),
            Self::Running(_) => TaskStatus::Running.as_str(),
            Self::Decided => "decided",
            Self::Imported => "unfinished",
            Self::Interrupted => "interrupted",
        }
    }

    /// Renders where the run is, from the reason of its result.
    pub fn render_reason(self, reason: &str) -> String {
        match self {
            Self::Decided => format!("ready to resume ({reason})"),
            Self::Imported => format!("imported before its end ({reason})"),
            Self::Recorded(_) | Self::Running(_) | Self::Interrupted => reason.to_owned(),
        }
    }
}
