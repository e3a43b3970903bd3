//! A run of an experiment that belongs to no cell any more.

use serde::Serialize;

use super::cell::{Cell, CellId, CellStatus};

/// A run that was made for an earlier version of the experiment: its variant or its task has been edited or removed since. No
/// figure includes it; its money counts in the budget.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SupersededRun {
    /// The variant, the task and the repetition that it was made for.
    #[serde(flatten)]
    pub id: CellId,
    /// The status.
    pub standing: CellStatus,
    /// Model calls.
    pub calls: u64,
    /// Input and output tokens.
    pub tokens: u64,
    /// US dollars; `None` where a price is unknown.
    pub usd: Option<f64>,
    /// Milliseconds of work, without waiting for people.
    pub elapsed_ms: u64,
    /// Whether model answers came from a script.
    pub scripted: bool,
}

impl From<Cell> for SupersededRun {
    fn from(cell: Cell) -> Self {
        let Cell { id, standing, cost, .. } = cell;
        Self {
            id,
            standing,
            calls: cost.calls,
            tokens: cost.tokens,
            usd: cost.usd,
            elapsed_ms: cost.elapsed_ms,
            scripted: cost.scripted,
        }
    }
}
