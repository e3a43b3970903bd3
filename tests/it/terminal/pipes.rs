//! Pipes: stdout that cannot be written, readers that go away, and files that are no files.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use phasegate_test::{Output, Scenario};

use super::signals::call_in_shell;

const FULL: &str = "exec >/dev/full";

/// A recorded run and the commands that print something about it.
fn recorded() -> (Scenario, String) {
    crate::recorded_run("waits-at-a-failure")
}

fn commands(run: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["runs"],
        vec!["runs", "--json"],
        vec!["show", run],
        vec!["show", run, "--json"],
        vec!["log", run],
        vec!["log", run, "--json"],
        vec!["doctor"],
        vec!["gc"],
        vec!["pip", "list"],
        vec!["pipeline", "list"],
        vec!["export", run, "-"],
        vec!["replay", run],
        vec!["artifact", run],
        vec!["trust", "list"],
        vec!["help"],
        vec!["version"],
        vec!["--help"],
        vec!["runs", "--help"],
        vec!["--version"],
        vec!["markdown-help"],
    ]
}

#[test]
fn unwritable_stdout_is_an_error_everywhere() {
    let (scenario, run) = recorded();
    for args in commands(&run) {
        let output = call_in_shell(FULL, &scenario.command(&args));
        assert_eq!(output.code, 4, "{args:?}: {}", output.stderr);
        let expected = "error[PG-0702]: stdout cannot be written: No space left on device (os error 28)\nhint: ";
        assert!(output.stderr.contains(expected), "{args:?}: {}", output.stderr);
    }
}

#[test]
fn dev_null_is_no_error() {
    let (scenario, run) = recorded();
    for args in commands(&run) {
        let output = call_in_shell("exec >/dev/null", &scenario.command(&args));
        assert_eq!(output.code, 0, "{args:?}: {}", output.stderr);
    }
}

#[test]
fn readers_that_go_away_are_no_error() {
    let (scenario, run) = recorded();
    for args in commands(&run) {
        let mut child = scenario.command(&args).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("error") && !stderr.contains("pipe"), "{args:?}: {stderr}");
    }
}

#[test]
fn run_goes_on_when_stdout_is_full() {
    let scenario = crate::scenario("asks-models");
    let output = call_in_shell(FULL, &scenario.run_command(&[]));
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains("error[PG-0702]: stdout cannot be written"), "{}", output.stderr);
    let listed = scenario.call(&["runs", "--json"]).json();
    assert_eq!(listed[0]["status"], "passed", "{listed}");
    assert!(scenario.path("out/result.json").exists());
}

#[test]
fn piped_runs_leave_no_remains_at_a_terminal() {
    let scenario = crate::scenario("asks-models");
    let program = scenario.run_command(&[]);
    let words = std::iter::once(program.get_program()).chain(program.get_args()).map(|word| word.to_str().unwrap());
    let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{} | cat", words.join(" "))]).current_dir(program.get_current_dir().unwrap());
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let (code, shown) = phasegate_test::Terminal::start(&shell).wait();
    assert!(code == 0 && shown.contains("every gate passed"), "{shown}");
    let spinner = |letter: char| ('\u{2800}'..='\u{28ff}').contains(&letter);
    assert!(!shown.contains(spinner), "{shown}");
}

