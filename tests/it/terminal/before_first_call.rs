//! Mistakes that are found before the first call of a model is paid for.

use insta::assert_snapshot;

use crate::workspace;

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const SCRIPTED: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";
const ANSWERS: &str = "[[answer]]\ntext = \"{}\"\n";

fn prepared() -> phasegate_test::Workspace {
    workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", SCRIPTED), ("answers.toml", ANSWERS)])
}

#[test]
fn out_folder_is_tried_before_the_run() {
    let workspace = prepared();
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", "/proc/nothing/here"]), @r"
    exit 2
    error[PG-0702]: output folder `/proc/nothing/here` cannot be written: No such file or directory (os error 2); nothing was started
    hint: make it writable, or choose another folder with --out
    ");
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", "task.toml/below"]), @r"
    exit 2
    error[PG-0701]: HERE/task.toml/below is not a folder
    hint: choose another one with --out
    ");
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", &"x".repeat(300)]), @r"
    exit 2
    error[PG-0702]: output folder `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` cannot be written: File name too long (os error 36); nothing was started
    hint: make it writable, or choose another folder with --out
    ");
}

#[test]
fn flags_without_effect_are_conflicts() {
    let workspace = prepared();
    for (args, said) in [
        (&["run", "task.toml", "--requirements", "x"][..], "cannot be used with"),
        (&["run", "task.toml", "--description", "Parse durations"], "cannot be used with"),
        (&["run", "--task", "task.toml", "--description", "Parse durations"], "cannot be used with"),
        (&["run", "--task", "task.toml", "--task-id", "ABC"], "cannot be used with"),
        (&["run", "task.toml", "--force"], "--out <DIR>"),
        (&["run", "task.toml", "--base", "main"], "--base needs a repository"),
        (&["resume", "x", "--force"], "--out <DIR>"),
        (&["pipeline", "show", "tsp", "--toml", "--config", "phasegate.toml"], "cannot be used with"),
    ] {
        let text = workspace.reject(args);
        assert!(text.contains(said), "{args:?}\n{text}");
    }
}

#[test]
fn phases_of_one_name_are_refused() {
    let pipeline = "extends = \"tsp\"\n[[phase]]\nname = \"code\"\nmax_retries = 2\n\n[[phase]]\nname = \"code\"\nmax_retries = 5\n";
    let workspace = prepared().with_files(&[("p.toml", pipeline)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--pipeline", "p.toml"]), @r#"
    exit 2
    error[PG-0102]: p.toml:7: phase `code` is already in line 3 of this file
      7 | name = "code"
        |        ^^^^^^
    hint: rename one of the two, or write all keys into one table
    "#);
}

#[test]
fn verdicts_that_never_come_are_refused() {
    let pipeline = "extends = \"tsp\"\nmax_total_attempts = 6\n[[phase]]\nname = \"test\"\nmax_retries = 8\n";
    let workspace = prepared().with_files(&[("p.toml", pipeline)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--pipeline", "p.toml"]), @r#"
    exit 2
    error[PG-0102]: p.toml:4: gate `test`: max_retries is 8, but all gates together get 6 verdicts (max_total_attempts)
      4 | name = "test"
        |        ^^^^
    hint: raise max_total_attempts to at least 8, or lower max_retries
    "#);
    workspace.write("phasegate.toml", format!("{SCRIPTED}[phases.test]\nmax_retries = 16\n"));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0102]: phasegate.toml:4: gate `test`: max_retries is 16, but all gates together get 15 verdicts (max_total_attempts)
      4 | max_retries = 16
        |               ^^
    hint: raise max_total_attempts to at least 16, or lower max_retries
    ");
    workspace.write("phasegate.toml", format!("max_total_attempts = 4\n{SCRIPTED}[phases.test]\nmax_retries = 5\n"));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0102]: phasegate.toml:5: gate `test`: max_retries is 5, but all gates together get 4 verdicts (max_total_attempts)
      5 | max_retries = 5
        |               ^
    hint: raise max_total_attempts to at least 5, or lower max_retries
    ");
}
