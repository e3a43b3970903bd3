//! The repository of a run, for its test runs: read once when they need it first.
//!
//! A replay without the repository takes the results of test runs from the record.

use std::sync::Arc;

use phasegate_process::{AttemptId, Digest, Event};

use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::test_run::repository::TestBase;

impl RunContext {
    /// Returns whether the run starts from a repository.
    pub(crate) fn has_repository(&self) -> bool {
        false
    }

    /// Returns the files of the repository as test runs see them; `None` if the run has none. Fails if it cannot be read.
    pub(crate) async fn test_base(&self) -> Result<Option<Arc<TestBase>>, Error> {
        Ok(None)
    }

    /// Returns whether this is a replay whose repository cannot be read.
    pub(crate) async fn lacks_repository(&self) -> bool {
        self.has_repository() && self.replay_check().is_some() && self.test_base().await.is_err()
    }

    /// In a replay without the repository, appends the recorded events of this attempt up to the one of this kind. Returns
    /// whether it did.
    pub(crate) async fn take_without_repository(
        &self,
        at: &AttemptId,
        kind: fn(&Event) -> bool,
    ) -> Result<bool, Error> {
        let Some(check) = self.replay_check() else { return Ok(false) };
        if !self.lacks_repository().await {
            return Ok(false);
        }
        let given = check.given_because(at, kind, "the repository cannot be read here");
        let taken = !given.is_empty();
        if taken {
            self.append_all(given, Vec::new())?;
        }
        Ok(taken)
    }

    /// Returns the recorded result of a trial run, in a replay without the repository.
    pub(crate) async fn trial_without_repository(&self, at: &AttemptId, call: u32) -> Option<Digest> {
        let recorded = self.replay_check()?.trial(at, call)?;
        self.lacks_repository().await.then_some(recorded)
    }
}
