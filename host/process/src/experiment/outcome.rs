//! The outcome of a cell: passed, and accepted where its task has acceptance tests.

use std::collections::BTreeSet;

use super::cell::{Cell, CellStatus};
use crate::acceptance::Acceptance;
use crate::names::TaskId;

/// The tasks whose acceptance tests are known to exist or not.
pub(super) struct Acceptances<'a> {
    /// Whether any run was tested.
    any: bool,
    /// Tasks with a run that reached its end without being tested.
    without: BTreeSet<&'a TaskId>,
}

impl<'a> Acceptances<'a> {
    pub(super) fn of(cells: &'a [Cell]) -> Self {
        let untested = |cell: &&Cell| cell.standing == CellStatus::Passed && cell.acceptance == Acceptance::NotTested;
        Self {
            any: cells.iter().any(|cell| cell.acceptance != Acceptance::NotTested),
            without: cells.iter().filter(untested).map(|cell| &cell.id.task).collect(),
        }
    }

    /// Whether the cell passed and was accepted. `None` for a cell that has not ended, whose task has no acceptance tests, or
    /// whose tests could not be run. Only a run that passed is tested; any other ended run is not accepted.
    pub(super) fn is_accepted(&self, cell: &Cell) -> Option<bool> {
        if !cell.standing.has_ended() || !self.any || self.without.contains(&cell.id.task) {
            return None;
        }
        match (cell.standing, &cell.acceptance) {
            (CellStatus::Passed, Acceptance::NotRun { .. }) => None,
            (CellStatus::Passed, acceptance) => Some(*acceptance == Acceptance::Accepted),
            _ => Some(false),
        }
    }
}

/// Whether the cell passed; `None` for a cell that has not ended.
pub(super) fn is_passed(cell: &Cell) -> Option<bool> {
    cell.standing.has_ended().then_some(cell.standing == CellStatus::Passed)
}
