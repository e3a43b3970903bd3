//! Which tests of earlier attempts run again, which were given up, and which requirements lost their tests. Pure.
//!
//! A test of an earlier attempt is kept unless a later suite drops it by name and with a reason. Leaving it out, or
//! changing it in place, does not drop it: it then runs again as it was, beside the new one.

use std::collections::BTreeSet;

use phasegate_process::DroppedTest;
use phasegate_process::gate::SuiteRun;
use phasegate_process::testing::File;
use serde_json::Value;

use super::TestSuite;

/// A suite of an earlier attempt.
pub(super) struct Earlier {
    pub(super) attempt: u32,
    pub(super) suite: TestSuite,
    /// The tests that were found in it then.
    pub(super) collected: Vec<String>,
}

/// What is kept of earlier attempts.
pub(super) struct Kept {
    pub(super) groups: Vec<Group>,
    pub(super) dropped: Vec<DroppedTest>,
}

/// Tests of one earlier suite that run again, among that suite's files.
pub(super) struct Group {
    pub(super) attempt: u32,
    pub(super) files: Vec<File>,
    pub(super) tests: Vec<String>,
}

/// The file of a test.
pub(super) fn file_of(test: &str) -> &str {
    test.split_once("::").map_or(test, |(file, _)| file)
}

/// A test's name without its parameters.
pub(super) fn base_name(test: &str) -> &str {
    test.split_once('[').map_or(test, |(name, _)| name)
}

/// Newest suites first: what a newer one holds unchanged need not run twice.
pub(super) fn kept(current: &TestSuite, earlier: &[Earlier]) -> Kept {
    let mut kept = Kept { groups: Vec::new(), dropped: Vec::new() };
    let mut later: Vec<&TestSuite> = vec![current];
    for known in earlier.iter().rev() {
        let mut tests = Vec::new();
        for test in &known.collected {
            let reason = later.iter().flat_map(|suite| &suite.dropped).find(|dropped| base_name(&dropped.test) == test);
            match reason {
                Some(dropped) if kept.dropped.iter().any(|other| other.test == dropped.test) => {}
                Some(dropped) => kept.dropped.push(dropped.clone()),
                None if later.iter().any(|suite| unchanged(&known.suite, suite, &known.collected, file_of(test))) => {}
                None => tests.push(test.clone()),
            }
        }
        if !tests.is_empty() {
            kept.groups.push(Group { attempt: known.attempt, files: known.suite.files.clone(), tests });
        }
        later.push(&known.suite);
    }
    kept.groups.reverse();
    kept
}

/// Whether a later suite runs this file just as the earlier one did: the file itself and all its helpers are the same.
fn unchanged(earlier: &TestSuite, later: &TestSuite, collected: &[String], path: &str) -> bool {
    let test_files: BTreeSet<&str> = collected.iter().map(|test| file_of(test)).collect();
    let matters = |file: &&File| file.path == path || !test_files.contains(file.path.as_str());
    earlier.files.iter().filter(matters).all(|file| later.files.contains(file))
}

/// The requirements of the task, as `R1`, `R2`, …, that no test which ran is for any more.
pub(super) fn uncovered(task: Option<&Value>, current: &TestSuite, earlier: &[Earlier], run: &SuiteRun) -> Vec<String> {
    let requirements =
        task.and_then(|task| task.get("requirements")?.as_array()).map(Vec::as_slice).unwrap_or_default();
    let ran = |test: &String| {
        run.collected.iter().any(|known| known == base_name(test))
            || run.kept.iter().any(|kept| kept.test == base_name(test))
    };
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
    use crate::suite::Covers;
    use phasegate_process::Digest;
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

    #[test]
    fn an_unchanged_file_does_not_run_twice() {
        let kept = kept(&suite(vec![file("t.py", "1")], &[]), &[first(vec![file("t.py", "1")])]);
        assert!(kept.groups.is_empty());
    }

    // Fault 15 of the reference process: new tests at every attempt move the goalposts.
    #[test]
    fn a_test_that_is_left_out_or_changed_runs_again_as_it_was() {
        for current in [suite(vec![], &[]), suite(vec![file("t.py", "2")], &[])] {
            let kept = kept(&current, &[first(vec![file("t.py", "1")])]);
            assert_eq!(kept.groups[0].tests, ["t.py::a", "t.py::b"]);
            assert_eq!(kept.groups[0].files, [file("t.py", "1")]);
        }
    }

    #[test]
    fn a_changed_helper_changes_the_test() {
        let earlier = first(vec![file("t.py", "1"), file("conftest.py", "1")]);
        let kept = kept(&suite(vec![file("t.py", "1"), file("conftest.py", "2")], &[]), &[earlier]);
        assert_eq!(kept.groups.len(), 1);
    }

    #[test]
    fn a_test_is_given_up_by_name_and_stays_given_up() {
        let second = Earlier {
            attempt: 2,
            suite: suite(vec![file("t.py", "2")], &["t.py::a"]),
            collected: vec!["t.py::b".into()],
        };
        let kept = kept(&suite(vec![file("t.py", "2")], &[]), &[first(vec![file("t.py", "1")]), second]);
        assert_eq!(kept.dropped.len(), 1);
        assert_eq!(kept.groups.len(), 1);
        assert_eq!((kept.groups[0].attempt, kept.groups[0].tests.as_slice()), (1, ["t.py::b".to_owned()].as_slice()));
    }

    #[test]
    fn a_requirement_without_a_test_that_ran_is_uncovered() {
        let mut current = suite(vec![], &[]);
        let covers =
            |requirement: &str, test: &str| Covers { requirement: requirement.into(), tests: vec![test.into()] };
        current.covers = vec![covers("R1", "t.py::a[1]"), covers("r2", "t.py::gone"), covers("it is quick", "t.py::a")];
        let run = SuiteRun {
            language: "python".into(),
            code: Digest::of(b""),
            suite: Digest::of(b""),
            no_runner: None,
            build_errors: vec![],
            collected: vec!["t.py::a".into()],
            kept: vec![],
            tests: vec![],
            dropped: vec![],
            uncovered: vec![],
        };
        let task = json!({"requirements": ["it parses", "it fails", "it is quick"]});
        assert_eq!(uncovered(Some(&task), &current, &[], &run), ["R2"]);
    }
}
