//! Experiments: runs of every task with every variant, repeated. [`Experiment::read`] parses the file of an experiment,
//! [`Experiment::plan`] returns its runs.

mod file;
mod plan;
mod tasks;

pub use file::{Experiment, Variant};
pub use plan::{Plan, PlannedRun, PlannedVariant};

#[cfg(test)]
mod tests;
