//! A run that this process owns and has in memory.

use phasegate_broker::Broker;
use phasegate_journal::Ownership;
use phasegate_process::measures::ExpectedEffort;
use phasegate_process::state::State;
use phasegate_process::{Recorded, RunId};

use crate::config::run_settings::RunSettings;
use crate::history::UnderWay;

/// A run that this process owns, with what its journal holds. No other process can take it until this value is dropped.
pub struct OwnedRun {
    pub(crate) owned: Ownership,
    pub(crate) state: State,
    pub(crate) events: Vec<Recorded>,
    /// The settings as they apply here.
    pub(crate) settings: RunSettings,
    /// `None` if no provider is asked.
    pub(crate) broker: Option<Broker>,
    pub(crate) under_way: UnderWay,
}

impl OwnedRun {
    /// Returns the id of the run.
    pub fn id(&self) -> &RunId {
        &self.state.created.run_id
    }

    /// Returns what the run will probably take, as earlier runs of its pipeline did. Reads nothing: a new run has read the history.
    pub fn expected_effort(&self) -> Option<ExpectedEffort> {
        self.under_way.history().expect(&self.state.pipeline.name, self.state.created.scripted)
    }
}
