//! Selects the tests of earlier attempts that run again, and finds requirements that have lost their tests. Pure.
//!
//! A test of an earlier attempt is kept unless a later suite drops it by name and with a reason. A test that a later
//! suite omits or changes is not dropped: its old version runs as well.

use std::collections::{HashMap, HashSet};

use phasegate_process::DroppedTest;
use phasegate_process::gate::SuiteRun;
use phasegate_process::testing::File;
use serde_json::Value;

use crate::run::test_run::names::{file_of, stated_name, with_containers, without_dots};
use crate::run::test_run::suite::TestSuite;

/// The suite of an earlier attempt.
pub(crate) struct Earlier {
    pub(crate) attempt: u32,
    pub(crate) suite: TestSuite,
    /// The tests that were collected from it or ran in its attempt.
    pub(crate) collected: Vec<String>,
}

/// The tests of earlier attempts that run again, and those that were dropped.
pub(crate) struct Kept {
    pub(crate) groups: Vec<Group>,
    pub(crate) dropped: Vec<DroppedTest>,
}

/// Tests of one earlier suite that run again, with all files of that suite.
pub(crate) struct Group {
    pub(crate) attempt: u32,
    pub(crate) files: Vec<File>,
    pub(crate) tests: Vec<String>,
}

/// A suite that runs, with its collected tests, indexed: a suite may have thousands of files and tests.
struct Running<'a> {
    files: HashMap<&'a str, &'a str>,
    tests: HashSet<&'a str>,
    /// The files that contain tests; all others are helpers.
    with_tests: HashSet<&'a str>,
    dropped: HashMap<&'a str, &'a DroppedTest>,
}

impl<'a> Running<'a> {
    fn new(suite: &'a TestSuite, collected: &'a [String]) -> Self {
        let mut dropped = HashMap::new();
        for one in &suite.dropped {
            dropped.entry(without_dots(&one.test)).or_insert(one);
        }
        Self {
            files: suite.files.iter().map(|file| (file.path.as_str(), file.content.as_str())).collect(),
            tests: collected.iter().map(String::as_str).collect(),
            with_tests: collected.iter().map(|test| file_of(test)).collect(),
            dropped,
        }
    }

    /// Returns whether both suites have the same helper files. A new `conftest.py` changes a test as much as a new line
    /// in it.
    fn has_same_helpers(&self, other: &Self) -> bool {
        let helper = |path: &&&str| !self.with_tests.contains(*path) && !other.with_tests.contains(*path);
        let mut helpers = self.files.keys().chain(other.files.keys()).filter(helper);
        helpers.all(|path| self.files.get(path) == other.files.get(path))
    }

    /// Returns whether this suite has the test as well, in a file with equal content.
    fn has(&self, test: &str, of: &Self) -> bool {
        self.tests.contains(test) && self.files.get(file_of(test)) == of.files.get(file_of(test))
    }
}

/// Selects the tests to run again. Newer suites come first: a test that a newer suite holds unchanged runs once.
/// `collected` are the tests of the current suite.
pub(crate) fn select_kept(current: &TestSuite, collected: &[String], earlier: &[Earlier]) -> Kept {
    let mut kept = Kept { groups: Vec::new(), dropped: Vec::new() };
    let mut later = vec![Running::new(current, collected)];
    for known in earlier.iter().rev() {
        let own = Running::new(&known.suite, &known.collected);
        // A test is unchanged in a later suite if its file and all helpers are equal.
        let alike: Vec<&Running<'_>> = later.iter().filter(|running| running.has_same_helpers(&own)).collect();
        let mut tests = Vec::new();
        for test in &known.collected {
            let reason = later.iter().find_map(|running| running.dropped.get(test.as_str()));
            match reason {
                Some(dropped) if kept.dropped.iter().any(|other| other.test == dropped.test) => {}
                Some(dropped) => kept.dropped.push((*dropped).clone()),
                None if alike.iter().any(|running| running.has(test, &own)) => {}
                None => tests.push(test.clone()),
            }
        }
        if !tests.is_empty() {
            kept.groups.push(Group { attempt: known.attempt, files: known.suite.files.clone(), tests });
        }
        later.push(own);
    }
    kept.groups.reverse();
    kept
}

