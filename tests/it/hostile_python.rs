//! Whole runs whose code is Python that wants no good, with the runner as it is shipped: the verdict, and the words of it.

use std::fs;

/// The scenario tells its story and replays; its report.
fn report(name: &str) -> String {
    let scene = crate::scene(name);
    let told = scene.run(&[]);
    scene.check(&told);
    scene.replays(&told.run_id(), &[]);
    fs::read_to_string(scene.path("out/report.md")).unwrap()
}

#[test]
fn hostile_code_fails_the_tests_that_meet_it_and_no_others_and_the_report_says_how() {
    let report = report("python-hostile");
    let told = |test: &str| {
        let start = format!("- `tests/{test}` ");
        report.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{test}\n{report}"))
    };
    for (test, words) in [
        ("test_absent.py::test_absent", "skipped: not today"),
        ("test_deep.py::test_deep", "the interpreter crashed while it ran this file"),
        ("test_endless.py::test_endless", "used up its 3000 ms of computing time"),
        ("test_endless.py::test_too", "used up its 3000 ms of computing time"),
        ("test_forged.py::test_forged", "errored: reported as passed although it raised AssertionError"),
        (
            "test_forged.py::test_true",
            "errored: no result can be trusted: '_pytest.reports.TestReport.from_item_and_call'",
        ),
        ("test_network.py::test_network", "the network cannot be reached from the test sandbox"),
    ] {
        assert!(told(test).contains(words), "{test}: {}", told(test));
    }
    assert!(!report.contains("- `tests/test_answer.py::test_answer`"), "what is honest passes: {report}");
}

#[test]
fn a_suite_that_hides_its_only_test_fails() {
    assert!(report("python-without-tests").contains("no test ran"));
}

#[test]
fn the_report_says_what_is_not_claimed_of_tests_that_passed() {
    let report = report("python-not-claimed");
    let words = "code that sets out to forge its results is not always caught";
    assert!(report.contains(words), "{report}");
}
