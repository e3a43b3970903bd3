//! One cell of an experiment: a run, or a planned run that has not started.

use serde::Serialize;

use super::shared_cost::SharedCost;
use crate::acceptance::Acceptance;
use crate::compare::Comparison;
use crate::event::Recorded;
use crate::names::{RunId, TaskId};
use crate::result::{TaskResult, TaskStatus};
use crate::state::State;

/// The status of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended the run.
    Aborted,
    /// The run waits for a person.
    Waiting,
    /// The run has not ended and can be resumed.
    Stopped,
    /// The cell has no run yet.
    NotStarted,
}

impl CellStatus {
    /// Returns the word used in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::NotStarted => "not_started",
        }
    }

    /// Whether the run has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Passed | Self::Failed | Self::Aborted)
    }
}

impl From<TaskStatus> for CellStatus {
    fn from(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Passed => Self::Passed,
            TaskStatus::Failed => Self::Failed,
            TaskStatus::Aborted => Self::Aborted,
            TaskStatus::Waiting => Self::Waiting,
            TaskStatus::Stopped | TaskStatus::Running => Self::Stopped,
        }
    }
}

/// The identity of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellId {
    /// The variant's name.
    pub variant: String,
    /// The task's id.
    pub task: TaskId,
    /// The repetition, from 1.
    pub repetition: u32,
    /// The id of its run.
    pub run: RunId,
}

/// One cell and its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The identity of the cell.
    #[serde(flatten)]
    pub id: CellId,
    /// The status.
    pub standing: CellStatus,
    /// The reason of the status, in one sentence.
    pub reason: String,
    /// Whether the delivered code is accepted.
    #[serde(flatten)]
    pub acceptance: Acceptance,
    /// The cost of its run, as if it had run alone; zero where it did not start.
    #[serde(flatten)]
    pub cost: RunCost,
    /// The seed of its requests to models, where one was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The temperature of its requests, where one was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The part of its run that other cells have as well, with its cost; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedCost>,
}

/// The cost of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunCost {
    /// The number of judgements of all its gates.
    pub gate_attempts: usize,
    /// The number of escaped issues: see [`crate::compare::RunFigures::escaped`].
    pub escaped: usize,
    /// Model calls with an answer or an error.
    pub calls: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars with the prices of today; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// US dollars with the prices that the run pinned, if those are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_pinned: Option<f64>,
    /// Whether today's prices are others than those that the run pinned.
    #[serde(skip)]
    pub repriced: bool,
    /// Calls without an answer, which may have been billed.
    pub maybe_billed: usize,
    /// Milliseconds of work, without waiting for people.
    pub elapsed_ms: u64,
    /// Whether model answers came from a script.
    pub scripted: bool,
    /// Whether a model was asked, and not only a script.
    #[serde(skip)]
    pub asks_models: bool,
}

impl Default for RunCost {
    fn default() -> Self {
        Self {
            gate_attempts: 0,
            escaped: 0,
            calls: 0,
            tokens: 0,
            // Without any call the cost is known to be zero.
            usd: Some(0.0),
            usd_pinned: None,
            repriced: false,
            maybe_billed: 0,
            elapsed_ms: 0,
            scripted: false,
            asks_models: false,
        }
    }
}

impl RunCost {
    /// Returns the cost with other prices: `usd` is in US dollars.
    pub fn repriced(self, usd: Option<f64>) -> Self {
        Self { usd, usd_pinned: self.usd, repriced: true, ..self }
    }
}

impl Cell {
    /// Returns a cell that has no run yet.
    pub fn not_started(id: CellId) -> Self {
        Self {
            id,
            standing: CellStatus::NotStarted,
            reason: "not started".to_owned(),
            acceptance: Acceptance::NotTested,
            cost: RunCost::default(),
            seed: None,
            temperature: None,
            shared: None,
        }
    }

    /// Returns the cell of a run. `events` are the events that were folded to `state`.
    pub fn from_run(id: CellId, state: &State, events: &[Recorded]) -> Self {
        let result = TaskResult::from_events(state, events);
        let compared = Comparison::new(&[(state, events)]);
        let totals = result.totals;
        Self {
            id,
            standing: result.status.into(),
            reason: result.reason,
            acceptance: result.acceptance,
            seed: None,
            temperature: None,
            shared: SharedCost::of_fork(state, events),
            cost: RunCost {
                gate_attempts: result.gates.iter().map(|gate| gate.attempts.len()).sum(),
                escaped: compared.runs.first().map_or(0, |run| run.escaped),
                calls: totals.calls,
                tokens: totals.input_tokens + totals.output_tokens,
                usd: if totals.calls == 0 { Some(0.0) } else { totals.usd },
                usd_pinned: None,
                repriced: false,
                maybe_billed: result.maybe_billed.len(),
                elapsed_ms: totals.elapsed_ms,
                scripted: result.scripted,
                asks_models: totals.asks_models,
            },
        }
    }

    /// Returns the cell of a run that several cells have as a whole, or so far. Its id names that run.
    pub fn from_shared_run(id: CellId, state: &State, events: &[Recorded]) -> Self {
        let id = CellId { run: state.created.run_id.clone(), ..id };
        Self { shared: Some(SharedCost::whole_run(state, events)), ..Self::from_run(id, state, events) }
    }
}
