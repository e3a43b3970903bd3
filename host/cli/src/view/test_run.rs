//! A test run that belongs to no run.

use phasegate_process::testing::{Outcome, TestCase, Totals, count_files};
use phasegate_runtime::TestsAlone;
use serde_json::{Value, json};

use crate::terminal::format::{count, duration, indent, one_line};
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;

/// The version of the JSON form.
const FORMAT: u32 = 1;
/// The most lines of a message and of an output.
const MAX_LINES: usize = 60;

/// Renders each test that did not pass with its message and output, the result with its reason, and the totals. `outcome` is
/// the reason of a gate's verdict.
pub fn render_tests(done: &TestsAlone, outcome: &Result<String, String>, paint: Paint) -> String {
    let mut text = String::new();
    for error in &done.run.build_errors {
        text.push_str(&format!("{} {}\n", paint.red("does not load"), sanitize(error)));
    }
    for test in done.run.tests.iter().filter(|test| test.outcome != Outcome::Passed) {
        let word = match test.outcome {
            Outcome::Skipped => paint.yellow(test.outcome.as_str()),
            _ => paint.red(test.outcome.as_str()),
        };
        text.push_str(&format!("{word} {}\n", one_line(&test.name)));
        text.push_str(&indent(test.message.as_deref().unwrap_or_default(), 4, MAX_LINES));
        if !test.output.trim().is_empty() {
            text.push_str("    output:\n");
            text.push_str(&indent(&test.output, 4, MAX_LINES));
        }
    }
    let (word, reason) = match outcome {
        Ok(reason) => (paint.green("passed"), reason),
        Err(reason) => (paint.red("failed"), reason),
    };
    let (tests, files) = (done.run.tests.len() as u64, count_files(&done.run.tests) as u64);
    text.push_str(&format!("{word}: {}\n", one_line(reason)));
    text.push_str(&format!("{} in {}, {}\n", count(tests, "test"), count(files, "file"), duration(done.elapsed_ms)));
    text
}

/// Returns the test run as JSON, with the keys of a test report.
pub fn render_json(done: &TestsAlone, outcome: &Result<String, String>) -> Value {
    let (Ok(reason) | Err(reason)) = outcome;
    let totals = Totals::of(&done.run.tests);
    let tests: &[TestCase] = &done.run.tests;
    json!({
        "format": FORMAT,
        "verdict": if outcome.is_ok() { "passed" } else { "failed" },
        "reason": reason,
        "build": { "ok": done.run.build_errors.is_empty(), "errors": done.run.build_errors },
        "tests": tests,
        "totals": {
            "passed": totals.passed,
            "failed": totals.failed,
            "errored": totals.errored,
            "skipped": totals.skipped,
            "xfailed": totals.xfailed,
        },
        "files": count_files(tests),
        "elapsed_ms": done.elapsed_ms,
    })
}
