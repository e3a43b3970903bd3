#![allow(clippy::unwrap_used)]
use super::*;
use Outcome::{Errored, Failed, Passed, Skipped};

fn case(name: &str, outcome: Outcome) -> TestCase {
    let message = (outcome != Passed).then(|| "it says why".to_owned());
    TestCase { name: name.to_owned(), outcome, message, output: String::new() }
}

fn xfailed(name: &str) -> TestCase {
    TestCase { message: Some("xfailed: later".to_owned()), ..case(name, Skipped) }
}

fn baseline(tests: Vec<TestCase>) -> Baseline {
    let runner = Digest::from_content(b"runner");
    Baseline { language: "python".to_owned(), runner, tests, not_run: Vec::new(), left_out: 0 }
}

fn not_run(path: &str) -> NotRun {
    NotRun { path: path.to_owned(), reason: format!("{path}:1: no module `requests`"), unreached: false }
}

fn compare(before: Vec<TestCase>, after: &[TestCase]) -> RepositoryTests {
    compare_with_baseline(&baseline(before), &Changed { tests: after, ..Changed::default() }).tests
}

/// Returns `regressed`, `still failing`, `fixed` or nothing for one test of each outcome.
fn verdict(before: TestCase, after: TestCase) -> &'static str {
    let compared = compare(vec![before], &[after]);
    let found = [
        ("regressed", compared.regressed.len()),
        ("still failing", compared.still_failing.len()),
        ("fixed", compared.fixed.len()),
    ];
    let found: Vec<_> = found.iter().filter(|(_, number)| *number > 0).collect();
    assert!(found.len() <= 1, "{compared:?}");
    found.first().map_or("", |(word, _)| word)
}

fn names(tests: &[TestCase]) -> Vec<&str> {
    tests.iter().map(|test| test.name.as_str()).collect()
}

#[test]
fn outcomes_before_and_after_decide() {
    let t = "t.py::a";
    for (before, expected) in [
        (case(t, Passed), ["", "regressed", "regressed", "regressed", "regressed"]),
        (case(t, Failed), ["fixed", "still failing", "still failing", "still failing", "still failing"]),
        (case(t, Errored), ["fixed", "still failing", "still failing", "still failing", "still failing"]),
        (case(t, Skipped), ["", "regressed", "regressed", "", ""]),
        (xfailed(t), ["fixed", "regressed", "regressed", "", ""]),
    ] {
        let after = [case(t, Passed), case(t, Failed), case(t, Errored), case(t, Skipped), xfailed(t)];
        let seen = after.map(|after| verdict(before.clone(), after));
        assert_eq!(seen, expected, "{before:?}");
    }
}

#[test]
fn tests_that_are_gone_have_regressed() {
    let before = vec![case("t.py::a", Passed), case("t.py::b", Failed), case("t.py::c", Skipped)];
    let compared = compare(before, &[]);
    assert_eq!(names(&compared.regressed), ["t.py::a"]);
    assert_eq!(compared.regressed.first().unwrap().message.as_deref(), Some(GONE));
    assert!(compared.still_failing.is_empty());
}

#[test]
fn parameters_may_change_while_their_function_runs() {
    let before = vec![case("t.py::a[1]", Passed), case("t.py::a[2]", Passed)];
    let compared = compare(before.clone(), &[case("t.py::a[1]", Passed), case("t.py::a[3]", Failed)]);
    assert_eq!(names(&compared.regressed), ["t.py::a[3]"]);
    assert_eq!(names(&compare(before, &[case("t.py::b", Passed)]).regressed), ["t.py::a[1]", "t.py::a[2]"]);
    // Names that contain an address differ in each run.
    let compared = compare(vec![case("t.py::a[<x at 1>]", Failed)], &[case("t.py::a[<x at 2>]", Failed)]);
    assert_eq!(
        (compared.regressed.len(), compared.still_failing.as_slice()),
        (0, ["t.py::a[<x at 2>]".to_owned()].as_slice())
    );
}

