//! The repository's own tests at the gate: on the base, and on the result together with the suite.

use std::fs;
use std::path::PathBuf;

use phasegate_process::Digest;
use phasegate_test::{Output, RunningProcess, fixture};
use serde_json::{Value, json};

use super::small::Small;

/// The repository: settings that select tests, one test that fails, two files that cannot run, a file that is no test by the
/// settings, and one that does not parse.
const FILES: [(&str, &str); 11] = [
    (
        "pyproject.toml",
        "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]\npython_files = [\"test_*.py\", \"check_*.py\"]\n\
         pythonpath = [\"lib\"]\n",
    ),
    ("lib/calc.py", "def add(a, b):\n    return a + b\n\n\ndef half(n):\n    return n // 2\n"),
    ("lib/old.py", "def old():\n    return 1\n"),
    ("tests/conftest.py", "import pytest\n\n\n@pytest.fixture\ndef three():\n    return 3\n"),
    (
        "tests/test_add.py",
        "import pytest\nfrom calc import add\n\n\ndef test_add(three):\n    assert add(three, 4) == 7\n\n\n\
         @pytest.mark.parametrize(\"n\", [1, 2])\ndef test_nothing(n):\n    assert add(n, 0) == n\n",
    ),
    (
        "tests/check_half.py",
        "from calc import half\n\n\ndef test_even():\n    assert half(4) == 2\n\n\ndef test_odd():\n    assert half(3) == 1.5\n",
    ),
    ("tests/test_old.py", "from old import old\n\n\ndef test_old():\n    assert old() == 1\n"),
    ("tests/test_net.py", "import requests\n\n\ndef test_net():\n    assert requests\n"),
    ("tests/test_broken.py", "def test_broken(:\n    pass\n"),
    ("examples/test_demo.py", "def test_demo():\n    assert False\n"),
    ("docs/conf.py", "project = = 1\n"),
];

/// One version of the work that breaks `add`, and one that does not; both correct `half` and delete `old`.
fn code(sum: &str) -> Value {
    let calc = format!("def add(a, b):\n    return {sum}\n\n\ndef half(n):\n    return n / 2\n");
    json!({
        "files": [{ "path": "lib/calc.py", "content": calc, "purpose": "calculates" }],
        "deleted": ["lib/old.py", "tests/test_old.py"],
        "language": "python", "dependencies": [], "notes": "",
    })
}

fn suite() -> Value {
    let test = "from calc import half\n\n\ndef test_five(three):\n    assert half(2 + three) == 2.5\n";
    json!({ "files": [{ "path": "tests/test_five.py", "content": test }], "covers": [], "dropped": [] })
}

/// A repository with a pipeline whose agents hand in this code, one attempt after the other.
fn project(unique: &str, attempts: &[Value]) -> Small {
    let small = Small::new();
    FILES.iter().for_each(|(path, content)| small.write(path, content));
    // Another tree than that of other tests, which share the cache.
    small.write("unique.txt", unique);
    small.commit("calc: add and half");
    let agent = fixture("agent.wasm").display().to_string();
    let attempts: Vec<Value> = attempts.iter().map(|code| json!({ "artifacts": { "generated_code": code } })).collect();
    let pipeline = json!({
        "name": "calculate",
        "feedback": { "strategy": "phase-aware" },
        "phase": [
            {
                "name": "code", "agent": "fixture", "reads": ["task_requirements", "repository/*"], "max_retries": 2,
                "produces": [{ "name": "generated_code", "kind": "generated_code" }],
                "settings": { "attempts": attempts },
            },
            {
                "name": "test", "agent": "fixture", "reads": ["generated_code"],
                "produces": [{ "name": "test_suite", "kind": "test_suite" }],
                "settings": { "artifacts": { "test_suite": suite() } },
                "gate": {
                    "report": "test_report", "tests": { "code": "generated_code", "suite": "test_suite" },
                    "may_revise": ["code", "test"], "ask": "never",
                },
            },
        ],
        "plugins": { "fixture": { "path": agent, "grants": { "models": ["default"], "test-bench": ["python"] } } },
        "runners": { "python": "runner-python" },
    });
    small.workspace.write("pipeline.toml", toml::to_string(&pipeline).unwrap());
    // Written by hand; no agent asks a model.
    small.workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
    small.workspace.write("answers.toml", "[[answer]]\ntext = \"unused\"\n");
    small
}

