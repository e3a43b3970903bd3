//! What a person does with the output folder and the state folder of a run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output as Ended, Stdio};

use phasegate_test::{Output, RunningProcess, Workspace, copy_folder, examples, python_with_pytest};
use serde_json::Value;

/// The largest state folder after the first example, in bytes.
const MAX_STATE_BYTES: u64 = 2 << 20;

/// Runs `python -m pytest` in a folder, with nothing of this machine's environment.
fn pytest(python: &Path, folder: &Path) -> Ended {
    let mut command = Command::new(python);
    command.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]).current_dir(folder);
    command.env_clear().env("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1").output().unwrap()
}

fn stdout(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// The number of passed tests in the report of a run.
fn passed(out: &Path) -> u64 {
    let report = fs::read_to_string(out.join("artifacts/test_report.json")).unwrap();
    serde_json::from_str::<Value>(&report).unwrap()["totals"]["passed"].as_u64().unwrap()
}

/// Returns the size of all files, without the log of SQLite: the next process that opens the journal empties it.
fn size_of(folder: &Path) -> u64 {
    let is_log = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().ends_with("-wal");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).filter(|entry| !is_log(entry));
    let size = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => size_of(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    entries.map(size).sum()
}

#[test]
fn pytest_passes_in_the_output_folder() {
    let Some(python) = python_with_pytest() else { return };
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    let out = scenario.path("out");
    // Settings and fixtures of the folder above do not count.
    fs::write(scenario.path("conftest.py"), "raise RuntimeError('of the folder above')\n").unwrap();
    fs::write(scenario.path("pytest.ini"), "[pytest]\naddopts = --no-such-option\n").unwrap();
    let native = pytest(&python, &out);
    assert!(native.status.success(), "{}", stdout(&native));
    assert!(stdout(&native).contains(&format!("{} passed", passed(&out))), "{}", stdout(&native));
    let code = fs::read_to_string(out.join("durations.py")).unwrap();
    fs::write(out.join("durations.py"), code + "\n\ndef parse_duration(text):\n    return 0\n").unwrap();
    assert_eq!(pytest(&python, &out).status.code(), Some(1));
}

#[test]
fn pytest_passes_after_the_patch_is_applied() {
    let Some(python) = python_with_pytest() else { return };
    let workspace = crate::workspace();
    let project = workspace.path("project");
    copy_folder(&examples().join("first-task"), &project);
    let task = fs::read_to_string(project.join("task.toml")).unwrap();
    let base = "context_files = [{ path = \"*.py\", base = true }]\n";
    fs::write(project.join("task.toml"), task.replacen("requirements =", &format!("{base}requirements ="), 1)).unwrap();
    fs::write(project.join("durations.py"), "def parse_duration(text):\n    raise NotImplementedError\n").unwrap();
    fs::write(project.join("conftest.py"), "USED = True\n").unwrap();
    let mut run = workspace.command(&["run", "--task", "task.toml", "--out", "results"]);
    let ended = Output::from_command({
        run.current_dir(&project);
        run
    });
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let results = project.join("results");
    let report = fs::read_to_string(results.join("report.md")).unwrap();
    assert!(report.contains("Apply it with `git apply changes.patch`, and run the tests there."), "{report}");
    let git = Command::new("git").current_dir(&project).args(["apply", "results/changes.patch"]).output().unwrap();
    assert!(git.status.success(), "{}", String::from_utf8_lossy(&git.stderr));
    let expected = passed(&results);
    fs::remove_dir_all(results).unwrap();
    let native = pytest(&python, &project);
    assert!(native.status.success(), "{}", stdout(&native));
    assert!(stdout(&native).contains(&format!("{expected} passed")), "{}", stdout(&native));
}

#[test]
fn state_folder_stays_small() {
    let workspace = first_run();
    let size = size_of(&workspace.path(".phasegate"));
    assert!(size <= MAX_STATE_BYTES, "{size} bytes");
    // A second project of the same user stores no component again.
    let components = workspace.path(".local/share/phasegate/components");
    let stored = size_of(&components);
    let second = Output::from_command(first_task(&workspace, &["--state", "second", "--out", "second-out"]));
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert_eq!(size_of(&components), stored);
    assert!(size_of(&workspace.path("second")) <= MAX_STATE_BYTES);
}

#[test]
fn runs_survive_the_loss_of_shared_components() {
    let workspace = first_run();
    let components = workspace.path(".local/share/phasegate/components");
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&components);
    assert!(!before.is_empty());
    fs::remove_dir_all(&components).unwrap();
    assert_eq!(workspace.call(&["doctor"]).code, 0);
    let replay = workspace.call(&["replay", "DURATIONS-001"]);
    assert_eq!(replay.code, 0, "{}", replay.stderr);
    assert!(!components.exists(), "a command that only reads wrote to the folder");
    let export = workspace.call(&["export", "DURATIONS-001", "run.phasegate", "--components"]);
    assert_eq!(export.code, 0, "{}", export.stderr);
    // The archive has all components; its import stores them again.
    let import = workspace.call(&["--state", "other", "import", "run.phasegate"]);
    assert_eq!(import.code, 0, "{}", import.stderr);
    assert_eq!(names(&components), before);
    assert!(size_of(&workspace.path("other")) <= MAX_STATE_BYTES);
}

