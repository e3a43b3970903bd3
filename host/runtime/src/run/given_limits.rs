//! Limits that a person gives a run with `phasegate resume --calls N`. They are recorded, so that every later process has them.
//!
//! A journal can come from elsewhere: a recorded limit above the user's own needs an agreement, which the command line that
//! sets it gives.

use phasegate_broker::BudgetConfig;
use phasegate_process::charges::given_limits;
use phasegate_process::{GivenLimits, Recorded, RunId};

use crate::config::run_settings::RunSettings;
use crate::error::Error;
use crate::host::Host;

/// Returns the budget with the limits that are recorded in these events. Limits among the first `imported` events were
/// given elsewhere, and do not count.
pub(crate) fn recorded_budget(pinned: BudgetConfig, events: &[Recorded], imported: Option<u64>) -> BudgetConfig {
    with_limits(pinned, recorded_limits(events, imported))
}

fn recorded_limits(events: &[Recorded], imported: Option<u64>) -> GivenLimits {
    given_limits(events.get(imported.unwrap_or(0) as usize..).unwrap_or_default())
}

/// Returns the budget with these limits.
pub(crate) fn with_limits(budget: BudgetConfig, given: GivenLimits) -> BudgetConfig {
    BudgetConfig {
        calls: given.calls.or(budget.calls),
        tokens: given.tokens.or(budget.tokens),
        usd: given.usd.or(budget.usd),
    }
}

impl Host {
    /// Returns the limits that a person gave the run here: those of the command line, else the recorded ones.
    pub fn given_limits(&self, run: &RunId) -> Result<GivenLimits, Error> {
        let journal = self.journal();
        let recorded = recorded_limits(&journal.events(run)?, journal.imported(run)?);
        Ok(self.budget_override().limits.or(recorded))
    }

    /// Applies the limits of the command line, and agrees to them for later processes of this user. Returns those that
    /// differ from the limits that applied before: they are to be recorded.
    pub(crate) fn give_limits(&self, run: &RunId, settings: &mut RunSettings) -> GivenLimits {
        let (limits, before) = (self.budget_override().limits, settings.budget);
        settings.budget = with_limits(before, limits);
        let given = GivenLimits {
            calls: limits.calls.filter(|_| settings.budget.calls != before.calls),
            tokens: limits.tokens.filter(|_| settings.budget.tokens != before.tokens),
            usd: limits.usd.filter(|_| settings.budget.usd != before.usd),
        };
        // Where the agreement cannot be kept, the next process asks for it.
        if !given.is_empty()
            && let Ok(Some(missing)) = self.trust().missing(&self.wants_budget(settings, settings.budget))
        {
            let _ = self.trust().allow_run(run.as_str(), &missing.digest(), &self.person());
        }
        given
    }
}
