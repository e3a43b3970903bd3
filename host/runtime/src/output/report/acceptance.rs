//! Section: acceptance tests.

use phasegate_process::acceptance::AcceptanceRun;
use phasegate_process::testing::Outcome;

use super::page::Page;
use super::text::{capitalize, plain_text};
use crate::error::output::OutputError;

/// The most tests that are listed.
const MAX_TESTS: usize = 100;

impl Page<'_> {
    /// Renders the result of the acceptance tests, and each test that did not pass.
    pub(super) fn acceptance_tests(&mut self) -> Result<(), OutputError> {
        let Some(tested) = &self.artifacts.state.acceptance else { return Ok(()) };
        self.heading("Acceptance tests");
        self.line(
            "The author of the task keeps these tests from all agents. The host ran them on the delivered code.\n",
        );
        let result = capitalize(&tested.acceptance.describe().unwrap_or_default());
        let counts = match tested.tests {
            0 => String::new(),
            all => format!(" {} of {all} passed.", tested.passed),
        };
        self.line(format_args!("{}.{counts}", plain_text(&result)));
        // A result of another version has fewer details.
        let run: AcceptanceRun =
            serde_json::from_value(self.artifacts.json("acceptance tests", &tested.run)?).unwrap_or_default();
        let failed: Vec<_> = run.tests.iter().filter(|test| test.outcome != Outcome::Passed).collect();
        if !failed.is_empty() || !run.build_errors.is_empty() {
            self.line("");
        }
        for error in &run.build_errors {
            self.line(format_args!("- build error: {}", plain_text(error)));
        }
        for test in failed.iter().take(MAX_TESTS) {
            let message = plain_text(test.message.as_deref().unwrap_or_default());
            self.line(format_args!("- `{}` {}: {message}", plain_text(&test.name), test.outcome.as_str()));
        }
        if let Some(more @ 1..) = failed.len().checked_sub(MAX_TESTS) {
            self.line(format_args!("- {more} more"));
        }
        Ok(())
    }
}