fn report(small: &Small) -> Value {
    serde_json::from_str(&small.workspace.read("out/artifacts/test_report.json")).unwrap()
}

fn names(output: &Output) -> Vec<&str> {
    output.events.iter().filter_map(|event| event["event"].as_str()).collect()
}

#[test]
fn regressions_fail_and_old_failures_do_not() {
    let small = project("regressions", &[code("a + b + 1"), code("a + b")]);
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    output.events.iter().for_each(|event| crate::schemas::check("event", event));
    let baselines: Vec<&Value> = output.events_named("baseline_ran").collect();
    assert_eq!(baselines.len(), 1, "once in a run");
    assert_eq!((&baselines[0]["tests"], &baselines[0]["passed"]), (&json!(6), &json!(5)));

    let judged: Vec<&Value> = output.events_named("gate_judged").collect();
    assert_eq!(judged[0]["verdict"], "failed");
    assert_eq!(judged[0]["reason"], "3 tests of the repository regressed, the first is tests/test_add.py::test_add");
    let issues = judged[0]["issues"].as_array().unwrap();
    let issue = &issues[0];
    assert_eq!(issue["description"], "test tests/test_add.py::test_add of the repository no longer passes");
    assert_eq!(issue["phase_injected"], "code");
    let evidence = issue["evidence"].as_str().unwrap();
    assert!(evidence.starts_with("failed: ") && evidence.contains("8 == 7"), "{evidence}");

    assert_eq!(judged[1]["verdict"], "passed", "{}", judged[1]["reason"]);
    let reason = "all 1 tests passed; of the repository's tests 5 of 5 passed, 1 fixed, 2 files not run";
    assert_eq!(judged[1]["reason"], reason);
    let dropped =
        json!([{ "test": "tests/test_old.py::test_old", "reason": "the code deletes the file `tests/test_old.py`" }]);
    assert_eq!(judged[1]["dropped"], dropped);
    let report = report(&small);
    let repository = &report["repository"];
    assert_eq!(repository["fixed"], json!(["tests/check_half.py::test_odd"]));
    assert_eq!((&repository["before"]["failed"], &repository["after"]["failed"]), (&json!(1), &json!(0)));
    let not_run: Vec<&str> =
        repository["not_run"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(not_run, ["tests/test_broken.py", "tests/test_net.py"]);
    let reason = repository["not_run"][1]["reason"].as_str().unwrap();
    assert!(reason.contains("No module named 'requests'"), "{reason}");
    assert!(!report.to_string().contains("test_demo"), "the settings leave it out");

    let text = small.workspace.read("out/report.md");
    let shown = "Fixed: failed before the change, and pass after it:\n\n- `tests/check_half.py::test_odd`";
    assert!(text.contains(shown), "{text}");
    assert!(text.contains("- `tests/test_net.py`: "), "{text}");
    assert!(output.stderr.is_empty() || !output.stderr.contains("panicked"), "{}", output.stderr);

    let run = output.run_id();
    let described = small.workspace.call(&["pr", &run]).stdout;
    assert!(described.contains("Failed before and pass now:\n\n- `tests/check_half.py::test_odd`"), "{described}");
    let log = small.workspace.call(&["log", &run]).stdout;
    assert!(log.contains("the repository's tests before the change: 5 of 6 passed"), "{log}");
    assert!(log.contains("failed tests/check_half.py::test_odd:\n"), "{log}");
    let replayed = small.workspace.call(&["replay", &run, "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert_eq!(replayed.json()["given"], json!([]));
    // Without the repository, the results of test runs come from the record.
    fs::rename(small.path(), small.workspace.path("elsewhere")).unwrap();
    let replayed = small.workspace.call(&["replay", &run, "--json"]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let given = json!([
        "`tests_ran` of test#1: the repository cannot be read here",
        "`tests_ran` of test#2: the repository cannot be read here",
    ]);
    assert_eq!(replayed.json()["given"], given);
}

#[test]
fn still_failing_tests_are_told() {
    let calc =
        "def add(a, b):\n    return a + b\n\n\ndef half(n):\n    return n // 2\n\n\ndef twice(n):\n    return 2 * n\n";
    let code = json!({
        "files": [{ "path": "lib/calc.py", "content": calc, "purpose": "calculates" }],
        "language": "python", "dependencies": [], "notes": "",
    });
    let small = project("still failing", &[code]);
    let suite = "from calc import twice\n\n\ndef test_twice():\n    assert twice(2) == 4\n";
    let pipeline = small.workspace.read("pipeline.toml");
    let mut pipeline: toml::Table = pipeline.parse().unwrap();
    pipeline["phase"][1]["settings"]["artifacts"]["test_suite"]["files"][0]["content"] = suite.into();
    small.workspace.write("pipeline.toml", toml::to_string(&pipeline).unwrap());
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let judged = output.events_named("gate_judged").next().unwrap();
    assert_eq!((judged["verdict"].as_str(), &judged["issues"]), (Some("passed"), &json!([])));
    let report = report(&small);
    assert_eq!(report["repository"]["still_failing"], json!(["tests/check_half.py::test_odd"]));
    assert_eq!(report["repository"]["regressed"], json!([]));
}

#[test]
fn code_may_not_bring_tests_of_its_own() {
    let mut with_test = code("a + b");
    let test = json!({ "path": "tests/test_add.py", "content": "def test_add():\n    pass\n", "purpose": "agrees" });
    with_test["files"].as_array_mut().unwrap().push(test);
    let small = project("code brings tests", &[with_test, code("a + b")]);
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let first = output.events_named("phase_finished").next().unwrap();
    let faults = json!([
        "generated_code: tests/test_add.py: code may not add or change tests of the repository; leave that to the test suite"
    ]);
    assert_eq!(first["outcome"]["invalid"]["faults"], faults);
}

#[test]
fn runs_on_the_same_tree_share_the_baseline() {
    let small = project("shared baseline", &[code("a + b")]);
    // No other test has a baseline of this content.
    small.write("tests/test_shared.py", "def test_shared():\n    pass\n");
    small.commit("tests: another one");
    let first = small.run(&[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let result = |output: &Output| output.events_named("baseline_ran").next().unwrap()["result"].clone();
    // An entry begins with the digest of the baseline. With another content there, the second run shows where it looked.
    let folder = small.workspace.home().join(".cache/phasegate/baselines");
    let of_first = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split_once('\n').filter(|(digest, _)| result(&first) == *digest).map(|(_, content)| content.to_owned())
    };
    // Entries of other versions may have the same content; this one was used last.
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let used = |(path, _): &(PathBuf, String)| fs::metadata(path).and_then(|entry| entry.modified()).unwrap();
    let (entry, content) = entries.filter_map(|path| Some((path.clone(), of_first(&path)?))).max_by_key(used).unwrap();
    let changed = content.replace("test_nothing", "test_from_cache");
    let digest = Digest::from_content(changed.as_bytes());
    fs::write(&entry, format!("{digest}\n{changed}")).unwrap();
    let second = small.run(&[]);
    assert_eq!(result(&second), digest.as_str());
    // A damaged entry is made again.
    fs::write(&entry, changed.replace("test_add", "test_other")).unwrap();
    let second = small.run(&[]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert_eq!(result(&first), result(&second));
    // Another tree has another baseline.
    small.write("lib/calc.py", "def add(a, b):\n    return a + b\n\n\ndef half(n):\n    return n / 2\n");
    small.commit("calc: mend half");
    let third = small.run(&[]);
    let baseline = third.events_named("baseline_ran").next().unwrap();
    assert_eq!((&baseline["tests"], &baseline["passed"]), (&json!(7), &json!(7)));
}

#[test]
fn killed_baselines_are_made_again() {
    let unique = format!("killed {:?}", std::time::SystemTime::now());
    let small = project(&unique, &[code("a + b")]);
    let task =
        ["--json", "--repo", "project", "--task-id", "ANSWER", "--description", "Correct the answer of the app."];
    let command = small.workspace.command(&small.args(&task));
    let is_submitted = |event: &Value| event["event"] == "phase_finished" && event["phase"] == "test";
    let killed = RunningProcess::start(command, is_submitted).signal("KILL");
    assert!(!names(&killed).contains(&"baseline_ran"), "it was killed before the end of the baseline");
    let resumed = small.workspace.call(&["resume", &killed.run_id(), "--json"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert_eq!(resumed.events_named("baseline_ran").count(), 1);
    assert_eq!(report(&small)["repository"]["fixed"], json!(["tests/check_half.py::test_odd"]));
}

#[test]
fn trial_runs_have_the_repository_below() {
    let small = project("trial runs", &[code("a + b")]);
    let trial =
        "from calc import add\nfrom extra import ONE\n\n\ndef test_trial(three):\n    assert add(three, ONE) == 4\n";
    let tests = json!({
        "language": "python", "files": { "tests/test_trial.py": trial }, "draft": { "lib/extra.py": "ONE = 1\n" },
    });
    let mut pipeline: toml::Table = small.workspace.read("pipeline.toml").parse().unwrap();
    let settings = pipeline["phase"][0]["settings"].as_table_mut().unwrap();
    settings.insert("tests".to_owned(), toml::Value::try_from(tests).unwrap());
    small.workspace.write("pipeline.toml", toml::to_string(&pipeline).unwrap());
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let log = small.workspace.call(&["log", &output.run_id()]).stdout;
    assert!(log.contains("call 1 ran 1 test: 1 passed"), "{log}");
}

#[test]
fn suites_replace_tests_but_no_code() {
    let small = project("suite replaces", &[code("a + b")]);
    let mut pipeline: toml::Table = small.workspace.read("pipeline.toml").parse().unwrap();
    let files = json!([
        { "path": "tests/check_half.py", "content": "from calc import half\n\n\ndef test_odd():\n    assert half(3) == 1.5\n" },
    ]);
    pipeline["phase"][1]["settings"]["artifacts"]["test_suite"]["files"] = toml::Value::try_from(files).unwrap();
    small.workspace.write("pipeline.toml", toml::to_string(&pipeline).unwrap());
    let output = small.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let judged = output.events_named("gate_judged").next().unwrap();
    let reason = "the suite replaces the file `tests/check_half.py` without it";
    assert_eq!(judged["dropped"][0], json!({ "test": "tests/check_half.py::test_even", "reason": reason }));
    assert_eq!(report(&small)["repository"]["fixed"], json!(["tests/check_half.py::test_odd"]));

    let code = json!({ "path": "lib/calc.py", "content": "def add(a, b):\n    return 7\n" });
    let suite = pipeline["phase"][1]["settings"]["artifacts"]["test_suite"]["files"].as_array_mut().unwrap();
    suite.push(toml::Value::try_from(code).unwrap());
    small.workspace.write("pipeline.toml", toml::to_string(&pipeline).unwrap());
    let output = small.run(&[]);
    let judged = output.events_named("gate_judged").next().unwrap();
    let reason = judged["reason"].as_str().unwrap();
    assert!(reason.contains("lib/calc.py: this file of the repository is no test"), "{reason}");
}
