//! Out folders, lock files and compiled components that a repository ships.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use phasegate_test::{Output, RunningProcess, Scenario, Workspace, copy_folder, is_third_design_call, repository};

use crate::PATHS;

/// A run of the scenario `slow` that was killed, and its id.
fn killed_run() -> (Scenario, String) {
    let scenario = Scenario::new(PATHS, "slow");
    let killed = scenario.run_until(&[], is_third_design_call).signal("KILL");
    let run = killed.run_id();
    (scenario, run)
}

/// Lets the state folder say that the output folder of a run is `out`.
fn ship(scenario: &Scenario, run: &str, out: &str) {
    fs::write(scenario.path("state/out").join(run), out).unwrap();
}

fn refused(output: &Output, words: &[&str]) {
    assert_eq!(output.code, 2, "{}", output.stderr);
    for words in words {
        assert!(output.stderr.contains(words), "no `{words}` in {}", output.stderr);
    }
}

#[test]
fn resume_overwrites_no_folder_of_others() {
    let (scenario, run) = killed_run();
    let home = scenario.path("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("report.md"), "mine").unwrap();
    for claimed in ["home", "state/../home", home.to_str().unwrap()] {
        ship(&scenario, &run, claimed);
        let words = ["home` has content, but no result of run", "hint: choose a folder with --out DIR"];
        refused(&scenario.resume(&run), &words);
    }
    // The result of another run is not this run's own.
    fs::write(home.join("result.json"), r#"{"run_id": "another"}"#).unwrap();
    refused(&scenario.resume(&run), &["has content, but no result of run"]);
    // A result that a link fetches from elsewhere does not count.
    fs::remove_file(home.join("result.json")).unwrap();
    fs::write(scenario.path("own.json"), format!(r#"{{"run_id": "{run}"}}"#)).unwrap();
    symlink(scenario.path("own.json"), home.join("result.json")).unwrap();
    refused(&scenario.resume(&run), &["has content, but no result of run"]);
    assert_eq!(fs::read_to_string(home.join("report.md")).unwrap(), "mine");
    // The remedy works.
    let output = scenario.call(&["resume", &run, "--json", "--out", scenario.path("new").to_str().unwrap()]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(scenario.path("new/result.json").is_file());
}

#[test]
fn files_of_a_killed_write_do_not_count() {
    let (scenario, run) = killed_run();
    fs::write(scenario.path("out/.phasegate-new-1-0"), "{ \"run").unwrap();
    let output = scenario.resume(&run);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(scenario.path("out/result.json").is_file());
}

#[test]
fn resume_writes_into_no_folder_of_git() {
    let (scenario, run) = killed_run();
    fs::create_dir_all(scenario.path(".git/hooks")).unwrap();
    symlink(scenario.path(".git"), scenario.path("build")).unwrap();
    for claimed in [".git/hooks", ".git/modules/sub", "build/hooks", ".GIT/new", ".phasegate/new"] {
        ship(&scenario, &run, claimed);
        refused(&scenario.resume(&run), &["is a folder of version control or of phasegate; nothing was started"]);
    }
    // A result that a repository ships does not make the project an output folder.
    fs::write(scenario.path("result.json"), format!(r#"{{"run_id": "{run}"}}"#)).unwrap();
    ship(&scenario, &run, ".");
    refused(&scenario.resume(&run), &["is the project's own folder; nothing was started"]);
    assert_eq!(fs::read_dir(scenario.path(".git/hooks")).unwrap().count(), 0);
}

#[test]
fn resume_creates_no_folder_outside_the_project() {
    let (scenario, run) = killed_run();
    let elsewhere = tempfile::tempdir().unwrap();
    let words = ["lies outside of the project, and only the state folder names it", "--out DIR"];
    ship(&scenario, &run, elsewhere.path().join("autostart").to_str().unwrap());
    refused(&scenario.resume(&run), &words);
    symlink(elsewhere.path(), scenario.path("link")).unwrap();
    for claimed in ["link", "link/autostart", "../x"] {
        ship(&scenario, &run, scenario.path(claimed).to_str().unwrap());
        refused(&scenario.resume(&run), &words);
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn resumes_into_the_folder_that_was_chosen() {
    // An output folder outside of the project that was never written.
    let scenario = Scenario::new(PATHS, "slow");
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().join("results");
    let mut command = scenario.command(&["run", "--json", "--out", out.to_str().unwrap()]);
    command.args(["--task", &scenario.file("task.toml"), "--pipeline", &scenario.file("pipeline.toml")]);
    command.args(["--config", &scenario.file("phasegate.toml")]);
    let killed = RunningProcess::start(command, is_third_design_call).signal("KILL");
    let output = scenario.resume(&killed.run_id());
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(out.join("result.json").is_file() && !out.join(".phasegate-run").exists());
    // And again, into a folder that has content by now.
    assert_eq!(scenario.resume(&killed.run_id()).code, 0);
}

/// Puts something in the place of a file.
type Prepare<'a> = &'a dyn Fn(&Path);

#[test]
fn writes_nothing_if_links_are_in_the_way() {
    let (scenario, run) = killed_run();
    let (out, target) = (scenario.path("out"), scenario.path("target"));
    fs::write(&target, "kept").unwrap();
    let links: [(&str, Prepare<'_>); 3] = [
        ("there is a symbolic link in its place", &|path| symlink(&target, path).unwrap()),
        ("has a second name (a hard link)", &|path| fs::hard_link(&target, path).unwrap()),
        ("something else is in its place", &|path| fs::create_dir(path).unwrap()),
    ];
    for (why, prepare) in links {
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join("result.json"), format!(r#"{{"run_id": "{run}"}}"#)).unwrap();
        prepare(&out.join("report.md"));
        let output = scenario.resume(&run);
        assert_eq!(output.code, 4, "{}", output.stderr);
        let words = "`report.md` was not written to the out folder: ";
        assert!(output.stderr.contains(words) && output.stderr.contains(why), "{}", output.stderr);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 2, "something was written");
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
        fs::remove_dir_all(&out).unwrap();
    }
    assert_eq!(scenario.resume(&run).code, 0);
}

#[test]
fn new_runs_follow_no_shipped_default_folder() {
    let workspace = Workspace::with_shared_home(PATHS, "trust-home");
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), workspace.path("phasegate-out")).unwrap();
    workspace.write("answers.toml", "");
    workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
    let output = workspace.call(&["run", "--task-id", "sum", "--description", "Add two numbers together."]);
    refused(&output, &["leads out of the current folder through a symbolic link; nothing was started", "--out DIR"]);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn lock_files_are_not_written_through_links() {
    let workspace = Workspace::with_shared_home(PATHS, "trust-home");
    workspace.write("target", "kept");
    workspace.write("planner.wasm", fs::read(repository().join("plugins/dist/planning.wasm")).unwrap());
    workspace.write("phasegate.toml", "pipeline = \"pipeline.toml\"\n");
    let pipeline = "extends = \"planning-design\"\n[plugins.planning]\npath = \"planner.wasm\"\n";
    workspace.write("pipeline.toml", pipeline);
    let accept = || workspace.call(&["plugin", "accept", "planning", "--by", "ann"]);
    let (new, target) = (workspace.path("phasegate.lock.new"), workspace.path("target"));
    let links: [(&str, &dyn Fn()); 3] = [
        ("it is a symbolic link", &|| symlink(&target, &new).unwrap()),
        ("it has a second name (a hard link)", &|| fs::hard_link(&target, &new).unwrap()),
        ("it is a folder, not a file", &|| fs::create_dir(&new).unwrap()),
    ];
    for (why, prepare) in links {
        prepare();
        let output = accept();
        assert!(output.code != 0 && output.stderr.contains(why), "{}", output.stderr);
        assert!(output.stderr.contains("hint: remove ") && output.stderr.contains("phasegate.lock.new, which"));
        let _ = fs::remove_file(&new).or_else(|_| fs::remove_dir(&new));
    }
    // A link in place of the lock file itself is replaced.
    symlink(&target, workspace.path("phasegate.lock")).unwrap();
    fs::write(&target, "version = 1\n").unwrap();
    let output = accept();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(fs::read_to_string(&target).unwrap(), "version = 1\n");
    assert!(fs::read_to_string(workspace.path("phasegate.lock")).unwrap().contains("ann"));
}

/// A run that compiles two small plugins.
const RUN: [&str; 5] = ["run", "--task", "task.toml", "--pipeline", "planning-design"];

/// A project whose state folder holds compiled plugins of another place, as a repository may ship them.
fn shipped_cache() -> Workspace {
    let mut workspace = Workspace::with_shared_home(PATHS, "trust-home");
    copy_folder(&repository().join("examples/first-task"), &workspace.path("project"));
    let first = Output::from_command(in_project(&workspace, &RUN));
    assert_eq!(first.code, 0, "{}", first.stderr);
    let compiled = workspace.home().join(".cache/phasegate/compiled");
    copy_folder(&compiled, &workspace.path("project/.phasegate/compiled"));
    copy_folder(&compiled, &workspace.path("project/cache/phasegate/compiled"));
    for file in fs::read_dir(workspace.path("project/.phasegate/compiled")).unwrap() {
        // Opening any of these would end in an error and be seen in the log.
        fs::write(file.unwrap().path(), "shipped").unwrap();
    }
    workspace.set_own_home("home");
    workspace
}

fn in_project(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = workspace.command(args);
    command.current_dir(workspace.path("project"));
    command
}

#[test]
fn compiled_plugins_of_a_project_are_not_used() {
    let workspace = shipped_cache();
    let shipped = || {
        let files = fs::read_dir(workspace.path("project/.phasegate/compiled")).unwrap();
        files
            .map(|file| file.unwrap())
            .map(|file| (file.file_name(), fs::read(file.path()).unwrap()))
            .collect::<Vec<_>>()
    };
    let before = shipped();
    // Without a place of the user's own, nothing is kept.
    for relative in [None, Some(".phasegate")] {
        let mut command = in_project(&workspace, &RUN);
        command.env_remove("HOME").envs(relative.map(|path| ("XDG_CACHE_HOME", path)));
        let output = Output::from_command(command);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let note = "compiled plugins are not kept: neither XDG_CACHE_HOME nor HOME names a folder for them";
        assert!(output.stderr.contains(note), "{}", output.stderr);
        assert_eq!(shipped(), before);
    }
    // A variable that leads into the project, also through a link.
    symlink(workspace.path("project/cache"), workspace.path("link")).unwrap();
    for inside in ["project/cache", "project/.phasegate", "project/not/yet", "link", "home/../project/cache"] {
        let mut command = in_project(&workspace, &RUN);
        command.env("XDG_CACHE_HOME", workspace.path(inside));
        let words =
            ["lies in the project, which may ship compiled plugins", "hint: set XDG_CACHE_HOME to a folder outside"];
        refused(&Output::from_command(command), &words);
    }
}

#[test]
fn caches_that_others_can_write_are_refused() {
    let workspace = shipped_cache();
    fs::create_dir(workspace.path("open")).unwrap();
    fs::set_permissions(workspace.path("open"), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = in_project(&workspace, &RUN);
    command.env("XDG_CACHE_HOME", workspace.path("open"));
    let output = Output::from_command(command);
    assert_ne!(output.code, 0);
    let words = "other users can write to that folder\nhint: set XDG_CACHE_HOME to a folder of your own";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}
