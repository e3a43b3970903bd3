//! Names of cells on one line of a terminal.

use phasegate_experiment::{Experiment, PlannedRun, Start};

use crate::terminal::format::shorten_apart;

/// The most characters of a variant's and of a task's name.
const MOST: usize = 24;

/// The names of tasks and variants, cut to a length at which they are still distinct.
pub struct Labels {
    tasks: Vec<String>,
    variants: Vec<String>,
}

impl Labels {
    /// Cuts the names of an experiment.
    pub fn new(experiment: &Experiment) -> Self {
        let tasks: Vec<&str> = experiment.tasks.iter().map(|task| task.task.id.as_str()).collect();
        let variants: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
        Self { tasks: shorten_apart(&tasks, MOST), variants: shorten_apart(&variants, MOST) }
    }

    /// Returns the name of a cell.
    pub fn of(&self, planned: &PlannedRun) -> String {
        let name = |names: &[String], at: usize| names.get(at).cloned().unwrap_or_default();
        let task = name(&self.tasks, planned.task);
        let variant = match planned.start {
            Start::SharedBeginning => planned.place.variant.clone(),
            Start::Task | Start::Continue(_) => name(&self.variants, planned.variant),
        };
        format!("{task} {variant} #{}", planned.place.repetition)
    }
}
