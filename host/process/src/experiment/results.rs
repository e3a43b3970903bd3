//! The figures of an experiment, computed from its cells.

use serde::Serialize;

use super::cell::{Cell, CellId, CellStatus, RunCost};
use super::sharing::Sharing;
use super::superseded::SupersededRun;
use crate::names::TaskId;
use crate::stats::{Mean, Share};

/// The version of the JSON form of [`Results`].
pub const RESULTS_FORMAT: u32 = 1;

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
    /// What was spent together, where cells have common beginnings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing: Option<Sharing>,
    /// The cells.
    pub cells: Vec<Cell>,
    /// The runs of earlier versions of the experiment, which no figure includes.
    pub superseded: Vec<SupersededRun>,
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
            sharing: Sharing::of_cells(&cells),
            cells,
            superseded: Vec::new(),
        }
    }

    /// Whether the run of every cell has ended.
    pub fn is_complete(&self) -> bool {
        self.cells.iter().all(|cell| cell.standing.has_ended())
    }
}

fn pass_counts(cells: &[&Cell], task: &TaskId) -> PassCounts {
    let of_task = || cells.iter().filter(|cell| cell.id.task == *task);
    PassCounts {
        passed: of_task().filter(|cell| cell.standing == CellStatus::Passed).count(),
        ended: of_task().filter(|cell| cell.standing.has_ended()).count(),
        runs: of_task().count(),
    }
}

fn variant(name: &str, cells: &[&Cell]) -> Variant {
    let count = |standing| cells.iter().filter(|cell| cell.standing == standing).count();
    let passed = count(CellStatus::Passed);
    let ended: Vec<&&Cell> = cells.iter().filter(|cell| cell.standing.has_ended()).collect();
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
