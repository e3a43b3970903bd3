//! The machine-dependent limit that an attempt or a test run hit. Its event names the limit, and a replay then takes
//! the recorded outcome instead of running the attempt again.
//!
//! Only the first limit counts. Limits that are hit alike on every machine are not noted: a replay hits them as well.

use std::sync::Mutex;

use phasegate_process::AttemptId;
use phasegate_process::sync::lock;
use phasegate_sandbox::CallError;

/// The first machine-dependent limit that was hit, if any.
#[derive(Debug)]
pub(crate) struct LimitHit {
    attempt: String,
    hit: Mutex<Option<String>>,
}

impl LimitHit {
    /// Creates an empty note for this attempt.
    pub(crate) fn new(at: &AttemptId) -> Self {
        Self { attempt: format!("phase {}, attempt {}", at.phase, at.attempt), hit: Mutex::default() }
    }

    /// Creates an empty note for tests that belong to no attempt.
    pub(crate) fn of_tests_alone() -> Self {
        Self { attempt: "tests alone".to_owned(), hit: Mutex::default() }
    }

    /// Creates an empty note for the acceptance tests of a run.
    pub(crate) fn of_acceptance_tests() -> Self {
        Self { attempt: "acceptance tests".to_owned(), hit: Mutex::default() }
    }

    /// Returns the attempt for messages: `phase test, attempt 2`.
    pub(crate) fn attempt(&self) -> &str {
        &self.attempt
    }

    /// Returns the error as text, and notes its limit if that depends on the machine.
    pub(crate) fn record(&self, error: CallError) -> String {
        let words = error.recorded_text();
        if error.kind.depends_on_the_machine() {
            lock(&self.hit).get_or_insert_with(|| error.kind.to_string());
        }
        words
    }

    /// Returns the first limit that was noted.
    pub(crate) fn first(&self) -> Option<String> {
        lock(&self.hit).clone()
    }
}
