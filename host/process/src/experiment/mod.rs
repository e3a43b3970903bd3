//! The results of an experiment: its cells, and the figures of each variant.
//!
//! A cell is one run: a task, a variant, a repetition. Figures count ended runs (passed, failed or aborted). Runs that
//! wait, stopped or did not start are counted separately and never as failures. Unknown figures stay unknown. Pure;
//! cannot fail.

mod cell;
mod results;
mod shared_cost;
mod sharing;
mod superseded;
#[cfg(test)]
mod tests;

pub use cell::{Cell, CellId, CellStatus, RunCost};
pub use results::{PassCounts, RESULTS_FORMAT, Results, TaskRow, Variant};
pub use shared_cost::SharedCost;
pub use sharing::{Amount, OwnCost, Sharing};
pub use superseded::SupersededRun;
