//! Experiments: tasks × variants × repetitions, each a run of its own. See [`Experiment::read`] and [`Experiment::plan`].

mod file;
mod plan;
mod tasks;

pub use file::{Experiment, Variant};
pub use plan::{Plan, PlannedRun};

#[cfg(test)]
mod tests;
