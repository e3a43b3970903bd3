//! The results of an experiment, computed from its cells.

use serde::Serialize;

use super::answer;
use super::cell::{Cell, CellId};
use super::difference::{VariantDifference, differences};
use super::figures::{PassCounts, TaskRow, Variant};
use super::outcome::Acceptances;
use super::sharing::Sharing;
use super::superseded::SupersededRun;
use crate::names::TaskId;

/// The version of the JSON form of [`Results`]. `docs/experiments.md` says what changed with each.
pub const RESULTS_FORMAT: u32 = 2;

/// The results of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// The version of the format: [`RESULTS_FORMAT`].
    pub format: u32,
    /// The experiment's name.
    pub experiment: String,
    /// The answer in one sentence for each variant that is compared with the baseline.
    pub answer: Vec<String>,
    /// What a reader has to know before comparing the figures, each in one sentence.
    pub warnings: Vec<String>,
    /// Whether any model answers came from a script; the figures then say nothing about models.
    pub scripted: bool,
    /// The variant that the others are compared with; `None` without cells.
    pub baseline: Option<String>,
    /// The differences of each other variant from the baseline.
    pub differences: Vec<VariantDifference>,
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

impl Results {
    /// Computes the results of these cells. Variants and tasks are in the order of their first cells. The baseline is the
    /// first variant if `baseline` names none.
    pub fn new(experiment: &str, baseline: Option<&str>, cells: Vec<Cell>) -> Self {
        let (mut names, mut tasks): (Vec<&str>, Vec<TaskId>) = (Vec::new(), Vec::new());
        for CellId { variant, task, .. } in cells.iter().map(|cell| &cell.id) {
            if !names.contains(&variant.as_str()) {
                names.push(variant);
            }
            if !tasks.contains(task) {
                tasks.push(task.clone());
            }
        }
        let acceptances = Acceptances::of(&cells);
        let of_variant = |name: &str| cells.iter().filter(|cell| cell.id.variant == name).collect::<Vec<_>>();
        let variants: Vec<Variant> =
            names.iter().map(|name| Variant::from_cells(name, &of_variant(name), &tasks, &acceptances)).collect();
        let row = |task: &TaskId| {
            let of_task = |name: &str| {
                let cells = of_variant(name).into_iter().filter(|cell| cell.id.task == *task);
                PassCounts::from_cells(cells, &acceptances)
            };
            TaskRow { task: task.clone(), variants: names.iter().map(|name| of_task(name)).collect() }
        };
        let baseline = names.iter().find(|name| Some(**name) == baseline).or(names.first()).copied();
        let differences = differences(baseline, &names, &tasks, &cells, &acceptances);
        Self {
            format: RESULTS_FORMAT,
            experiment: experiment.to_owned(),
            answer: differences.iter().map(answer::sentence).collect(),
            warnings: answer::warnings(&variants, &differences, &cells),
            scripted: cells.iter().any(|cell| cell.cost.scripted),
            baseline: baseline.map(str::to_owned),
            tasks: tasks.iter().map(row).collect(),
            sharing: Sharing::of_cells(&cells),
            differences,
            variants,
            cells,
            superseded: Vec::new(),
        }
    }

    /// Whether the run of every cell has ended.
    pub fn is_complete(&self) -> bool {
        self.cells.iter().all(|cell| cell.standing.has_ended())
    }
}
