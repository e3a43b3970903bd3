//! Compares a repository's own tests before and after a change, by the names of the tests.
//!
//! The baseline is a run of these tests on the tree that a run starts from. A test that did not fail there must not fail on the
//! result; what failed there is not blamed on the change. The rules:
//!
//! - *Regressed*: a test that passed and now fails, is skipped, fails as expected, or is gone; a test that was skipped or failed
//!   as expected and now fails; a new test of an unchanged file that fails.
//! - *Fixed*: a test that failed, also as expected, and now passes. *Still failing*: a test that failed and does not pass now.
//! - A file that did not run on the base (it cannot be imported, or has no tests) is named once. If it runs now, its tests are
//!   fixed or still failing. A file that ran on the base and does not run now has regressed with all of its tests.
//! - Parameters may come from the code under test, so a parameter that is gone has not regressed as long as its function still
//!   runs. A new parameter that fails has regressed, unless one of the same function failed before.
//! - A file that the delivered code deletes, or that the delivered suite replaces, is not compared: its tests that are gone
//!   count as dropped, and the suite's version has to pass like every test of the suite.

pub(super) mod render;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::DroppedTest;
use crate::testing::{Outcome, TestCase, Totals};

/// A run of a repository's own tests on the tree that a run starts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The language of the tests.
    pub language: String,
    /// The component of the test runner.
    pub runner: Digest,
    /// The result of each test, without output.
    pub tests: Vec<TestCase>,
    /// The test files without results.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_run: Vec<NotRun>,
    /// The number of files that tests cannot see: too large, no UTF-8 text, or beyond the limit of all files together.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A test file without results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRun {
    /// Its path.
    pub path: String,
    /// The reason.
    pub reason: String,
    /// Whether the time of all tests had ended before. Such a file does not run on the result either.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unreached: bool,
}

/// The same tests on the result, and what became of their files.
#[derive(Debug, Clone, Default)]
pub struct Changed<'a> {
    /// The results of the repository's tests.
    pub tests: &'a [TestCase],
    /// The repository's test files without results.
    pub not_run: &'a [NotRun],
    /// The results of the delivered suite.
    pub suite: &'a [TestCase],
    /// The files of the delivered suite.
    pub suite_files: HashSet<&'a str>,
    /// The files that the delivered code deletes.
    pub deleted: HashSet<&'a str>,
}

/// The repository's own tests in a run that a gate is judged by; empty where there is no repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RepositoryTests {
    /// The run on the base that was compared: a blob of [`Baseline`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Digest>,
    /// Numbers of the tests on the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Totals>,
    /// Numbers of the tests on the result, without files that the suite replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Totals>,
    /// Tests that the change broke, as they are on the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regressed: Vec<TestCase>,
    /// Names of tests that failed before and do not pass now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub still_failing: Vec<String>,
    /// Names of tests that failed before and pass now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// Test files without results before and after.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_run: Vec<NotRun>,
}

/// The difference between the baseline and the result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Without the digest of the baseline.
    pub tests: RepositoryTests,
    /// Tests that are gone because their file was deleted or replaced.
    pub dropped: Vec<DroppedTest>,
}

/// Compares the repository's tests on the result with those on the base.
pub fn compare_with_baseline(baseline: &Baseline, changed: &Changed<'_>) -> Comparison {
    let mut compared = Comparison::default();
    let not_run = |files: &[NotRun], path: &str| files.iter().find(|file| file.path == path).cloned();
    let (before, after, suite) = (by_file(&baseline.tests), by_file(changed.tests), by_file(changed.suite.iter()));
    for (path, tests) in &before {
        if changed.suite_files.contains(path) {
            let now = suite.get(path).map(Vec::as_slice).unwrap_or_default();
            compared.compare_replaced(path, tests, now);
        } else if changed.deleted.contains(path) {
            compared.drop_all(tests, &format!("the code deletes the file `{path}`"));
        } else if let Some(file) = not_run(changed.not_run, path) {
            compared.compare_lost(tests, &file.reason);
        } else {
            compared.compare_file(tests, after.get(path).map(Vec::as_slice).unwrap_or_default());
        }
    }
    for (path, tests) in after.iter().filter(|(path, _)| !before.contains_key(*path)) {
        match not_run(&baseline.not_run, path) {
            Some(_) => tests.iter().for_each(|test| compared.add_unknown(test)),
            None => compared.compare_file(&[], tests),
        }
    }
    for file in &baseline.not_run {
        let path = file.path.as_str();
        let gone = changed.deleted.contains(path) || changed.suite_files.contains(path) || after.contains_key(path);
        compared.tests.not_run.extend((!gone).then(|| file.clone()));
    }
    compared.tests.before = Some(Totals::of(&baseline.tests));
    compared.tests.after = Some(Totals::of(changed.tests));
    compared
}