#[test]
fn killed_run_continues_without_shared_components() {
    let workspace = crate::workspace();
    let mut command = first_task(&workspace, &["--out", "out"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let killed = RunningProcess::start(command, |event| event["event"] == "run_created").signal("KILL");
    let components = workspace.path(".local/share/phasegate/components");
    let _ = fs::remove_dir_all(&components);
    assert!(killed.events.iter().all(|event| event["event"] != "run_finished"));
    let resumed = workspace.call(&["resume", "DURATIONS-001"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    // Seven agents, a strategy and the test runner.
    assert_eq!(fs::read_dir(&components).unwrap().count(), 9);
}

#[test]
fn refused_file_is_named_and_others_written() {
    let scenario = crate::scenario("file-in-the-way");
    let output = scenario.run(&[]);
    scenario.check_story(&output);
    assert_eq!(output.code, 4);
    let out = scenario.path("out");
    let shown = output.stderr.replace(&out.display().to_string(), "OUT");
    assert!(
        shown.contains(
            "error[PG-0702]: 1 file of the output was not written to OUT: `checks/t.lines`: a file is where its folder \
             should be\nhint: everything else was written, and the artifacts have these files too"
        ),
        "{shown}"
    );
    assert!(shown.contains("passed: every gate passed"), "{shown}");
    for path in ["app.lines", "checks", "report.md", "artifacts/test_suite.json"] {
        assert!(out.join(path).is_file(), "{path}");
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(out.join("result.json")).unwrap()).unwrap();
    assert_eq!(result["not_written"][0]["path"], "checks/t.lines");
}

#[test]
fn names_of_files_follow_the_configuration() {
    let scenario = crate::scenario("odd-names");
    let output = scenario.run(&[]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    scenario.check_story(&output);
    scenario.check_replay(&output.run_id(), &[]);
    let scenario = crate::scenario("odd-names");
    let config = fs::read_to_string(scenario.file("phasegate.toml")).unwrap();
    let answers = Path::new(&scenario.file("answers.toml")).parent().unwrap().display().to_string();
    let config = config.replace("answers.toml", &format!("{answers}/answers.toml"));
    fs::write(scenario.path("any.toml"), config + "\n[output]\nnames = \"any\"\n").unwrap();
    let any = scenario.path("any.toml").display().to_string();
    let output = Output::from_command(scenario.run_with(&["--json", "--config", &any]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(!output.story().contains("invalid"), "{}", output.story());
    for path in ["app.lines", "App.lines", "nul.txt", "-rf"] {
        assert!(scenario.path("out").join(path).exists(), "{path}");
    }
}

fn first_task(workspace: &Workspace, more: &[&str]) -> Command {
    let task = examples().join("first-task/task.toml").display().to_string();
    workspace.command(&[&["run", "--json", "--task", &task], more].concat())
}

/// A folder with the first example in it, run without anything of other tests.
fn first_run() -> Workspace {
    let workspace = crate::workspace();
    let output = Output::from_command(first_task(&workspace, &["--out", "out"]));
    assert_eq!(output.code, 0, "{}", output.stderr);
    workspace
}
