//! The limit that an attempt, or a test run, ran into on this machine, as its event will name it.
//!
//! Promises: the first one counts; a limit that every machine hits alike is not kept, since a replay hits it as well.

use std::sync::Mutex;

use phasegate_process::AttemptId;
use phasegate_process::sync::lock;
use phasegate_sandbox::CallError;

/// The first limit that something hit whose outcome another machine need not share.
#[derive(Debug)]
pub(crate) struct LimitHit {
    attempt: String,
    hit: Mutex<Option<String>>,
}

impl LimitHit {
    /// Nothing so far of this attempt.
    pub(crate) fn new(at: &AttemptId) -> Self {
        Self { attempt: format!("phase {}, attempt {}", at.phase, at.attempt), hit: Mutex::default() }
    }

    /// The attempt, for messages: `phase test, attempt 2`.
    pub(crate) fn attempt(&self) -> &str {
        &self.attempt
    }

    /// The error in words; what depends on the machine is kept in mind.
    pub(crate) fn record(&self, error: CallError) -> String {
        let words = error.recorded_text();
        if error.kind.depends_on_the_machine() {
            lock(&self.hit).get_or_insert_with(|| error.kind.to_string());
        }
        words
    }

    /// What was hit.
    pub(crate) fn first(&self) -> Option<String> {
        lock(&self.hit).clone()
    }
}
