//! The first five minutes, without a key: `init --demo`, the first run, and commands without the name of a run.

use insta::assert_snapshot;
use phasegate_test::{Terminal, Workspace, examples};

use crate::{PATHS, workspace};

/// A folder whose home folder other tests use too, so that few components are compiled here.
fn prepared() -> Workspace {
    Workspace::with_shared_home(PATHS, "first-minutes")
}

/// A folder with the demo and a run of it.
fn demo() -> Workspace {
    let workspace = prepared();
    assert_eq!(workspace.call(&["init", "--demo"]).code, 0);
    let run = workspace.call(&["run", "task.toml"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("answers are scripted (answers.toml): no model is asked."), "{}", run.stdout);
    assert!(run.stdout.contains("answers were scripted: the result says nothing about a model"), "{}", run.stdout);
    workspace
}

#[test]
fn demo_is_the_example_and_never_overwrites() {
    let workspace = workspace();
    assert_snapshot!(workspace.render(&["init", "--demo", "new"]), @"
    Wrote new/task.toml: a task.
    Wrote new/phasegate.toml: it names the scripted answers.
    Wrote new/answers.toml: answers written by hand; no model is asked, and no key is needed.
    Wrote new/.phasegate-schemas: what editors show about these files.

    Next:
      phasegate run new/task.toml
    exit 0
    ");
    let listed = |folder: &std::path::Path| {
        let mut command = std::process::Command::new("find");
        let output = command.args([".", "-type", "f", "-size", "+0"]).current_dir(folder).output().unwrap();
        let mut names: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        names.sort();
        names.retain(|name| !name.ends_with("phasegate.lock") && !name.starts_with("./.phasegate-schemas/"));
        names
    };
    let example = examples().join("first-task");
    let files = listed(&workspace.path("new"));
    assert_eq!(files, listed(&example));
    let mut named = 0;
    for file in files {
        let written = std::fs::read_to_string(workspace.path("new").join(&file)).unwrap();
        let text = written.strip_prefix("#:schema ").map(|rest| rest.split_once('\n').unwrap().1);
        named += usize::from(text.is_some());
        assert_eq!(text.unwrap_or(&written), std::fs::read_to_string(example.join(&file)).unwrap());
    }
    assert_eq!(named, 3);
    assert_snapshot!(workspace.reject(&["init", "--demo", "new"]), @"
    exit 2
    error[PG-0101]: new/phasegate.toml already exists; nothing was written
    hint: give another folder, or move the file
    ");
    assert_snapshot!(workspace.reject(&["init", "new"]), @"
    exit 2
    error[PG-0101]: new/phasegate.toml already exists; nothing was written
    hint: give another folder, or move the file
    ");
}

#[test]
fn commands_without_a_run_take_the_newest() {
    let workspace = demo();
    let newest = |args: &[&str]| {
        let output = workspace.call(args);
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(output.stderr.starts_with("using run durations-001-"), "{}", output.stderr);
        assert!(output.stderr.ends_with(", the newest\n"), "{}", output.stderr);
        output.stdout
    };
    assert!(newest(&["show"]).contains("every gate passed"));
    assert!(newest(&["log"]).contains("planning#1"));
    assert!(newest(&["artifact"]).contains("generated_code"));
    assert!(newest(&["artifact", "generated_code"]).contains("==> durations.py <==\n"));
    assert!(newest(&["resume"]).contains("already ended (passed); nothing to resume"));
    assert_snapshot!(workspace.reject(&["approve"]), @"
    exit 2
    error: the following required arguments were not provided:
      <RUN>

    Usage: phasegate approve <RUN>

    For more information, try '--help'.
    ");
}

#[test]
fn ends_of_runs_show_where_to_look() {
    let workspace = prepared();
    assert_eq!(workspace.call(&["init", "--demo", "demo"]).code, 0);
    let run = || {
        let output = workspace.call(&["run", "demo/task.toml"]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        let (_, rest) = output.stdout.split_once("phasegate-out/").unwrap();
        (rest.lines().next().unwrap().to_owned(), output.stdout)
    };
    let (id, shown) = run();
    let next = format!(
        "\nNext, look at:\n  code     phasegate-out/{id}/durations.py\n  report   phasegate-out/{id}/report.md\n  reasons  \
         phasegate show {id}\n"
    );
    assert!(shown.ends_with(&next), "{shown}");
    assert!(workspace.path(&format!("phasegate-out/{id}/durations.py")).is_file());
    assert!(shown.contains("answers are scripted (demo/answers.toml): no model is asked.\n"), "{shown}");
    assert!(shown.contains("set under [models] in demo/phasegate.toml: default"), "{shown}");
    let (_, again) = run();
    assert!(!again.contains("To use a model"), "the advice is repeated: {again}");
}

#[test]
fn task_files_need_no_flag() {
    assert_snapshot!(workspace().reject(&["run", "Parse durations such as 1h30m"]), @"
    exit 2
    error[PG-0101]: Parse durations such as 1h30m cannot be read: there is no such file
    hint: give a task file, or describe the task with --task-id ID --description TEXT
    ");
    let workspace = workspace().with_files(&[("issue.md", "# Title\n"), ("folder/task.toml", "")]);
    assert_snapshot!(workspace.reject(&["run", "issue.md"]), @"
    exit 2
    error[PG-0101]: issue.md is no task file, its name ends in `.md`
    hint: for an issue in Markdown: `phasegate run --issue issue.md`
    ");
    assert_snapshot!(workspace.reject(&["run", "folder"]), @"
    exit 2
    error[PG-0101]: folder cannot be read: it is a folder, not a regular file
    hint: give the task file in it: folder/task.toml
    ");
    assert_snapshot!(workspace.reject(&["run", "a.toml", "--task-id", "TASK-1"]), @"
    exit 2
    error: the argument '[TASK.toml]...' cannot be used with '--task-id <ID>'

    Usage: phasegate run [OPTIONS] <TASK.toml>...
           phasegate run [OPTIONS] --issue <FILE>
           phasegate run [OPTIONS] --task-id <ID> --description <TEXT>

    For more information, try '--help'.
    ");
}

#[test]
fn help_and_version_are_subcommands_too() {
    let workspace = workspace();
    assert_eq!(workspace.render(&["version"]), workspace.render(&["--version"]));
    assert_eq!(workspace.render(&["help"]), workspace.render(&["--help"]));
    assert_eq!(workspace.render(&["help", "run"]), workspace.render(&["run", "--help"]));
}

#[test]
fn wrong_subcommands_list_the_right_ones() {
    let workspace = workspace();
    assert_snapshot!(workspace.reject(&["rnu"]), @r"
    exit 2
    error: unrecognized subcommand 'rnu'

      tip: a similar subcommand exists: 'runs'

    Usage: phasegate [OPTIONS] <COMMAND>

      Run          init, run, resume, cancel
      Inspect      runs, show, log, artifact, pr, replay, test
      Decide       approve, reject, override, abort, pip
      Compare      fork, compare, experiment
      Plugins      plugin, pipeline, trust
      Maintenance  export, import, doctor, gc, verify-sandbox, schema, completions, man

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.reject(&["--verbose"]), @r"
    exit 2
    error: 'phasegate' requires a subcommand but one was not provided

    Usage: phasegate [OPTIONS] <COMMAND>

      Run          init, run, resume, cancel
      Inspect      runs, show, log, artifact, pr, replay, test
      Decide       approve, reject, override, abort, pip
      Compare      fork, compare, experiment
      Plugins      plugin, pipeline, trust
      Maintenance  export, import, doctor, gc, verify-sandbox, schema, completions, man

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.reject(&["plugin", "inspekt"]), @r"
    exit 2
    error: unrecognized subcommand 'inspekt'

      tip: a similar subcommand exists: 'inspect'

    Usage: phasegate plugin [OPTIONS] <COMMAND>

      new, build, inspect, manifest, accept, dev, check, test, add, pull, update, outdated, push, sign, keygen

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.reject(&["frobnicate"]), @r"
    exit 2
    error: unrecognized subcommand 'frobnicate'

    Usage: phasegate [OPTIONS] <COMMAND>

      Run          init, run, resume, cancel
      Inspect      runs, show, log, artifact, pr, replay, test
      Decide       approve, reject, override, abort, pip
      Compare      fork, compare, experiment
      Plugins      plugin, pipeline, trust
      Maintenance  export, import, doctor, gc, verify-sandbox, schema, completions, man

    For more information, try '--help'.
    ");
}

#[test]
fn first_line_comes_before_everything_that_waits() {
    // Nobody answers at this address, and nothing is compiled.
    let nobody = "[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    let workspace = workspace().with_files(&[("task.toml", crate::cli::TASK), ("phasegate.toml", nobody)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0201]: no model to ask: [models] names none, neither ANTHROPIC_API_KEY nor OPENAI_API_KEY is set, and no Ollama answers at http://127.0.0.1:9/v1
    hint: export ANTHROPIC_API_KEY=… or OPENAI_API_KEY=…, or start Ollama and pull a model,
    hint: or write into phasegate.toml under [models]: default = "anthropic:claude-sonnet-4-6", or "scripted:FILE" for answers written by hand,
    hint: or see a run that needs no model: `phasegate init --demo demo`, then `phasegate run demo/task.toml`
    "#);
    assert_eq!(workspace.call(&["init", "--demo", "demo"]).code, 0);
    let mut command = workspace.command(&["run", "demo/task.toml"]);
    command.env("HOME", "/proc/self/fdinfo");
    let mut terminal = Terminal::start(&command);
    let mut shown = terminal.wait_for("pipeline  tsp: ");
    assert!(shown.starts_with("task      DURATIONS-001: "), "{shown}");
    for text in [
        "hint: each run compiles its plugins; name a folder that keeps them with XDG_CACHE_HOME=DIR",
        "run       durations-001-",
        "compiling planning  by each run, as there is no folder to keep it",
        "compiled planning in ",
        "planning#1 done",
    ] {
        shown.push_str(&terminal.wait_for(text));
    }
    let (code, rest) = terminal.wait();
    assert_eq!(code, 0, "{shown}{rest}");
    assert!(rest.contains("passed: every gate passed"), "{rest}");
    assert!(!format!("{shown}{rest}").contains("once on this machine"), "{shown}{rest}");
}

#[test]
fn own_folders_are_put_into_gitignore() {
    let workspace = prepared();
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        let output = command.args(args).current_dir(workspace.path("")).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    let init = workspace.call(&["init", "--demo"]);
    assert!(init.stderr.contains("Added .phasegate/ and phasegate-out/ to .gitignore.\n"), "{}", init.stderr);
    assert_eq!(workspace.read(".gitignore"), ".phasegate/\nphasegate-out/\n");
    workspace.write(".gitignore", "target/");
    let run = workspace.call(&["run", "task.toml"]);
    assert!(run.stdout.contains("Added .phasegate/ and phasegate-out/ to .gitignore.\n"), "{}", run.stdout);
    assert_eq!(workspace.read(".gitignore"), "target/\n.phasegate/\nphasegate-out/\n");
    assert!(!workspace.call(&["run", "task.toml"]).stdout.contains("Added"));
    assert!(!git(&["status", "--porcelain"]).contains("phasegate-out"));

    workspace.write(".gitignore", "");
    let elsewhere = workspace.call(&["run", "task.toml", "--state", "state", "--out", "out"]);
    assert!(!elsewhere.stdout.contains("Added"), "{}", elsewhere.stdout);
    std::fs::remove_file(workspace.path(".gitignore")).unwrap();
    assert!(workspace.call(&["run", "task.toml"]).stdout.contains("to .git/info/exclude.\n"));
    assert!(!workspace.path(".gitignore").exists());
    assert!(!git(&["status", "--porcelain"]).contains("phasegate-out"));

    // A run leaves the checkout of the repository that it starts from as it is.
    workspace.write(".gitignore", "target/\n");
    workspace.write(".git/info/exclude", "# mine\n");
    git(&["add", "task.toml", ".gitignore"]);
    git(&["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "--message", "begin"]);
    let run = workspace.call(&["run", "task.toml", "--repo", ".", "--author", "Ann <ann@example.org>"]);
    assert!(run.stdout.contains("Added .phasegate/ and phasegate-out/ to .git/info/exclude.\n"), "{}", run.stderr);
    assert_eq!(workspace.read(".gitignore"), "target/\n");
    assert_eq!(workspace.read(".git/info/exclude"), "# mine\n.phasegate/\nphasegate-out/\n");
}
