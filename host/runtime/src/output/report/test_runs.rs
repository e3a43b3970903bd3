//! Test runs.

use super::page::Page;
use super::text::{list, number, said, short, text_of, words};
use crate::error::output::OutputError;

impl Page<'_> {
    pub(super) fn tests(&mut self) -> Result<(), OutputError> {
        let state = self.artifacts.state;
        let test_gates = || {
            let gates = state.pipeline.phases.iter();
            gates.filter(|phase| phase.gate.as_ref().is_some_and(|gate| gate.tests.is_some()))
        };
        if test_gates().next().is_none() {
            return Ok(());
        }
        self.heading("Tests that ran");
        let mut rows = Vec::new();
        let mut last = None;
        for phase in test_gates() {
            for judged in state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default() {
                let Some(report) = &judged.report else { continue };
                let report = self.artifacts.json(report.name.as_str(), &report.digest)?;
                let total = |key| number(report.get("totals").and_then(|totals| totals.get(key)));
                rows.push([
                    format!("{}#{}", phase.name, judged.attempt),
                    total("passed"),
                    total("failed"),
                    total("errored"),
                    total("skipped"),
                    short(text_of(&report, "code")),
                ]);
                last = Some(report);
            }
        }
        let Some(last) = last else {
            self.line("No test ran.");
            return Ok(());
        };
        self.line("The host ran them itself, on the code of this digest. Code and tests share one interpreter: what");
        self.line(
            "replaces the judges is looked for, but code that sets out to forge its results is not always caught.\n",
        );
        self.table(["run", "passed", "failed", "errored", "skipped", "code"], rows);
        for error in last.get("build").map(|build| list(build, "errors")).unwrap_or_default() {
            self.line(format_args!("- build error: {}", words(&said(error))));
        }
        for test in list(&last, "tests").iter().filter(|test| text_of(test, "outcome") != "passed") {
            let message = test.get("message").map(said).unwrap_or_default();
            let (name, outcome) = (words(text_of(test, "name")), words(text_of(test, "outcome")));
            self.line(format_args!("- `{name}` {outcome}: {}", words(&message)));
        }
        if !self.result.dropped_tests.is_empty() {
            self.line("\nTests that were given up:\n");
        }
        for dropped in &self.result.dropped_tests {
            let (test, reason) = (words(&dropped.test), words(&dropped.reason));
            self.line(format_args!("- `{test}` in {}#{}: {reason}", dropped.gate, dropped.attempt));
        }
        Ok(())
    }
}