impl Comparison {
    /// Compares a file that is the same on the result.
    fn compare_file(&mut self, before: &[&TestCase], after: &[&TestCase]) {
        let now: HashMap<&str, &TestCase> = after.iter().map(|test| (test.name.as_str(), *test)).collect();
        let known: HashSet<&str> = before.iter().map(|test| test.name.as_str()).collect();
        let functions: HashSet<&str> = after.iter().map(|test| test.function()).collect();
        let failed: HashSet<&str> =
            before.iter().filter(|test| test.is_failure()).map(|test| test.function()).collect();
        let whole = after.iter().find(|test| test.is_file() && test.is_failure());
        let regressed = self.tests.regressed.len();
        for test in before {
            match now.get(test.name.as_str()) {
                Some(now) => self.compare_test(test, now),
                None if test.outcome != Outcome::Passed || has_siblings(test, &functions) => {}
                None => {
                    let ended = whole.and_then(|whole| whole.message.as_deref());
                    let why =
                        ended.map_or(GONE.to_owned(), |ended| format!("it passed before and did not run: {ended}"));
                    self.tests.regressed.push(errored(test, why));
                }
            }
        }
        let is_covered = |test: &TestCase, all: &[TestCase]| test.is_file() && all.len() > regressed;
        for test in after.iter().filter(|test| !known.contains(test.name.as_str()) && test.is_failure()) {
            match failed.contains(test.function()) {
                true => self.tests.still_failing.push(test.name.clone()),
                false if is_covered(test, &self.tests.regressed) => {}
                false => self.tests.regressed.push((*test).clone()),
            }
        }
    }

    fn compare_test(&mut self, before: &TestCase, now: &TestCase) {
        let passes = now.outcome == Outcome::Passed;
        match (before.outcome, before.is_expected_failure()) {
            (Outcome::Failed | Outcome::Errored, _) if passes => self.tests.fixed.push(now.name.clone()),
            (Outcome::Failed | Outcome::Errored, _) => self.tests.still_failing.push(now.name.clone()),
            (_, true) if passes => self.tests.fixed.push(now.name.clone()),
            (Outcome::Passed, _) if now.outcome == Outcome::Skipped => {
                let why = now.message.as_deref().unwrap_or("it gave no reason");
                let message = Some(format!("it passed before and is skipped now: {why}"));
                self.tests.regressed.push(TestCase { message, ..now.clone() });
            }
            _ if now.is_failure() => self.tests.regressed.push(now.clone()),
            _ => {}
        }
    }

    /// Compares a file that does not run any more.
    fn compare_lost(&mut self, before: &[&TestCase], reason: &str) {
        for test in before {
            match test.is_failure() {
                true => self.tests.still_failing.push(test.name.clone()),
                false => self.tests.regressed.push(errored(test, reason.to_owned())),
            }
        }
    }

    /// Compares a file that the delivered suite replaces.
    fn compare_replaced(&mut self, path: &str, before: &[&TestCase], now: &[&TestCase]) {
        let functions: HashSet<&str> = now.iter().map(|test| test.function()).collect();
        let gone: Vec<&TestCase> = before.iter().filter(|test| !functions.contains(test.function())).copied().collect();
        self.drop_all(&gone, &format!("the suite replaces the file `{path}` without it"));
        let now: HashMap<&str, &TestCase> = now.iter().map(|test| (test.name.as_str(), *test)).collect();
        let passes = |test: &&&TestCase| now.get(test.name.as_str()).is_some_and(|now| now.outcome == Outcome::Passed);
        let failed = before.iter().filter(|test| test.is_failure() || test.is_expected_failure());
        self.tests.fixed.extend(failed.filter(passes).map(|test| test.name.clone()));
    }

    /// Notes the functions of these tests that did not fail as dropped.
    fn drop_all(&mut self, before: &[&TestCase], reason: &str) {
        let ran = before.iter().filter(|test| !test.is_failure());
        let functions: BTreeSet<&str> = ran.map(|test| test.function()).collect();
        let dropped =
            functions.into_iter().map(|test| DroppedTest { test: test.to_owned(), reason: reason.to_owned() });
        self.dropped.extend(dropped);
    }

    /// Adds a test of a file that did not run on the base.
    fn add_unknown(&mut self, now: &TestCase) {
        match now.outcome {
            Outcome::Passed => self.tests.fixed.push(now.name.clone()),
            Outcome::Failed | Outcome::Errored => self.tests.still_failing.push(now.name.clone()),
            Outcome::Skipped => {}
        }
    }
}

const GONE: &str = "it passed before and is gone: no test of this name was found";

fn by_file<'a>(tests: impl IntoIterator<Item = &'a TestCase>) -> BTreeMap<&'a str, Vec<&'a TestCase>> {
    let mut files: BTreeMap<&str, Vec<&TestCase>> = BTreeMap::new();
    for test in tests {
        files.entry(test.file()).or_default().push(test);
    }
    files
}

/// Whether a test has parameters, and its function still runs with others.
fn has_siblings(test: &TestCase, functions: &HashSet<&str>) -> bool {
    test.function() != test.name && functions.contains(test.function())
}

fn errored(test: &TestCase, why: String) -> TestCase {
    TestCase { name: test.name.clone(), outcome: Outcome::Errored, message: Some(why), output: String::new() }
}

#[cfg(test)]
mod tests;
