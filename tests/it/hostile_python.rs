//! Whole runs with hostile Python code and the Python runner as it is shipped: verdicts and messages.

use std::fs;

/// Runs and replays the scenario and returns its report.
fn report(name: &str) -> String {
    let scenario = crate::scenario(name);
    let output = scenario.run(&[]);
    scenario.check_story(&output);
    scenario.check_replay(&output.run_id(), &[]);
    fs::read_to_string(scenario.path("out/report.md")).unwrap()
}

#[test]
fn hostile_code_fails_only_the_affected_tests() {
    let report = report("python-hostile");
    let line_of = |test: &str| {
        let start = format!("- `tests/{test}` ");
        report.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{test}\n{report}"))
    };
    for (test, expected) in [
        ("test_absent.py::test_absent", "errored: did not run: the files have build errors"),
        ("test_deep.py::test_deep", "the interpreter crashed while it ran this file"),
        ("test_endless.py::test_endless", "used up its 3000 ms of computing time"),
        ("test_endless.py::test_too", "used up its 3000 ms of computing time"),
        ("test_forged.py::test_forged", "errored: reported as passed although it raised AssertionError"),
        // The replaced report or a hidden test shows it first: their order depends on the run's seed.
        ("test_forged.py::test_true", "errored: no result can be trusted: "),
        ("test_network.py::test_network", "the network cannot be reached from the test sandbox"),
    ] {
        assert!(line_of(test).contains(expected), "{test}: {}", line_of(test));
    }
    assert!(!report.contains("- `tests/test_answer.py::test_answer`"), "an honest test failed: {report}");
}

#[test]
fn suite_that_hides_its_only_test_fails() {
    let report = report("python-without-tests");
    assert!(report.contains("no test was found in this file") || report.contains("was not there"), "{report}");
}

#[test]
fn report_states_the_limits_of_passed_tests() {
    let report = report("python-not-claimed");
    let expected = "but not every forgery of results";
    assert!(report.contains(expected), "{report}");
}

#[test]
fn passing_a_probe_fails_the_gate() {
    let report = report("python-deceived");
    let expected = "'test_answer.py::test_answer' still passed after it was changed so that it must fail";
    assert!(report.contains(expected), "{report}");
}
