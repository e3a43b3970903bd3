//! The results of an experiment: its cells, and the figures of each variant.
//!
//! A cell is one run: a task, a variant, a repetition. Figures count ended runs (passed, failed or aborted). Runs that
//! wait, stopped or did not start are counted separately and never as failures. Unknown figures stay unknown. Pure;
//! cannot fail.

use serde::Serialize;

use crate::compare::Comparison;
use crate::event::Recorded;
use crate::names::{RunId, TaskId};
use crate::result::{TaskResult, TaskStatus};
use crate::state::State;
use crate::stats::{Mean, Share};

/// The version of the JSON form of [`Results`].
pub const RESULTS_FORMAT: u32 = 1;

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
    pub fn ended(self) -> bool {
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
    /// The cost of its run; zero where it did not start.
    #[serde(flatten)]
    pub cost: RunCost,
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
    /// US dollars; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Calls without an answer, which may have been billed.
    pub maybe_billed: usize,
    /// Milliseconds of work, without waiting for people.
    pub elapsed_ms: u64,
    /// Whether model answers came from a script.
    pub scripted: bool,
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
            maybe_billed: 0,
            elapsed_ms: 0,
            scripted: false,
        }
    }
}

impl Cell {
    /// Returns a cell that has no run yet.
    pub fn not_started(id: CellId) -> Self {
        Self { id, standing: CellStatus::NotStarted, reason: "not started".to_owned(), cost: RunCost::default() }
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
            cost: RunCost {
                gate_attempts: result.gates.iter().map(|gate| gate.attempts.len()).sum(),
                escaped: compared.runs.first().map_or(0, |run| run.escaped),
                calls: totals.calls,
                tokens: totals.input_tokens + totals.output_tokens,
                usd: if totals.calls == 0 { Some(0.0) } else { totals.usd },
                maybe_billed: result.maybe_billed.len(),
                elapsed_ms: totals.elapsed_ms,
                scripted: result.scripted,
            },
        }
    }
}

/// The results of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// The version of the format: [`RESULTS_FORMAT`].
    pub format: u32,
    /// The experiment's name.
    pub experiment: String,
    /// Whether any model answers came from a script; the figures then say nothing about models.
    pub scripted: bool,
    /// The figures of each variant, in the order of the file.
    pub variants: Vec<Variant>,
    /// The counts of each task and variant.
    pub tasks: Vec<TaskRow>,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// The figures of one variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// The variant's name.
    pub variant: String,
    /// The number of cells.
    pub runs: usize,
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed for good.
    pub failed: usize,
    /// Runs that a person ended.
    pub aborted: usize,
    /// Runs that wait for a person.
    pub waiting: usize,
    /// Runs that stopped before their end.
    pub stopped: usize,
    /// Cells without a run yet.
    pub not_started: usize,
    /// The share of passed runs among the ended ones.
    pub pass_rate: Option<Share>,
    /// The mean number of gate judgements of a run that passed. Equals the number of gates if no gate failed.
    pub attempts_to_pass: Option<Mean>,
    /// US dollars of all runs, ended or not; `None` as soon as the cost of one is unknown.
    pub usd: Option<f64>,
    /// `usd` divided by the number of passed runs; `None` where that is unknown or zero.
    pub usd_per_passed: Option<f64>,
    /// Tokens of all runs.
    pub tokens: u64,
    /// `tokens` divided by the number of passed runs.
    pub tokens_per_passed: Option<f64>,
    /// The mean number of escaped issues of an ended run.
    pub escaped: Option<Mean>,
    /// The mean time of work of an ended run, in milliseconds.
    pub elapsed_ms: Option<Mean>,
    /// Calls that may have been billed; no other figure includes them.
    pub maybe_billed: usize,
}

impl Variant {
    /// Returns the number of cells with this status.
    pub fn count(&self, standing: CellStatus) -> usize {
        match standing {
            CellStatus::Passed => self.passed,
            CellStatus::Failed => self.failed,
            CellStatus::Aborted => self.aborted,
            CellStatus::Waiting => self.waiting,
            CellStatus::Stopped => self.stopped,
            CellStatus::NotStarted => self.not_started,
        }
    }
}

