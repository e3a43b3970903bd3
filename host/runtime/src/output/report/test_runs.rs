//! Section: test runs of the gates.

use std::collections::HashSet;

use serde_json::Value;

use super::page::Page;
use super::text::{array_field, plain_text, render_count, short_digest, text_field, text_or_json};
use crate::error::output::OutputError;

impl Page<'_> {
    pub(super) fn test_runs(&mut self) -> Result<(), OutputError> {
        let state = self.artifacts.state;
        let test_gates = || {
            let gates = state.pipeline.phases.iter();
            gates.filter(|phase| phase.gate.as_ref().is_some_and(|gate| gate.tests.is_some()))
        };
        if test_gates().next().is_none() {
            return Ok(());
        }
        self.heading("Test runs");
        let mut rows = Vec::new();
        let mut last = None;
        for phase in test_gates() {
            for judged in state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default() {
                let Some(report) = &judged.report else { continue };
                let report = self.artifacts.json(report.name.as_str(), &report.digest)?;
                let total = |key| render_count(report.get("totals").and_then(|totals| totals.get(key)));
                rows.push([
                    format!("{}#{}", phase.name, judged.attempt),
                    files_of(&report).to_string(),
                    array_field(&report, "tests").len().to_string(),
                    total("passed"),
                    total("failed"),
                    total("errored"),
                    total("skipped"),
                    expected_failures(&report).to_string(),
                    short_digest(text_field(&report, "code")),
                ]);
                last = Some(report);
            }
        }
        let Some(last) = last else {
            self.line("No test ran.");
            return Ok(());
        };
        self.line(
            "The host ran these tests on the code with this digest. Code and tests share one interpreter: replaced",
        );
        self.line("functions of the test framework are detected, but not every forgery of results.\n");
        self.table(["run", "files", "tests", "passed", "failed", "errored", "skipped", "xfailed", "code"], rows);
        for error in last.get("build").map(|build| array_field(build, "errors")).unwrap_or_default() {
            self.line(format_args!("- build error: {}", plain_text(&text_or_json(error))));
        }
        for test in array_field(&last, "tests").iter().filter(|test| text_field(test, "outcome") != "passed") {
            let message = test.get("message").map(text_or_json).unwrap_or_default();
            let (name, outcome) = (plain_text(text_field(test, "name")), plain_text(text_field(test, "outcome")));
            self.line(format_args!("- `{name}` {outcome}: {}", plain_text(&message)));
        }
        self.repository_tests(&last);
        if !self.result.dropped_tests.is_empty() {
            self.line("\nDropped tests:\n");
        }
        for dropped in &self.result.dropped_tests {
            let (test, reason) = (plain_text(&dropped.test), plain_text(&dropped.reason));
            self.line(format_args!("- `{test}` in {}#{}: {reason}", dropped.gate, dropped.attempt));
        }
        Ok(())
    }
}

impl Page<'_> {
    /// Renders the repository's own tests before and after the change.
    fn repository_tests(&mut self, report: &Value) {
        let Some(repository) = report.get("repository") else { return };
        self.line("\nThe repository's own tests, before and after the change:\n");
        let row = |key: &str| {
            let totals = repository.get(key);
            let total = |name| render_count(totals.and_then(|totals| totals.get(name)));
            let xfailed = totals.and_then(|totals| totals.get("xfailed")?.as_u64()).unwrap_or(0).to_string();
            [key.to_owned(), total("passed"), total("failed"), total("errored"), total("skipped"), xfailed]
        };
        let rows = [row("before"), row("after")];
        self.table(["", "passed", "failed", "errored", "skipped", "xfailed"], rows);
        let lists = [
            ("regressed", "Regressed: passed before the change, and not after it"),
            ("still_failing", "Still failing: failed before the change, so not blamed on it"),
            ("fixed", "Fixed: failed before the change, and pass after it"),
        ];
        for (key, title) in lists {
            let tests = array_field(repository, key);
            if !tests.is_empty() {
                self.line(format_args!("\n{title}:\n"));
            }
            for test in tests.iter().take(MAX_TESTS) {
                self.line(format_args!("- `{}`", plain_text(&text_or_json(test))));
            }
            self.rest(tests.len());
        }
        let files = array_field(repository, "not_run");
        if !files.is_empty() {
            self.line("\nTest files that cannot run in the sandbox, before or after the change:\n");
        }
        for file in files.iter().take(MAX_TESTS) {
            let (path, reason) = (plain_text(text_field(file, "path")), plain_text(text_field(file, "reason")));
            self.line(format_args!("- `{path}`: {reason}"));
        }
        self.rest(files.len());
    }

    fn rest(&mut self, number: usize) {
        if let Some(more @ 1..) = number.checked_sub(MAX_TESTS) {
            self.line(format_args!("- {more} more, listed in the artifacts"));
        }
    }
}

/// The most tests or files in each list about a repository.
const MAX_TESTS: usize = 100;

/// Returns the number of files of the tests in a report.
fn files_of(report: &Value) -> usize {
    let names = array_field(report, "tests").iter().map(|test| text_field(test, "name"));
    names.map(|name| name.split_once("::").map_or(name, |(file, _)| file)).collect::<HashSet<_>>().len()
}

/// Returns the number of tests that failed as their suite expects. Reports without such tests leave it out.
fn expected_failures(report: &Value) -> u64 {
    report.get("totals").and_then(|totals| totals.get("xfailed")?.as_u64()).unwrap_or(0)
}
