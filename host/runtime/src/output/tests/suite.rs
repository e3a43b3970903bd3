//! Tests as files beside the code, and the settings with which pytest finds both.

use std::process::Command;

use super::*;

const CODE: (&str, &str) = ("durations.py", "def parse(text): return int(text[:-1]) * 60\n");
const TEST: (&str, &str) =
    ("tests/test_d.py", "from durations import parse\n\ndef test_one():\n    assert parse('5m') == 300\n");

#[test]
fn writes_tests_beside_the_code() {
    let dir = tempfile::tempdir().unwrap();
    let written = RecordedRun::tested(&[], &[CODE], &[TEST]).write(dir.path()).unwrap();
    assert_eq!(
        (&written.files[..], &written.tests[..]),
        (&["durations.py".to_owned()][..], &["tests/test_d.py".to_owned()][..])
    );
    assert_eq!(written.settings, ["pytest.ini"]);
    assert_eq!(read(dir.path(), TEST.0), TEST.1);
    let report = read(dir.path(), "report.md");
    assert!(
        report
            .contains("Tests: `tests/test_d.py`. `python -m pytest` in this folder runs them, outside of the sandbox."),
        "{report}"
    );
    assert_eq!(
        read(dir.path(), "pytest.ini"),
        "# With these settings `python -m pytest` runs the tests in this folder as the run did.\n[pytest]\npythonpath = .\n"
    );
}

#[test]
fn merges_code_and_tests_as_the_runner_does() {
    let dir = tempfile::tempdir().unwrap();
    let code = [
        ("helpers.py", "code"),
        ("test_x.py", "code"),
        ("src/pkg.py", "code"),
        ("a/conftest.py", "code"),
        ("a/tests.py", "code"),
    ];
    let suite = [("helpers.py", "suite"), ("test_x.py", "suite"), ("a/conftest.py", "suite"), ("a/tests.py", "suite")];
    let written = RecordedRun::tested(&[], &code, &suite).write(dir.path()).unwrap();
    assert_eq!(written.files, ["helpers.py", "src/pkg.py"]);
    assert_eq!(written.tests, ["a/conftest.py", "a/tests.py", "test_x.py"]);
    for (path, content) in
        [("helpers.py", "code"), ("a/tests.py", "suite"), ("test_x.py", "suite"), ("a/conftest.py", "suite")]
    {
        assert_eq!(read(dir.path(), path), content, "{path}");
    }
    let settings = read(dir.path(), "pytest.ini");
    assert!(settings.ends_with("pythonpath = . src\npython_files = test_*.py *_test.py tests.py\n"), "{settings}");
}

#[test]
fn tests_of_one_name_do_not_collide() {
    let dir = tempfile::tempdir().unwrap();
    let suite = [("tests/a/test_x.py", "1"), ("tests/b/test_x.py", "2"), ("tests/b/helpers.py", "3")];
    RecordedRun::tested(&[], &[CODE], &suite).write(dir.path()).unwrap();
    let settings = read(dir.path(), "pytest.ini");
    let expected = "pythonpath = . tests/a tests/b\naddopts = --import-mode=importlib\n";
    assert!(settings.ends_with(expected), "{settings}");
    let packages = [suite[0], suite[1], ("tests/a/__init__.py", ""), ("tests/b/__init__.py", "")];
    RecordedRun::tested(&[], &[CODE], &packages).write(dir.path()).unwrap();
    let settings = read(dir.path(), "pytest.ini");
    assert!(settings.ends_with("pythonpath = .\n"), "{settings}");
}

#[test]
fn leaves_settings_of_the_code_alone() {
    for (path, content) in [
        ("pytest.ini", "[pytest]\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
        ("tox.ini", "[pytest]\n"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let written = RecordedRun::tested(&[], &[CODE, (path, content)], &[TEST]).write(dir.path()).unwrap();
        assert!(written.settings.is_empty(), "{path}");
        assert_eq!(read(dir.path(), path), content);
    }
    let dir = tempfile::tempdir().unwrap();
    let written =
        RecordedRun::tested(&[], &[CODE, ("pyproject.toml", "[project]\n")], &[TEST]).write(dir.path()).unwrap();
    assert_eq!(written.settings, ["pytest.ini"]);
    let written = RecordedRun::tested(&[], &[CODE], &[("check.js", "")]).write(dir.path()).unwrap();
    assert!(written.settings.is_empty());
}

#[test]
fn host_files_make_way_for_tests() {
    let dir = tempfile::tempdir().unwrap();
    let suite = [("result.json", "data"), ("report.md", "data"), TEST];
    let written = RecordedRun::tested(&[], &[CODE], &suite).write(dir.path()).unwrap();
    assert_eq!((written.result.as_str(), written.report.as_str()), ("phasegate-result.json", "phasegate-report.md"));
    assert_eq!((read(dir.path(), "result.json"), read(dir.path(), "report.md")), ("data".into(), "data".into()));
    assert!(belongs_to(dir.path(), &"run-1".parse().unwrap()));
    assert!(!belongs_to(dir.path(), &"run-2".parse().unwrap()));
}

#[test]
fn git_applies_a_patch_with_tests() {
    let dir = tempfile::tempdir().unwrap();
    let (out, tree) = (dir.path().join("out"), dir.path().join("tree"));
    let base: [(&str, &[u8]); 3] = [("d.py", b"old\n"), ("tests/test_d.py", b"old\n"), ("helpers.py", b"base\n")];
    for (path, bytes) in base {
        std::fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
        std::fs::write(tree.join(path), bytes).unwrap();
    }
    let suite = [("tests/test_d.py", "new test\n"), ("tests/test_e.py", "more\n"), ("helpers.py", "of the suite\n")];
    let written = RecordedRun::tested(&base, &[("d.py", "new\n")], &suite).write(&out).unwrap();
    assert_eq!(
        (written.tests, written.settings),
        (vec!["tests/test_d.py".to_owned(), "tests/test_e.py".to_owned()], vec![])
    );
    let git = Command::new("git").current_dir(&tree).arg("apply").arg(out.join("changes.patch")).output().unwrap();
    assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
    for (path, content) in
        [("d.py", "new\n"), ("tests/test_d.py", "new test\n"), ("tests/test_e.py", "more\n"), ("helpers.py", "base\n")]
    {
        assert_eq!(read(&tree, path), content, "{path}");
    }
    let report = read(&out, "report.md");
    assert!(report.contains("Apply it with `git apply changes.patch`, and run the tests there."), "{report}");
}
