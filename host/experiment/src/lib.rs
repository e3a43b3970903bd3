//! Experiments: runs of every task with every variant, repeated. [`Experiment::read`] parses the file of an experiment,
//! [`Experiment::plan`] returns its runs.

mod file;
mod identity;
mod known;
mod plan;
mod share_until;
mod shared;
mod tasks;

pub use file::{Experiment, Variant, experiment_schema};
pub use known::KnownRun;
pub use plan::{Plan, PlannedRun, PlannedVariant};
pub use share_until::{SHARED_BEGINNING, ShareUntil, Start};

#[cfg(test)]
mod tests;
