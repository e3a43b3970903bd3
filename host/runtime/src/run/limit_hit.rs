//! The limit that an attempt, or a test run, ran into on this machine, as its event will name it.
//!
//! Promises: the first one counts; a limit that every machine hits alike is not kept, since a replay hits it as well.

use std::sync::{Mutex, PoisonError};

use phasegate_process::AttemptId;
use phasegate_sandbox::CallError;

/// The first limit that something hit whose outcome another machine need not share.
#[derive(Debug)]
pub(crate) struct LimitHit {
    moment: String,
    hit: Mutex<Option<String>>,
}

impl LimitHit {
    /// Nothing so far of this attempt.
    pub(crate) fn none(at: &AttemptId) -> Self {
        Self { moment: format!("phase {}, attempt {}", at.phase, at.attempt), hit: Mutex::default() }
    }

    /// The attempt, for messages: `phase test, attempt 2`.
    pub(crate) fn moment(&self) -> &str {
        &self.moment
    }

    /// The error in words; what depends on the machine is kept in mind.
    pub(crate) fn note(&self, error: CallError) -> String {
        let words = error.recorded_text();
        if error.kind.depends_on_the_machine() {
            self.hit.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.kind.to_string());
        }
        words
    }

    /// What was hit.
    pub(crate) fn taken(&self) -> Option<String> {
        self.hit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