/// The counts of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskRow {
    /// The task's id.
    pub task: TaskId,
    /// The counts of each variant, in the order of the variants.
    pub variants: Vec<PassCounts>,
}

/// The counts of one variant with one task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PassCounts {
    /// Runs that passed.
    pub passed: usize,
    /// Runs that ended, passed ones included.
    pub ended: usize,
    /// All cells.
    pub runs: usize,
}

impl Results {
    /// Computes the figures of these cells. Variants and tasks are in the order of their first cells.
    pub fn new(experiment: &str, cells: Vec<Cell>) -> Self {
        let (mut names, mut ids): (Vec<&str>, Vec<&TaskId>) = (Vec::new(), Vec::new());
        for CellId { variant, task, .. } in cells.iter().map(|cell| &cell.id) {
            if !names.contains(&variant.as_str()) {
                names.push(variant);
            }
            if !ids.contains(&task) {
                ids.push(task);
            }
        }
        let of_variant = |name: &str| cells.iter().filter(|cell| cell.id.variant == name).collect::<Vec<_>>();
        let row = |task: &TaskId| TaskRow {
            task: task.clone(),
            variants: names.iter().map(|name| pass_counts(&of_variant(name), task)).collect(),
        };
        Self {
            format: RESULTS_FORMAT,
            experiment: experiment.to_owned(),
            scripted: cells.iter().any(|cell| cell.cost.scripted),
            variants: names.iter().map(|name| variant(name, &of_variant(name))).collect(),
            tasks: ids.into_iter().map(row).collect(),
            cells,
        }
    }

    /// Whether the run of every cell has ended.
    pub fn complete(&self) -> bool {
        self.cells.iter().all(|cell| cell.standing.ended())
    }
}

fn pass_counts(cells: &[&Cell], task: &TaskId) -> PassCounts {
    let of_task = || cells.iter().filter(|cell| cell.id.task == *task);
    PassCounts {
        passed: of_task().filter(|cell| cell.standing == CellStatus::Passed).count(),
        ended: of_task().filter(|cell| cell.standing.ended()).count(),
        runs: of_task().count(),
    }
}

fn variant(name: &str, cells: &[&Cell]) -> Variant {
    let count = |standing| cells.iter().filter(|cell| cell.standing == standing).count();
    let passed = count(CellStatus::Passed);
    let ended: Vec<&&Cell> = cells.iter().filter(|cell| cell.standing.ended()).collect();
    let mean = |cells: &[&&Cell], figure: fn(&RunCost) -> f64| {
        Mean::from_values(&cells.iter().map(|cell| figure(&cell.cost)).collect::<Vec<_>>())
    };
    let of_passed: Vec<&&Cell> = ended.iter().copied().filter(|cell| cell.standing == CellStatus::Passed).collect();
    let usd = cells.iter().map(|cell| cell.cost.usd).sum::<Option<f64>>().map(to_nanos);
    let tokens: u64 = cells.iter().map(|cell| cell.cost.tokens).sum();
    let each = |sum: f64| (passed > 0).then(|| sum / passed as f64);
    Variant {
        variant: name.to_owned(),
        runs: cells.len(),
        passed,
        failed: count(CellStatus::Failed),
        aborted: count(CellStatus::Aborted),
        waiting: count(CellStatus::Waiting),
        stopped: count(CellStatus::Stopped),
        not_started: count(CellStatus::NotStarted),
        pass_rate: Share::from_counts(passed, ended.len()),
        attempts_to_pass: mean(&of_passed, |cost| cost.gate_attempts as f64),
        usd,
        usd_per_passed: usd.and_then(each).map(to_nanos),
        tokens,
        tokens_per_passed: each(tokens as f64),
        escaped: mean(&ended, |cost| cost.escaped as f64),
        elapsed_ms: mean(&ended, |cost| cost.elapsed_ms as f64),
        maybe_billed: cells.iter().map(|cell| cell.cost.maybe_billed).sum(),
    }
}

/// Rounds to nano-dollars: sums of fractions leave a remainder.
fn to_nanos(usd: f64) -> f64 {
    (usd * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests;
