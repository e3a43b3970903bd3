//! Budgets that several runs share: limits by name, and what each run has used and reserved.
//!
//! A run belongs to one budget, and only its owner changes what it uses. A reservation of an owner that has ended stays until
//! the next owner sets the charge anew, from the events of the run: a crash leaves too much reserved and never too little. The
//! limits are durable at once; charges and reservations are as durable as the events that follow them, from which they can be
//! computed again.

use phasegate_process::RunId;
use phasegate_process::budget::{Amount, AmountLimits, BudgetExceeded};

use crate::ownership::Fence;

/// The limits of a budget, and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLimits {
    /// The limits.
    pub limits: AmountLimits,
    /// The file that sets them, as a person named it.
    pub source: String,
}

/// A run that uses a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The name of the budget.
    pub budget: String,
    /// The run.
    pub run: RunId,
    /// The number of the caller's ownership; must be the newest one of the run.
    pub fence: Fence,
}

/// What one run uses of its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCharge {
    /// The run.
    pub run: RunId,
    /// What it has used.
    pub charged: Amount,
    /// What is set aside for its requests under way.
    pub reserved: Amount,
}

/// A budget as the journal holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BudgetState {
    /// The limits; `None` where none were set.
    pub limits: Option<BudgetLimits>,
    /// The runs that use it, oldest first.
    pub runs: Vec<RunCharge>,
}

impl BudgetState {
    /// Returns what all runs have used.
    pub fn charged(&self) -> Amount {
        self.runs.iter().map(|run| run.charged).sum()
    }

    /// Returns what is set aside for requests under way.
    pub fn reserved(&self) -> Amount {
        self.runs.iter().map(|run| run.reserved).sum()
    }

    /// Fails if a limit is exceeded by `needed` together with what is used and reserved.
    pub fn check(&self, needed: Amount) -> Result<(), BudgetExceeded> {
        let limits = self.limits.as_ref().map(|known| known.limits).unwrap_or_default();
        limits.check(self.charged().plus(self.reserved()), needed)
    }
}