#[test]
fn files_without_results_are_named_once() {
    let mut base = baseline(vec![case("t.py::a", Passed)]);
    base.not_run = vec![not_run("api.py")];
    let tests = [case("t.py::a", Passed)];
    let still = [not_run("api.py")];
    let changed = Changed { tests: &tests, not_run: &still, ..Changed::default() };
    let compared = compare_with_baseline(&base, &changed).tests;
    assert_eq!((compared.not_run.as_slice(), compared.regressed.len()), (still.as_slice(), 0));
    // It can be imported now: nothing in it is blamed on the change.
    let tests = [case("t.py::a", Passed), case("api.py::a", Passed), case("api.py::b", Failed)];
    let compared = compare_with_baseline(&base, &Changed { tests: &tests, ..Changed::default() }).tests;
    assert_eq!(
        (compared.fixed.as_slice(), compared.still_failing.as_slice()),
        (["api.py::a".to_owned()].as_slice(), ["api.py::b".to_owned()].as_slice())
    );
    assert_eq!((compared.not_run.len(), compared.regressed.len()), (0, 0));
}

#[test]
fn files_that_no_longer_load_have_regressed() {
    let base = baseline(vec![case("t.py::a", Passed), case("t.py::b", Failed), case("t.py::c", Skipped)]);
    let lost = [not_run("t.py")];
    let compared = compare_with_baseline(&base, &Changed { not_run: &lost, ..Changed::default() }).tests;
    assert_eq!(names(&compared.regressed), ["t.py::a", "t.py::c"]);
    assert_eq!(compared.regressed.first().unwrap().message.as_deref(), Some("t.py:1: no module `requests`"));
    assert_eq!(compared.still_failing, ["t.py::b"]);
}

#[test]
fn stopped_files_tell_why_tests_are_gone() {
    let before = vec![case("t.py::a", Passed), case("t.py::b", Passed)];
    let compared = compare(before.clone(), &[case("t.py::a", Passed), case("t.py", Errored)]);
    assert_eq!(names(&compared.regressed), ["t.py::b"]);
    assert_eq!(
        compared.regressed.first().unwrap().message.as_deref(),
        Some("it passed before and did not run: it says why")
    );
    let all = [case("t.py::a", Passed), case("t.py::b", Passed), case("t.py", Errored)];
    assert_eq!(names(&compare(before, &all).regressed), ["t.py"]);
}

#[test]
fn deleted_and_replaced_files_drop_their_tests() {
    let base = baseline(vec![
        case("old.py::a", Passed),
        case("old.py::b", Failed),
        case("t.py::kept", Passed),
        case("t.py::gone[1]", Passed),
        case("t.py::gone[2]", Passed),
        case("t.py::corrected", Failed),
    ]);
    let suite = [case("t.py::kept", Failed), case("t.py::corrected", Passed)];
    let changed =
        Changed { suite: &suite, suite_files: ["t.py"].into(), deleted: ["old.py"].into(), ..Changed::default() };
    let Comparison { tests, dropped } = compare_with_baseline(&base, &changed);
    let dropped: Vec<_> = dropped.iter().map(|one| (one.test.as_str(), one.reason.as_str())).collect();
    let expected = [
        ("old.py::a", "the code deletes the file `old.py`"),
        ("t.py::gone", "the suite replaces the file `t.py` without it"),
    ];
    assert_eq!(dropped, expected);
    // The suite itself has to pass.
    assert_eq!((tests.regressed.len(), tests.fixed.as_slice()), (0, ["t.py::corrected".to_owned()].as_slice()));
}

#[test]
fn nothing_of_a_repository_is_stored_without_one() {
    assert_eq!(serde_json::to_string(&RepositoryTests::default()).unwrap(), "{}");
    assert_eq!(serde_json::from_str::<RepositoryTests>("{}").unwrap(), RepositoryTests::default());
}
