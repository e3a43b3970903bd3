//! The repository's own tests as words and as a part of a report. Stored text.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::RepositoryTests;
use crate::gate::judgement::render_totals;
use crate::testing::{Outcome, TestCase};

/// Returns why the repository's own tests fail the gate, if they do.
pub(in crate::gate) fn describe_regressed(repository: &RepositoryTests) -> Option<String> {
    let first = repository.regressed.first()?;
    Some(match repository.regressed.len() {
        1 => format!("1 test of the repository regressed: {}", first.name),
        number => format!("{number} tests of the repository regressed, the first is {}", first.name),
    })
}

/// Returns what the repository's own tests show, to be put after the words about the suite; empty where none ran.
pub(in crate::gate) fn describe_repository(repository: &RepositoryTests) -> String {
    let Some(after) = &repository.after else { return String::new() };
    let numbers = [
        (repository.still_failing.len(), "still failing"),
        (repository.fixed.len(), "fixed"),
        (repository.not_run.len(), if repository.not_run.len() == 1 { "file not run" } else { "files not run" }),
    ];
    let numbers: String =
        numbers.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!(", {number} {word}")).collect();
    format!("; of the repository's tests {} of {} passed{numbers}", after.passed, after.all())
}

/// Returns the part of a report about the repository's own tests; no field where none were compared.
pub(in crate::gate) fn render_repository(repository: &RepositoryTests) -> Value {
    let (Some(before), Some(after)) = (&repository.before, &repository.after) else { return json!({}) };
    let regressed: Vec<&str> = repository.regressed.iter().map(|test| test.name.as_str()).collect();
    let not_run: Vec<_> =
        repository.not_run.iter().map(|file| json!({ "path": file.path, "reason": file.reason })).collect();
    json!({
        "repository": {
            "before": render_totals(before),
            "after": render_totals(after),
            "regressed": regressed,
            "still_failing": repository.still_failing,
            "fixed": repository.fixed,
            "not_run": not_run,
        },
    })
}

/// Groups the tests of one file that failed in the same way, each with its first test.
pub(in crate::gate) fn group_alike(tests: &[TestCase]) -> Vec<(&TestCase, Vec<&str>)> {
    let mut groups: Vec<(&TestCase, Vec<&str>)> = Vec::new();
    let mut known: HashMap<(&str, Outcome, Option<&str>), usize> = HashMap::new();
    for test in tests {
        let alike = (test.file(), test.outcome, test.message.as_deref());
        let place = *known.entry(alike).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, others)) => others.push(&test.name),
            None => groups.push((test, Vec::new())),
        }
    }
    groups
}

/// The most tests that an issue names.
const MAX_NAMES: usize = 10;

/// Returns `a, b, c and 2 more`.
pub(in crate::gate) fn list_names(first: &str, others: &[&str]) -> String {
    let shown: Vec<&str> = [first].into_iter().chain(others.iter().copied()).take(MAX_NAMES).collect();
    match (others.len() + 1).saturating_sub(MAX_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
