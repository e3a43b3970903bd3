//! How far a run came, and how it is stopped from outside.

use std::fmt;
use std::sync::Arc;

use phasegate_process::{AttemptId, RunStatus};
use tokio::sync::watch;

/// Why a run stopped before its end. Its text stands in `run_stopped` events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopCause {
    /// A person pressed Ctrl-C in the terminal of the run.
    Interrupted,
    /// The process got SIGTERM.
    Terminated,
    /// The process got SIGHUP: its terminal closed.
    HungUp,
    /// Somebody asked for it with `phasegate cancel`.
    Cancelled {
        /// Who.
        by: String,
    },
    /// A replay came to the end of what is recorded.
    EndOfRecord,
    /// The run is the common beginning of several runs, and the next step is the first decision of the strategy.
    BeforeDecision {
        /// The attempt that the strategy is to decide about.
        at: AttemptId,
    },
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted by Ctrl-C"),
            Self::Terminated => f.write_str("interrupted by SIGTERM"),
            Self::HungUp => f.write_str("interrupted by SIGHUP"),
            Self::Cancelled { by } => write!(f, "cancelled by {by}"),
            Self::EndOfRecord => f.write_str("the record ends here"),
            Self::BeforeDecision { at } => {
                write!(f, "the shared beginning is complete: each variant goes on after {at} in a run of its own")
            }
        }
    }
}

/// Stops runs from outside. Clones stop the same runs.
#[derive(Debug, Clone)]
pub struct StopSignal(Arc<watch::Sender<Option<StopCause>>>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl StopSignal {
    /// Stops the runs now. What they recorded so far stays, and they can be resumed.
    pub fn stop(&self, reason: StopCause) {
        self.0.send_replace(Some(reason));
    }

    /// Whether the runs are to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until the runs are to stop.
    pub async fn stopped(&self) -> StopCause {
        let mut stopped = self.0.subscribe();
        match stopped.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone()) {
            Some(reason) => reason,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq)]
pub enum RunOutcome {
    /// The run is over, with this status for this reason.
    Finished(RunStatus, String),
    /// The run waits for the decision of a person.
    Waiting {
        /// The attempt at the gate that is to be decided.
        at: AttemptId,
        /// The question to the person.
        question: String,
    },
    /// The run was stopped and can be resumed.
    Stopped(StopCause),
}
