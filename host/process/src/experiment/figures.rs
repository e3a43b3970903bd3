//! The figures of each variant and of each task.

use serde::Serialize;

use super::cell::{Cell, CellStatus, RunCost};
use super::outcome::{Acceptances, is_passed};
use crate::acceptance::Acceptance;
use crate::names::{PhaseName, TaskId};
use crate::stats::{Mean, Ratio, Share, ratio_by_cluster};

/// The figures of one variant. Shares and means are over ended runs, unless a field says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// The variant's name.
    pub variant: String,
    /// The name of its pipeline; `None` where no run has started.
    pub pipeline: Option<String>,
    /// The number of cells.
    pub runs: usize,
    /// Runs that ended: passed, overridden, failed or aborted.
    pub ended: usize,
    /// Runs that passed every gate.
    pub passed: usize,
    /// Runs that reached their end because a person overrode a gate.
    pub overridden: usize,
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
    /// The share of passed runs, for these tasks.
    pub pass_rate: Option<Share>,
    /// The same for tasks like these: the tasks are a sample. `None` with fewer than 6 tasks.
    pub pass_rate_similar_tasks: Option<Share>,
    /// Runs that passed and were accepted.
    pub accepted: usize,
    /// Runs that passed and were not accepted.
    pub passed_not_accepted: usize,
    /// Runs that passed and whose acceptance tests could not be run; no acceptance rate includes them.
    pub acceptance_not_run: usize,
    /// The share of accepted runs, for these tasks; runs that did not pass are not accepted. `None` without acceptance tests.
    pub acceptance_rate: Option<Share>,
    /// The same for tasks like these.
    pub acceptance_rate_similar_tasks: Option<Share>,
    /// The number of failed judgements of a run.
    pub failed_judgements: Option<Mean>,
    /// The number of distinct escaped defects of a run.
    pub escaped_defects: Option<Mean>,
    /// The first-pass yield of each gate.
    pub gates: Vec<GateYield>,
    /// Runs that have started, ended or not.
    pub started: usize,
    /// Those in which the feedback strategy was asked at least once.
    pub strategy_asked: usize,
    /// US dollars of all runs, ended or not; `None` as soon as the cost of one is unknown.
    pub usd: Option<f64>,
    /// US dollars of a run; `None` as soon as the cost of one is unknown.
    pub usd_per_run: Option<Mean>,
    /// `usd` divided by the number of passed runs, by a bootstrap of the tasks; `None` where that is unknown or zero.
    pub usd_per_passed: Option<Ratio>,
    /// `usd` divided by the number of accepted runs, in the same way; `None` without acceptance tests.
    pub usd_per_accepted: Option<Ratio>,
    /// Tokens of all runs, ended or not.
    pub tokens: u64,
    /// `tokens` divided by the number of passed runs.
    pub tokens_per_passed: Option<f64>,
    /// The time of work of a run, in milliseconds.
    pub elapsed_ms: Option<Mean>,
    /// Calls that may have been billed; no other figure includes them.
    pub maybe_billed: usize,
}

/// How often a gate passed at its first judgement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateYield {
    /// The gate.
    pub gate: PhaseName,
    /// The share of the ended runs that reached the gate.
    #[serde(flatten)]
    pub first_pass: Share,
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
    /// Runs that passed and were accepted.
    pub accepted: usize,
    /// Runs that passed and whose acceptance tests could not be run.
    pub not_run: usize,
    /// Runs that ended, passed ones included.
    pub ended: usize,
    /// All cells.
    pub runs: usize,
}

impl Variant {
    /// Computes the figures of a variant from its cells.
    pub(super) fn from_cells(name: &str, cells: &[&Cell], tasks: &[TaskId], acceptances: &Acceptances<'_>) -> Self {
        let count = |standing| cells.iter().filter(|cell| cell.standing == standing).count();
        let passed = count(CellStatus::Passed);
        let ended: Vec<&Cell> = cells.iter().copied().filter(|cell| cell.standing.has_ended()).collect();
        let mean = |figure: fn(&RunCost) -> f64| {
            Mean::from_amounts(&ended.iter().map(|cell| figure(&cell.cost)).collect::<Vec<_>>())
        };
        let accepted = |cell: &Cell| acceptances.is_accepted(cell);
        let [pass_rate, pass_rate_similar_tasks] = rates(&ended, tasks, is_passed);
        let [acceptance_rate, acceptance_rate_similar_tasks] = rates(&ended, tasks, accepted);
        let usd = cells.iter().map(|cell| cell.cost.usd).sum::<Option<f64>>().map(to_nanos);
        let usd_of_ended: Option<Vec<f64>> = ended.iter().map(|cell| cell.cost.usd).collect();
        let tokens: u64 = cells.iter().map(|cell| cell.cost.tokens).sum();
        Self {
            variant: name.to_owned(),
            pipeline: cells.iter().find_map(|cell| cell.pipeline.clone()),
            runs: cells.len(),
            ended: ended.len(),
            passed,
            overridden: count(CellStatus::Overridden),
            failed: count(CellStatus::Failed),
            aborted: count(CellStatus::Aborted),
            waiting: count(CellStatus::Waiting),
            stopped: count(CellStatus::Stopped),
            not_started: count(CellStatus::NotStarted),
            pass_rate,
            pass_rate_similar_tasks,
            accepted: ended.iter().filter(|cell| accepted(cell) == Some(true)).count(),
            passed_not_accepted: ended
                .iter()
                .filter(|cell| is_passed(cell) == Some(true) && accepted(cell) == Some(false))
                .count(),
            acceptance_not_run: ended.iter().filter(|cell| is_not_run(cell)).count(),
            acceptance_rate,
            acceptance_rate_similar_tasks,
            failed_judgements: mean(|cost| cost.failed_judgements as f64),
            escaped_defects: mean(|cost| cost.escaped_defects as f64),
            gates: yields(&ended),
            started: cells.len() - count(CellStatus::NotStarted),
            strategy_asked: cells.iter().filter(|cell| cell.strategy_asked > 0).count(),
            usd,
            usd_per_run: usd_of_ended.and_then(|values| Mean::from_amounts(&values)),
            usd_per_passed: usd.and_then(|_| usd_per(is_passed, cells, tasks)),
            usd_per_accepted: usd.filter(|_| acceptance_rate.is_some()).and_then(|_| usd_per(accepted, cells, tasks)),
            tokens,
            tokens_per_passed: (passed > 0).then(|| tokens as f64 / passed as f64),
            elapsed_ms: mean(|cost| cost.elapsed_ms as f64),
            maybe_billed: cells.iter().map(|cell| cell.cost.maybe_billed).sum(),
        }
    }

