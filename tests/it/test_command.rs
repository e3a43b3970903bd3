//! `phasegate test` with the Python runner as it is shipped: outcomes, exit codes, and what is read.

use insta::assert_snapshot;
use phasegate_test::{Output, Workspace, parse_strictly};
use serde_json::Value;

use crate::PATHS;

const CODE: &str = "def double(number):\n    return number * 2\n";
const TEST: &str = "from app import double\n\ndef test_two():\n    assert double(2) == 4\n\ndef test_three():\n    assert double(3) == 6\n";

fn project(files: &[(&str, &str)]) -> Workspace {
    Workspace::with_shared_home(PATHS, "home-of-tests").with_files(files)
}

fn json(output: &Output) -> Value {
    parse_strictly(&output.stdout).unwrap_or_else(|| panic!("{} {}", output.stdout, output.stderr))
}

/// Each test with its outcome and the first words of its message.
fn outcomes(report: &Value) -> Vec<String> {
    let words = |test: &Value| {
        let message = test["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
        format!("{} {} {message}", test["name"].as_str().unwrap(), test["outcome"].as_str().unwrap())
    };
    report["tests"].as_array().unwrap().iter().map(words).collect()
}

#[test]
fn passing_tests_exit_with_zero() {
    let project = project(&[("app.py", CODE), ("tests/test_app.py", TEST)]);
    for args in [["test", "."].as_slice(), &["test", "--code", ".", "--tests", "tests"]] {
        let output = project.call(args);
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        assert!(output.stdout.starts_with("passed: all 2 tests passed\n2 tests in 1 file, "), "{}", output.stdout);
    }
    assert!(!project.path(".phasegate").exists(), "a test run alone records nothing");
}

#[test]
fn failing_tests_are_listed_with_messages() {
    let project = project(&[("src/app.py", "def double(number):\n    return number + 2\n"), ("t/test_app.py", TEST)]);
    let output = project.call(&["test", "--code", "src", "--tests", "t"]);
    assert_eq!(output.code, 1, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.starts_with("failed test_app.py::test_three\n    "), "{}", output.stdout);
    assert!(output.stdout.contains("assert double(3) == 6"), "{}", output.stdout);
    let end = "failed: 1 of 2 tests did not pass (1 failed, 0 errored, 0 skipped)\n2 tests in 1 file, ";
    assert!(output.stdout.contains(end), "{}", output.stdout);
    let report = json(&project.call(&["test", "--code", "src", "--tests", "t", "--json"]));
    crate::schemas::check("test", &report);
    assert_eq!((&report["verdict"], &report["totals"]["failed"]), (&"failed".into(), &1.into()));
    assert_eq!((&report["files"], report["tests"].as_array().unwrap().len()), (&1.into(), 2));
}

#[test]
fn hanging_test_keeps_what_passed_before() {
    let hangs = "import pytest\n\ndef test_before():\n    pass\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_hangs(n):\n    \
                 while n == 2:\n        pass\n\ndef test_after():\n    pass\n";
    let project = project(&[
        ("test_hangs.py", hangs),
        ("test_other.py", "def test_other():\n    pass\n"),
        ("phasegate.toml", "[plugins.runner-python]\nlimits = { cpu_ms = 3000 }\n"),
    ]);
    let output = project.call(&["test", ".", "--json"]);
    assert_eq!(output.code, 1);
    let outcomes = outcomes(&json(&output));
    let stopped = "plugin `runner-python` (tests alone, running test_hangs.py) used up its 3000 ms of computing time and was stopped";
    let expected = [
        "test_hangs.py::test_before passed ".to_owned(),
        "test_hangs.py::test_hangs[1] passed ".to_owned(),
        format!("test_hangs.py::test_hangs[2] errored {stopped}"),
        format!("test_hangs.py::test_after errored did not run: {stopped}"),
        "test_other.py::test_other passed ".to_owned(),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn files_that_do_not_parse_fail_alone() {
    let files = [
        ("app.py", CODE),
        ("old.py", "print 'Python 2'\n"),
        ("tests/test_app.py", TEST),
        ("tests/test_bad.py", "def test_bad(:\n    pass\n"),
    ];
    let output = project(&files).call(&["test", ".", "--json"]);
    assert_eq!(output.code, 1);
    let report = json(&output);
    assert!(report["reason"].as_str().unwrap().contains("tests/test_bad.py:1"), "{report}");
    let passed = report["tests"].as_array().unwrap().iter().filter(|test| test["outcome"] == "passed").count();
    assert_eq!(passed, 2, "{report}");
    let output = project(files.get(..3).unwrap()).call(&["test", "."]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}

#[test]
fn files_without_a_test_are_named() {
    let output = project(&[("app.py", CODE)]).call(&["test", "."]);
    assert_eq!((output.code, output.stdout.lines().next()), (1, Some("failed: no test ran")));
    let empty = ("tests/test_empty.py", "import app\n");
    let output = project(&[("app.py", CODE), ("tests/test_app.py", TEST), empty]).call(&["test", "."]);
    assert_eq!(output.code, 1);
    let expected = "errored tests/test_empty.py\n    no test was found in this file";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
}

#[test]
fn tests_made_at_run_time_count() {
    let made = "class TestMade:\n    pass\n\nfor number in range(3000):\n    setattr(TestMade, f'test_{number}', lambda self: None)\n";
    let output = project(&[("test_made.py", made)]).call(&["test", "."]);
    assert!(output.stdout.starts_with("passed: all 3000 tests passed\n3000 tests in 1 file, "), "{}", output.stdout);
}

#[test]
fn skips_fail_unless_the_pipeline_allows_them() {
    let skips = "import pytest\n\ndef test_ok():\n    pass\n\n@pytest.mark.skip(reason='later')\ndef test_later():\n    pass\n\n\
                 @pytest.mark.xfail(strict=True)\ndef test_known():\n    assert False\n";
    let pipeline = "extends = \"tsp\"\nname = \"skips\"\n\n[[phase]]\nname = \"test\"\n\n[phase.gate]\nallow = { skipped = 1, xfailed = 1 }\n";
    let project = project(&[("test_skips.py", skips), ("pipeline.toml", pipeline)]);
    let output = project.call(&["test", "."]);
    assert_eq!(output.code, 1);
    let reason = "failed: 2 of 3 tests did not pass (0 failed, 0 errored, 1 skipped, 1 failed as expected); set allow = { skipped = 1, xfailed = 1 } at the gate to accept them\n";
    assert!(output.stdout.contains(reason), "{}", output.stdout);
    project.write("phasegate.toml", "pipeline = \"pipeline.toml\"\n");
    let output = project.call(&["test", "."]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(
        output.stdout.contains("passed: all 1 tests passed; 1 skipped and 1 failed as expected, as allowed\n"),
        "{}",
        output.stdout
    );
}

#[test]
fn secrets_and_ignored_files_are_not_read() {
    let spy = "import os\n\ndef test_spy():\n    assert sorted(os.listdir()) == ['test_spy.py', 'visible.txt']\n";
    let files = [
        ("test_spy.py", spy),
        (".env", "KEY=1\n"),
        (".gitignore", "hidden.txt\n"),
        ("hidden.txt", "x"),
        ("visible.txt", "x"),
    ];
    let output = project(&files).call(&["test", ".", "--json"]);
    let report = json(&output);
    let message = report["tests"][0]["message"].as_str().unwrap_or_default();
    assert!(!message.contains("'.env'") && !message.contains("hidden.txt'"), "{report}");
    assert!(output.stderr.contains("left out: "), "{}", output.stderr);
}

#[test]
fn wrong_folders_and_runners_are_rejected() {
    let project = project(&[("app.py", CODE), ("empty/.gitignore", "*\n")]);
    assert_snapshot!(project.reject(&["test", "nowhere"]), @"
    exit 2
    error[PG-0101]: `nowhere` is not a folder
    hint: name a folder that can be read
    ");
    assert_snapshot!(project.reject(&["test", "empty"]), @"
    exit 2
    error[PG-0101]: there is no file to read in `empty`
    hint: files that version control ignores, secrets and dependencies are left out
    ");
    assert_snapshot!(project.reject(&["test", ".", "--language", "cobol"]), @"
    exit 2
    left out: 1 ignored by .gitignore
    error[PG-0101]: no runner serves the language `cobol`; there are runners for: python
    hint: name another language with --language, or a runner with --runner
    ");
    assert_snapshot!(project.reject(&["test", ".", "--runner", "planning"]), @"
    exit 2
    left out: 1 ignored by .gitignore
    error[PG-0303]: plugin planning is of world agent-plugin, but the pipeline uses it as a test runner
    hint: `phasegate plugin inspect FILE` shows what a component is
    ");
    assert_snapshot!(project.reject(&["test", ".", "--runner", "none.wasm"]), @"
    exit 2
    left out: 1 ignored by .gitignore
    error[PG-0101]: --runner: there is no file `none.wasm`
    hint: a path is relative to the current folder
    ");
    assert_snapshot!(project.reject(&["test", ".", "--runner", "nope"]), @"
    exit 2
    left out: 1 ignored by .gitignore
    error[PG-0101]: --runner: there is no test runner `nope`
    hint: choose from runner-python
    hint: name your own runner as a file that ends in .wasm
    ");
    assert_snapshot!(project.reject(&["test", ".", "--runner", "runner-pyton"]), @"
    exit 2
    left out: 1 ignored by .gitignore
    error[PG-0101]: --runner: there is no test runner `runner-pyton`
    hint: did you mean `runner-python`?
    hint: name your own runner as a file that ends in .wasm
    ");
    assert_snapshot!(project.reject(&["test"]), @"
    exit 2
    error: the following required arguments were not provided:
      <DIR>

    Usage: phasegate test <DIR>

    For more information, try '--help'.
    ");
    assert_snapshot!(project.reject(&["test", "--code", "."]), @"
    exit 2
    error: the following required arguments were not provided:
      --tests <DIR>

    Usage: phasegate test --code <DIR> --tests <DIR> [DIR]

    For more information, try '--help'.
    ");
}
