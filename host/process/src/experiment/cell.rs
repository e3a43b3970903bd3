//! One cell of an experiment: a run, or a planned run that has not started.

use serde::Serialize;

use super::defects::escaped_defects;
use super::shared_cost::SharedCost;
use crate::acceptance::Acceptance;
use crate::event::{Event, Recorded, Verdict};
use crate::names::{PhaseName, RunId, TaskId};
use crate::result::{GateResult, GateStatus, TaskResult, TaskStatus};
use crate::state::State;

/// The status of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// Every gate was passed.
    Passed,
    /// The run reached its end, but a person overrode at least one gate. It has ended and did not pass.
    Overridden,
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
            Self::Overridden => "overridden",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::NotStarted => "not_started",
        }
    }

    /// Whether the run has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Passed | Self::Overridden | Self::Failed | Self::Aborted)
    }
}

impl CellStatus {
    fn from_result(result: &TaskResult) -> Self {
        let overridden = || result.gates.iter().any(|gate| gate.standing == GateStatus::Overridden);
        match result.status {
            TaskStatus::Passed if overridden() => Self::Overridden,
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
    /// The name of the pipeline; `None` where the run did not start.
    pub pipeline: Option<String>,
    /// The gates of the pipeline, in order; none where the run did not start.
    pub gates: Vec<CellGate>,
    /// Whether the delivered code is accepted.
    #[serde(flatten)]
    pub acceptance: Acceptance,
    /// The number of decisions that the feedback strategy was asked for.
    pub strategy_asked: usize,
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

/// One gate of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellGate {
    /// The gate.
    pub gate: PhaseName,
    /// The status.
    pub standing: GateStatus,
    /// The number of judgements.
    pub judgements: usize,
    /// The number of judgements that failed.
    pub failed: usize,
    /// Whether the first judgement with a verdict passed, with or without conditions; `None` without one.
    pub first_passed: Option<bool>,
}

impl From<&GateResult> for CellGate {
    fn from(result: &GateResult) -> Self {
        let mut verdicts = result.attempts.iter().map(|attempt| attempt.verdict);
        Self {
            gate: result.gate.clone(),
            standing: result.standing,
            judgements: result.attempts.len(),
            failed: verdicts.clone().filter(|verdict| *verdict == Verdict::Failed).count(),
            first_passed: verdicts.find(|verdict| *verdict != Verdict::NotJudged).map(|first| first != Verdict::Failed),
        }
    }
}

/// The cost of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunCost {
    /// The number of judgements of all its gates.
    pub gate_attempts: usize,
    /// The number of judgements that failed.
    pub failed_judgements: usize,
    /// The number of distinct defects that an earlier gate could have found.
    pub escaped_defects: usize,
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
            failed_judgements: 0,
            escaped_defects: 0,
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
    /// Returns the names of the gates of its pipeline, in order.
    pub(super) fn gate_names(&self) -> impl Iterator<Item = &PhaseName> {
        self.gates.iter().map(|gate| &gate.gate)
    }

    /// Returns a cell that has no run yet.
    pub fn not_started(id: CellId) -> Self {
        Self {
            id,
            standing: CellStatus::NotStarted,
            reason: "not started".to_owned(),
            pipeline: None,
            gates: Vec::new(),
            acceptance: Acceptance::NotTested,
            strategy_asked: 0,
            cost: RunCost::default(),
            seed: None,
            temperature: None,
            shared: None,
        }
    }

    /// Returns the cell of a run. `events` are the events that were folded to `state`.
    pub fn from_run(id: CellId, state: &State, events: &[Recorded]) -> Self {
        let result = TaskResult::from_events(state, events);
        let gates: Vec<CellGate> = result.gates.iter().map(CellGate::from).collect();
        let totals = result.totals;
        let asked = |recorded: &&Recorded| matches!(recorded.event, Event::FeedbackDecided { .. });
        Self {
            id,
            standing: CellStatus::from_result(&result),
            reason: result.reason,
            pipeline: Some(state.pipeline.name.clone()),
            acceptance: result.acceptance,
            seed: None,
            temperature: None,
            shared: SharedCost::of_fork(state, events),
            strategy_asked: events.iter().filter(asked).count(),
            cost: RunCost {
                gate_attempts: gates.iter().map(|gate| gate.judgements).sum(),
                failed_judgements: gates.iter().map(|gate| gate.failed).sum(),
                escaped_defects: escaped_defects(state),
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
            gates,
        }
    }

    /// Returns the cell of a run that several cells have as a whole, or so far. Its id names that run.
    pub fn from_shared_run(id: CellId, state: &State, events: &[Recorded]) -> Self {
        let id = CellId { run: state.created.run_id.clone(), ..id };
        Self { shared: Some(SharedCost::whole_run(state, events)), ..Self::from_run(id, state, events) }
    }
}