#[test]
fn exports_replace_regular_files_only() {
    let (scenario, run) = recorded();
    let there = |name: &str| scenario.path(name);
    fs::write(there("target"), "kept").unwrap();
    symlink(there("target"), there("link")).unwrap();
    symlink(there("nowhere"), there("dangling")).unwrap();
    fs::create_dir(there("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(there("pipe")).status().unwrap().success());
    // A device of the test's own: a mistake must not cost the machine one of its devices.
    let device = Command::new("mknod").arg(there("device")).args(["c", "1", "3"]).output().unwrap();
    let mut names = vec!["link", "dangling", "folder", "pipe"];
    names.extend(device.status.success().then_some("device"));
    let mut messages = String::new();
    for name in names {
        let before = fs::symlink_metadata(there(name)).unwrap();
        for more in [&[][..], &["--force"]] {
            let output = scenario.command(&[&["export", &run, name], more].concat());
            let output = Output::from_command(output);
            assert_eq!(output.code, 2, "{name}: {}", output.stderr);
            if more.is_empty() && name != "device" {
                messages.push_str(&output.stderr);
            }
        }
        assert_eq!(fs::symlink_metadata(there(name)).unwrap().file_type(), before.file_type(), "{name}");
    }
    assert_eq!(fs::read_to_string(there("target")).unwrap(), "kept");
    assert_snapshot!(messages, @r"
    error[PG-0101]: link cannot be written: it is a symbolic link; nothing was written
    hint: name a regular file or a new one, or `-` for stdout
    error[PG-0101]: dangling cannot be written: it is a symbolic link; nothing was written
    hint: name a regular file or a new one, or `-` for stdout
    error[PG-0101]: folder cannot be written: it is a folder, not a regular file; nothing was written
    hint: name a regular file or a new one, or `-` for stdout
    error[PG-0101]: pipe cannot be written: it is a pipe, not a regular file; nothing was written
    hint: name a regular file or a new one, or `-` for stdout
    ");
}

#[test]
fn manifests_are_not_written_through_links() {
    let workspace = crate::workspace().with_files(&[("target", "kept"), ("plugin.toml", "name = \"x\"\n")]);
    symlink("target", workspace.path("link.wasm")).unwrap();
    assert_snapshot!(workspace.reject(&["plugin", "manifest", "link.wasm", "plugin.toml"]), @r"
    exit 2
    error[PG-0101]: link.wasm cannot be changed in place: it is a symbolic link
    hint: name the file itself
    ");
    assert!(workspace.path("link.wasm").is_symlink());
}

#[test]
fn dash_exports_to_stdout() {
    let (scenario, run) = recorded();
    let file = scenario.call(&["export", &run, "run.phasegate"]);
    assert_eq!(file.code, 0, "{}", file.stderr);
    let output = scenario.command(&["export", &run, "-"]).output().unwrap();
    assert_eq!(output.stdout, fs::read(scenario.path("run.phasegate")).unwrap());
    assert!(!scenario.path("-").exists());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with(&format!("Wrote run {run} to stdout: ")), "{stderr}");
    let json = scenario.call(&["export", &run, "-", "--json"]);
    assert_eq!((json.code, json.stdout.as_str()), (2, ""), "{}", json.stderr);
    let terminal = phasegate_test::Terminal::start(&scenario.command(&["export", &run, "-"]));
    let (code, shown) = terminal.wait();
    assert!(code == 2 && shown.contains("an export is no text"), "{code}: {shown}");
}

#[test]
fn named_state_folders_must_exist() {
    let workspace = crate::workspace().with_files(&[("file", "")]);
    for args in [&["runs"][..], &["runs", "--json"], &["show", "x"], &["pip", "list"], &["resume", "x"], &["doctor"]] {
        let message = workspace.reject(&[args, &["--state", "nowhere"]].concat());
        assert!(message.contains("error[PG-0101]: there is no state folder `nowhere`\nhint: "), "{args:?}: {message}");
        let message = workspace.reject(&[args, &["--state", "file"]].concat());
        assert!(message.contains("error[PG-0101]: `file` is not a folder\nhint: "), "{args:?}: {message}");
    }
}

#[test]
fn output_and_state_folders_lie_apart() {
    let task = crate::cli::TASK;
    let experiment = "name = \"e\"\ntasks = [\"task.toml\"]\n\n[[variant]]\nname = \"a\"\n";
    let workspace = crate::workspace().with_files(&[("task.toml", task), ("experiment.toml", experiment)]);
    let reject = |args: &[&str]| {
        let message = workspace.reject(args);
        assert!(message.contains("error[PG-0701]: output folder `"), "{message}");
        message.lines().nth(1).unwrap().to_owned() + "\n"
    };
    let messages = [
        reject(&["run", "--task", "task.toml", "--state", "state", "--out", "state/out"]),
        reject(&["run", "--task", "task.toml", "--state", "state", "--out", "state"]),
        reject(&["run", "--task", "task.toml", "--state", "out/state", "--out", "out"]),
        reject(&["run", "--task", "task.toml", "--out", ".phasegate/results"]),
        reject(&["experiment", "experiment.toml", "--state", "state", "--out", "state/x/../out"]),
    ];
    assert_snapshot!(messages.concat(), @r"
    error[PG-0701]: output folder `state/out` lies in the state folder `state`; nothing was started
    error[PG-0701]: output folder `state` is the state folder `state`; nothing was started
    error[PG-0701]: output folder `out` contains the state folder `out/state`; nothing was started
    error[PG-0701]: output folder `.phasegate/results` lies in the state folder `.phasegate`; nothing was started
    error[PG-0701]: output folder `state/x/../out` lies in the state folder `state`; nothing was started
    ");
}

#[test]
fn colours_follow_the_environment() {
    let workspace = crate::workspace();
    let at_terminal = |name: &str, value: &str| {
        let mut command = workspace.command(&["show", "x"]);
        command.env(name, value);
        let (_, screen) = phasegate_test::Terminal::start(&command).wait_for_screen();
        screen.cell(0, 0).unwrap().fgcolor() != vt100::Color::Default
    };
    let in_pipe = |variables: &[(&str, &str)]| {
        let mut command = workspace.command(&["show", "x"]);
        command.envs(variables.iter().copied());
        Output::from_command(command).stderr.contains("\x1b[")
    };
    assert!(at_terminal("LANG", "C"));
    assert!(!at_terminal("TERM", "dumb"));
    assert!(!at_terminal("NO_COLOR", "1"));
    assert!(!in_pipe(&[]));
    assert!(in_pipe(&[("CLICOLOR_FORCE", "1")]));
    assert!(!in_pipe(&[("CLICOLOR_FORCE", "0")]));
    assert!(!in_pipe(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn dumb_terminals_get_plain_lines_only() {
    let scenario = crate::scenario("asks-models");
    let mut command = scenario.run_with(&["--config", &scenario.file("phasegate.toml")]);
    command.env("TERM", "dumb");
    let mut script = Command::new("script");
    let quoted: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    script.args(["--quiet", "--return", "--flush", "--command", &quoted.join(" "), "/dev/null"]);
    script.current_dir(command.get_current_dir().unwrap()).env_clear();
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("SHELL", "/bin/sh");
    let output = script.stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("passed") && !shown.contains('\x1b'), "{shown:?}");
}
