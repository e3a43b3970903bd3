//! What an experiment came to: its cells, and the figures of each variant.
//!
//! A cell is one run: a task, a variant, a repetition. Figures count ended runs (passed, failed, or ended by a person); what
//! waits, stopped or never started is counted apart and never as a failure. What is not known stays unknown. Pure; cannot fail.

use serde::Serialize;

use crate::compare::Comparison;
use crate::result::{TaskResult, TaskStatus};
use crate::state::State;
use crate::stats::{Mean, Share};
use crate::{Recorded, RunId, TaskId};

/// The version of the JSON form of [`Results`].
pub const RESULTS_FORMAT: u32 = 1;

/// Where a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended it.
    Aborted,
    /// A person is needed.
    Waiting,
    /// It has no end yet and can be gone on with.
    Stopped,
    /// There is no run of it yet.
    NotStarted,
}

impl CellStatus {
    /// The word used in tables and in JSON.
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

    /// Whether the run is over.
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

/// Which cell it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellId {
    /// The variant.
    pub variant: String,
    /// The task.
    pub task: TaskId,
    /// From 1.
    pub repetition: u32,
    /// Its run.
    pub run: RunId,
}

/// One cell and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// Which.
    #[serde(flatten)]
    pub id: CellId,
    /// Where it stands.
    pub standing: CellStatus,
    /// Why, in one sentence.
    pub reason: String,
    /// What it took; nothing where it never started.
    #[serde(flatten)]
    pub cost: RunCost,
}

/// What a run cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RunCost {
    /// Judgements of all its gates together.
    pub gate_attempts: usize,
    /// Issues that some gate could have found before the one that did: see [`crate::compare::GateFigures::escaped`].
    pub escaped: usize,
    /// Model calls that came back.
    pub calls: u64,
    /// Tokens read and written.
    pub tokens: u64,
    /// US dollars; `None` where a price was not known.
    pub usd: Option<f64>,
    /// Calls that were asked and never heard of again; they may have been billed.
    pub maybe_billed: usize,
    /// Milliseconds of work, waiting for people not counted.
    pub elapsed_ms: u64,
    /// Whether answers came from a script and not from a model.
    pub scripted: bool,
}

impl Default for RunCost {
    fn default() -> Self {
        Self {
            gate_attempts: 0,
            escaped: 0,
            calls: 0,
            tokens: 0,
            // Nothing asked is known to have cost nothing.
            usd: Some(0.0),
            maybe_billed: 0,
            elapsed_ms: 0,
            scripted: false,
        }
    }
}

impl Cell {
    /// A cell that has no run yet.
    pub fn not_started(id: CellId) -> Self {
        Self { id, standing: CellStatus::NotStarted, reason: "it was not started".to_owned(), cost: RunCost::default() }
    }

    /// A cell whose run is in the journal.
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

/// What an experiment came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// See [`RESULTS_FORMAT`].
    pub format: u32,
    /// The experiment.
    pub experiment: String,
    /// Whether any answers came from a script: then nothing is said about any model.
    pub scripted: bool,
    /// In the order of the file.
    pub variants: Vec<Variant>,
    /// How each variant fared with each task.
    pub tasks: Vec<TaskRow>,
    /// Every cell.
    pub cells: Vec<Cell>,
}

/// One variant over all its cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Its name.
    pub variant: String,
    /// Its cells.
    pub runs: usize,
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed for good.
    pub failed: usize,
    /// Runs that a person ended.
    pub aborted: usize,
    /// Runs that wait for a person.
    pub waiting: usize,
    /// Runs without an end yet.
    pub stopped: usize,
    /// Cells without a run yet.
    pub not_started: usize,
    /// Passed of ended runs.
    pub pass_rate: Option<Share>,
    /// Judgements of all gates together that a run took which passed: as many as it has gates, if none ever failed.
    pub attempts_to_pass: Option<Mean>,
    /// US dollars of all its runs, ended or not; `None` as soon as one is not known.
    pub usd: Option<f64>,
    /// The same for each run that passed; `None` where that is not known or none passed.
    pub usd_per_passed: Option<f64>,
    /// Tokens of all its runs.
    pub tokens: u64,
    /// The same for each run that passed.
    pub tokens_per_passed: Option<f64>,
    /// Escaped defects of an ended run.
    pub escaped: Option<Mean>,
    /// Milliseconds of work of an ended run.
    pub elapsed_ms: Option<Mean>,
    /// Calls that may have been billed and are in no figure.
    pub maybe_billed: usize,
}

impl Variant {
    /// How many of its cells stand so.
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

/// One task over all variants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskRow {
    /// The task.
    pub task: TaskId,
    /// In the order of the variants.
    pub variants: Vec<PassCounts>,
}

/// How one variant fared with one task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PassCounts {
    /// Runs that passed.
    pub passed: usize,
    /// Runs that ended.
    pub ended: usize,
    /// All of them.
    pub runs: usize,
}

impl Results {
    /// The figures of these cells; variants and tasks in the order in which they first come.
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

    /// Whether every cell ended.
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

/// Sums of fractions of a dollar leave traces that nobody paid.
fn to_nanos(usd: f64) -> f64 {
    (usd * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests;