/// Returns the requirements of the task, as `R1`, `R2`, …, that no test of this run covers. `others` are tests of the
/// repository that passed.
pub(crate) fn uncovered(
    task: Option<&Value>,
    current: &TestSuite,
    earlier: &[Earlier],
    run: &SuiteRun,
    others: &[String],
) -> Vec<String> {
    let requirements =
        task.and_then(|task| task.get("requirements")?.as_array()).map(Vec::as_slice).unwrap_or_default();
    let tests = run.collected.iter().chain(run.kept.iter().map(|kept| &kept.test)).chain(others);
    let known: HashSet<&str> = tests.flat_map(|test| with_containers(test)).collect();
    let ran = |test: &String| known.contains(stated_name(test));
    let covers: Vec<_> = current.covers.iter().chain(earlier.iter().flat_map(|known| &known.suite.covers)).collect();
    let names = requirements
        .iter()
        .enumerate()
        .map(|(index, text)| (format!("R{}", index + 1), text.as_str().unwrap_or_default()));
    let bare = names.filter(|(name, text)| {
        let about = |requirement: &str| requirement.eq_ignore_ascii_case(name) || requirement == *text;
        !covers.iter().any(|entry| about(entry.requirement.trim()) && entry.tests.iter().any(ran))
    });
    bare.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::test_run::suite::Covers;
    use phasegate_process::Digest;
    use phasegate_process::gate::RepositoryTests;
    use serde_json::json;

    fn file(path: &str, content: &str) -> File {
        File { path: path.into(), content: content.into() }
    }

    fn suite(files: Vec<File>, dropped: &[&str]) -> TestSuite {
        let dropped = dropped
            .iter()
            .map(|test| DroppedTest { test: (*test).into(), reason: "it asks for the wrong thing".into() });
        TestSuite { files, covers: vec![], dropped: dropped.collect() }
    }

    fn first(files: Vec<File>) -> Earlier {
        Earlier { attempt: 1, suite: suite(files, &[]), collected: vec!["t.py::a".into(), "t.py::b".into()] }
    }

    fn both() -> Vec<String> {
        vec!["t.py::a".into(), "t.py::b".into()]
    }

    #[test]
    fn unchanged_files_run_once() {
        let kept = select_kept(&suite(vec![file("t.py", "1")], &[]), &both(), &[first(vec![file("t.py", "1")])]);
        assert!(kept.groups.is_empty());
    }

    // New tests at every attempt must not replace the old ones.
    #[test]
    fn omitted_or_changed_tests_run_again() {
        for current in [suite(vec![], &[]), suite(vec![file("t.py", "2")], &[])] {
            let kept = select_kept(&current, &both(), &[first(vec![file("t.py", "1")])]);
            assert_eq!(kept.groups[0].tests, ["t.py::a", "t.py::b"]);
            assert_eq!(kept.groups[0].files, [file("t.py", "1")]);
        }
    }

    #[test]
    fn compares_thousands_of_files_quickly() {
        // Comparing all files of both suites for each test would take an hour.
        let path = |n: usize| format!("{}{n}.py", "t".repeat(100));
        let files: Vec<File> = (0..2_000).map(|n| file(&path(n), "1")).collect();
        let mut changed = files.clone();
        changed[1_000].content = "2".into();
        let collected: Vec<String> = (0..2_000).map(|n| format!("{}::a", path(n))).collect();
        let earlier = Earlier { attempt: 1, suite: suite(files, &[]), collected: collected.clone() };
        let kept = select_kept(&suite(changed, &[]), &collected, &[earlier]);
        assert_eq!(kept.groups[0].tests, [format!("{}::a", path(1_000))]);
    }

    #[test]
    fn changed_helpers_change_tests() {
        let earlier = first(vec![file("t.py", "1"), file("conftest.py", "1")]);
        let kept = select_kept(&suite(vec![file("t.py", "1"), file("conftest.py", "2")], &[]), &both(), &[earlier]);
        assert_eq!(kept.groups.len(), 1);
    }

    #[test]
    fn added_helpers_change_tests() {
        let current = suite(vec![file("t.py", "1"), file("conftest.py", "app.answer = 42")], &[]);
        assert_eq!(select_kept(&current, &both(), &[first(vec![file("t.py", "1")])]).groups.len(), 1);
    }

    #[test]
    fn tests_missing_from_a_later_collection_run_again() {
        let kept = select_kept(&suite(vec![file("t.py", "1")], &[]), &[], &[first(vec![file("t.py", "1")])]);
        assert_eq!(kept.groups[0].tests, ["t.py::a", "t.py::b"]);
    }

    #[test]
    fn dropping_one_parameter_drops_nothing() {
        let current = suite(vec![], &["t.py::a[no such case]"]);
        let kept = select_kept(&current, &[], &[first(vec![file("t.py", "1")])]);
        assert_eq!((kept.dropped.len(), kept.groups[0].tests.len()), (0, 2));
    }

    #[test]
    fn dropped_names_may_begin_with_a_dot() {
        let kept = select_kept(&suite(vec![], &["./t.py::a"]), &[], &[first(vec![file("t.py", "1")])]);
        assert_eq!((kept.dropped.len(), kept.groups[0].tests.as_slice()), (1, ["t.py::b".to_owned()].as_slice()));
    }

    #[test]
    fn dropped_tests_stay_dropped() {
        let second = Earlier {
            attempt: 2,
            suite: suite(vec![file("t.py", "2")], &["t.py::a"]),
            collected: vec!["t.py::b".into()],
        };
        let kept =
            select_kept(&suite(vec![file("t.py", "2")], &[]), &both(), &[first(vec![file("t.py", "1")]), second]);
        assert_eq!(kept.dropped.len(), 1);
        assert_eq!(kept.groups.len(), 1);
        assert_eq!((kept.groups[0].attempt, kept.groups[0].tests.as_slice()), (1, ["t.py::b".to_owned()].as_slice()));
    }

    #[test]
    fn requirements_without_tests_that_ran_are_uncovered() {
        let mut current = suite(vec![], &[]);
        let covers =
            |requirement: &str, test: &str| Covers { requirement: requirement.into(), tests: vec![test.into()] };
        current.covers = vec![covers("R1", "t.py::a[1]"), covers("r2", "t.py::gone"), covers("it is quick", "t.py::a")];
        let run = SuiteRun {
            language: "python".into(),
            code: Digest::from_content(b""),
            suite: Digest::from_content(b""),
            no_runner: None,
            build_errors: vec![],
            collected: vec!["t.py::a".into()],
            kept: vec![],
            tests: vec![],
            dropped: vec![],
            uncovered: vec![],
            repository: RepositoryTests::default(),
        };
        let task = json!({"requirements": ["it parses", "it fails", "it is quick"]});
        assert_eq!(uncovered(Some(&task), &current, &[], &run, &[]), ["R2"]);
        let others = ["t.py::gone".to_owned()];
        assert!(uncovered(Some(&task), &current, &[], &run, &others).is_empty());
        for stated in ["./t.py::a[1]", "t.py", "./t.py"] {
            current.covers = vec![covers("R1", stated)];
            assert_eq!(uncovered(Some(&task), &current, &[], &run, &[]), ["R2", "R3"], "{stated}");
        }
    }
}