    /// Returns the number of cells with this status.
    pub fn count(&self, standing: CellStatus) -> usize {
        match standing {
            CellStatus::Passed => self.passed,
            CellStatus::Overridden => self.overridden,
            CellStatus::Failed => self.failed,
            CellStatus::Aborted => self.aborted,
            CellStatus::Waiting => self.waiting,
            CellStatus::Stopped => self.stopped,
            CellStatus::NotStarted => self.not_started,
        }
    }

    /// Returns the lowest and the highest share of passed runs that are possible when all runs have ended; `None` without runs.
    pub fn possible_pass_rates(&self) -> Option<(f64, f64)> {
        let all = self.runs as f64;
        let open = self.runs - self.ended;
        (self.runs > 0).then(|| (self.passed as f64 / all, (self.passed + open) as f64 / all))
    }
}

impl PassCounts {
    pub(super) fn from_cells<'a>(cells: impl Iterator<Item = &'a Cell>, acceptances: &Acceptances<'_>) -> Self {
        cells.fold(Self::default(), |counts, cell| Self {
            passed: counts.passed + usize::from(is_passed(cell) == Some(true)),
            accepted: counts.accepted + usize::from(acceptances.is_accepted(cell) == Some(true)),
            not_run: counts.not_run + usize::from(is_not_run(cell)),
            ended: counts.ended + usize::from(cell.standing.has_ended()),
            runs: counts.runs + 1,
        })
    }
}

/// Returns the share of cells with an outcome: for these tasks, and for tasks like these.
fn rates(cells: &[&Cell], tasks: &[TaskId], outcome: impl Fn(&Cell) -> Option<bool>) -> [Option<Share>; 2] {
    let of_task = |task: &TaskId| {
        let known = cells.iter().filter(|cell| cell.id.task == *task).filter_map(|cell| outcome(cell));
        known.fold((0, 0), |(some, n), yes| (some + usize::from(yes), n + 1))
    };
    let clusters: Vec<(usize, usize)> = tasks.iter().map(of_task).collect();
    let (some, n) = clusters.iter().fold((0, 0), |(some, n), cluster| (some + cluster.0, n + cluster.1));
    [Share::from_counts(some, n), Share::from_clusters(&clusters)]
}

/// Returns the first-pass yield of each gate, in the order of the pipeline.
fn yields(ended: &[&Cell]) -> Vec<GateYield> {
    let longest = ended.iter().max_by_key(|cell| cell.gates.len());
    let names = longest.into_iter().flat_map(|cell| &cell.gates).map(|gate| &gate.gate);
    let share = |name: &PhaseName| {
        let gates = ended.iter().flat_map(|cell| &cell.gates).filter(|gate| gate.gate == *name);
        let first: Vec<bool> = gates.filter_map(|gate| gate.first_passed).collect();
        let first_pass = Share::from_counts(first.iter().filter(|passed| **passed).count(), first.len())?;
        Some(GateYield { gate: name.clone(), first_pass })
    };
    names.filter_map(share).collect()
}

/// Whether the run passed and its acceptance tests could not be run.
fn is_not_run(cell: &Cell) -> bool {
    is_passed(cell) == Some(true) && matches!(cell.acceptance, Acceptance::NotRun { .. })
}

/// Returns the money of all runs, divided by the number of those with this outcome.
fn usd_per(outcome: impl Fn(&Cell) -> Option<bool>, cells: &[&Cell], tasks: &[TaskId]) -> Option<Ratio> {
    let of_task = |task: &TaskId| {
        let cells = cells.iter().filter(|cell| cell.id.task == *task);
        cells.fold((0.0, 0.0), |(usd, counted), cell| {
            let more = if outcome(cell) == Some(true) { 1.0 } else { 0.0 };
            (usd + cell.cost.usd.unwrap_or_default(), counted + more)
        })
    };
    let ratio = ratio_by_cluster(&tasks.iter().map(of_task).collect::<Vec<_>>())?;
    Some(Ratio { value: to_nanos(ratio.value), ..ratio })
}

/// Rounds to nano-dollars: sums of fractions leave a remainder.
pub(super) fn to_nanos(usd: f64) -> f64 {
    (usd * 1e9).round() / 1e9
}
