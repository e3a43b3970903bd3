//! The results of an experiment: its cells, the figures of each variant, and its differences from the baseline.
//!
//! A cell is one run: a task, a variant, a repetition. Figures count ended runs (passed, overridden, failed or aborted).
//! Runs that wait, stopped or did not start are counted separately and never as failures. Differences use complete blocks
//! only: a task and a repetition whose runs have ended in both variants. Unknown figures stay unknown. Pure; cannot fail.

mod answer;
mod cell;
mod defects;
mod difference;
mod figures;
mod outcome;
mod results;
mod shared_cost;
mod sharing;
mod superseded;
#[cfg(test)]
mod tests;

pub use cell::{Cell, CellGate, CellId, CellStatus, RunCost};
pub use difference::{Blocks, Conclusion, Measure, MeasureDifference, VariantDifference};
pub use figures::{GateYield, PassCounts, TaskRow, Variant};
pub use results::{RESULTS_FORMAT, Results};
pub use shared_cost::SharedCost;
pub use sharing::{Amount, OwnCost, Sharing};
pub use superseded::SupersededRun;
