//! `run` with mistakes that are found before anything starts.

use insta::assert_snapshot;

use super::{SCRIPTED, TASK};
use crate::workspace;

#[test]
fn run_needs_a_task() {
    assert_snapshot!(workspace().reject(&["run"]), @"
    exit 2
    error[PG-0101]: no task is named
    hint: give a task file, or describe the task with --task-id ID --description TEXT
    hint: `phasegate init` writes an example, `phasegate init --demo demo` one that needs no model
    ");
    let workspace = workspace().with_files(&[("task.toml", TASK), ("other.toml", TASK)]);
    assert_snapshot!(workspace.reject(&["run"]), @"
    exit 2
    error[PG-0101]: no task is named
    hint: run the one in this folder: `phasegate run task.toml`
    ");
    assert_snapshot!(workspace.reject(&["run", "--description", "Parse durations such as 1h30m"]), @"
    exit 2
    error[PG-0101]: --description needs --task-id
    hint: name the task, as in --task-id DURATIONS-001
    ");
    for again in ["task.toml", "./task.toml"] {
        let message = workspace.reject(&["run", "task.toml", "other.toml", again]);
        let said = format!("error[PG-0101]: {again} is given twice\nhint: give it once; an experiment repeats");
        assert!(message.contains(&said), "{message}");
    }
}

#[test]
fn numbers_are_refused_in_plain_words() {
    let workspace = workspace().with_files(&[("task.toml", TASK)]);
    for (args, said) in [
        (
            &["run", "task.toml", "--max-retries", "0"][..],
            "0 would allow no attempt at all; write 1 for one attempt and no retry",
        ),
        (&["run", "task.toml", "--max-retries", "many"], "write a whole number, 1 or more"),
        (&["run", "task.toml", "--jobs", "0"], "write a whole number, 1 or more"),
        (&["runs", "--limit", "x"], "write a whole number, 0 or more"),
        (&["resume", "x", "--calls", "N"], "write a whole number, 0 or more"),
        (&["resume", "x", "--tokens=-1"], "write a whole number, 0 or more"),
        (&["resume", "x", "--usd", "much"], "write an amount in US dollars, such as 2.50"),
        (&["resume", "x", "--usd", "NaN"], "write an amount in US dollars, such as 2.50"),
        (&["artifact", "x", "code", "--attempt", "last"], "write a whole number, 1 or more"),
    ] {
        let message = workspace.reject(args);
        assert!(message.contains(&format!(": {said}\n")), "{args:?}\n{message}");
    }
}

#[test]
fn unknown_options_are_no_values() {
    assert_snapshot!(workspace().reject(&["approve", "x", "--jobs", "3"]), @"
    exit 2
    error: unexpected argument '--jobs' found

    Usage: phasegate approve <RUN>

    For more information, try '--help'.
    ");
}

#[test]
fn faults_of_flags_name_the_flag() {
    let script = "[models]\ndefault = \"scripted:answers.toml\"\n";
    let workspace = workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", script)]);
    for (args, said) in [
        (
            ["--set", "models.default=scripted:x.toml"],
            "]: --set: `models.default`: the script HERE/x.toml cannot be read: there is no such file or folder\n",
        ),
        (["--model", "nobody:x"], "]: --model: `nobody:x` names the provider `nobody`, which is not known\n"),
        (["--set", "budget.calls"], "error[PG-0101]: --set `budget.calls`: it is not KEY=VALUE\n"),
        (
            ["--set", "max_retries=3"],
            "hint: give it for one phase, as in --set phases.code-review.max_retries=5, or for all with --max-retries N\n",
        ),
        (["--set", "retries=3"], "hint: `retries` belongs under [models]\n"),
    ] {
        let message = workspace.reject(&[&["run", "task.toml"][..], &args].concat());
        assert!(message.contains(said) && !message.contains("^"), "{args:?}\n{message}");
    }
}

#[test]
fn task_from_flags_needs_a_description() {
    assert_snapshot!(workspace().reject(&["run", "--task-id", "TASK-1"]), @"
    exit 2
    error[PG-0101]: --task-id requires --description
    hint: describe the task in a sentence, or give a task file
    ");
    assert_snapshot!(workspace().reject(&["run", "--task-id", "TASK-1", "--resume"]), @"
    exit 2
    error[PG-0101]: task TASK-1 has no run to resume
    hint: list all runs with `phasegate runs`, or start one with --description TEXT
    ");
    assert_snapshot!(workspace().reject(&["run", "--task-id", "TASK-1", "--description", "short"]), @"
    exit 2
    error[PG-0101]: --description is too short
    hint: describe the task in at least 10 characters
    ");
}

#[test]
fn rejects_an_invalid_task_id_with_the_rule() {
    let args = ["run", "--task-id", "../x", "--description", "Parse durations such as 1h30m"];
    assert_snapshot!(workspace().reject(&args), @"
    exit 2
    error[PG-0101]: --task-id: `../x` is not a task id
    hint: a task id has 3 to 100 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit
    ");
}

#[test]
fn names_a_missing_task_file() {
    assert_snapshot!(workspace().reject(&["run", "--task", "task.toml"]), @"
    exit 2
    error[PG-0101]: task.toml cannot be read: there is no such file
    hint: give a task file; `phasegate init` writes an example
    ");
}

#[test]
fn rejects_a_bad_task_file_with_its_line() {
    let misspelt = format!("{TASK}requirments = []\n");
    let workspace = workspace().with_files(&[("misspelt.toml", &misspelt), ("open.toml", "task_id = \"TASK-1\n")]);
    assert_snapshot!(workspace.reject(&["run", "--task", "misspelt.toml"]), @r"
    exit 2
    error[PG-0102]: misspelt.toml:3: unknown key `requirments`
      3 | requirments = []
        | ^^^^^^^^^^^
    hint: did you mean `requirements`?
    ");
    assert_snapshot!(workspace.reject(&["run", "--task", "open.toml"]), @r#"
    exit 2
    error[PG-0102]: open.toml:1: the text of `task_id` is not closed
      1 | task_id = "TASK-1
        |                  ^
    hint: end it with `"` in the same line, or begin and end it with `"""`
    hint: see docs/configuration.md#task-files
    "#);
}

#[test]
fn rejects_missing_and_outside_context_files() {
    let leaves = format!("{TASK}context_files = [\"../secret.txt\"]\n");
    let missing = format!("{TASK}context_files = [\"docs/*.md\"]\n");
    let workspace = workspace().with_files(&[("leaves.toml", &leaves), ("missing.toml", &missing)]);
    assert_snapshot!(workspace.reject(&["run", "--task", "leaves.toml"]), @r#"
    exit 2
    error[PG-0102]: leaves.toml:3: context file `../secret.txt` leaves the task's folder
      3 | context_files = ["../secret.txt"]
        |                  ^^^^^^^^^^^^^^^
    hint: give a path relative to the task file, without `..`; copy the file there if it lies elsewhere
    "#);
    assert_snapshot!(workspace.reject(&["run", "--task", "missing.toml"]), @r#"
    exit 2
    error[PG-0107]: missing.toml:3: context file `docs/*.md` is not there: nothing in HERE matches it
      3 | context_files = ["docs/*.md"]
        |                  ^^^^^^^^^
    hint: the pattern is relative to the task's file; `**` matches any number of folders
    "#);
}

#[test]
fn rejects_a_bad_configuration_with_its_line() {
    let workspace =
        workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", "[models]\ndefualt = \"openai:gpt-5\"\n")]);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml"]), @r#"
    exit 2
    error[PG-0102]: phasegate.toml:2: unknown key `defualt` in [models]
      2 | defualt = "openai:gpt-5"
        | ^^^^^^^
    hint: did you mean `default`?
    "#);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--config", "other.toml"]), @"
    exit 2
    error[PG-0103]: other.toml cannot be read: there is no such file
    hint: name an existing file, or omit --config to use the nearest phasegate.toml
    ");
}

#[test]
fn rejects_an_unusable_model_with_its_line() {
    let unknown = "# mine\n[models]\ndefault = \"nobody:x\"\n";
    let workspace =
        workspace().with_files(&[("task.toml", TASK), ("unknown.toml", unknown), ("scripted.toml", SCRIPTED)]);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--config", "unknown.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    unknown.toml
    exit 2
    error[PG-0102]: unknown.toml:3: [models] default: `nobody:x` names the provider `nobody`, which is not known
      3 | default = "nobody:x"
        |           ^^^^^^^^^^
    hint: choose from anthropic, ollama, openai, scripted
    hint: describe another as [providers.nobody] with kind and base_url
    "#);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--config", "scripted.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    scripted.toml
    exit 2
    error[PG-0102]: scripted.toml:2: [models] default: the script HERE/answers.toml cannot be read: there is no such file or folder
      2 | default = "scripted:answers.toml"
        |           ^^^^^^^^^^^^^^^^^^^^^^^
    hint: the path is relative to the configuration's folder
    "#);
}

#[test]
fn rejects_an_unknown_pipeline_or_strategy() {
    let workspace = workspace().with_files(&[("task.toml", TASK)]);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--pipeline", "tps"]), @"
    exit 2
    error[PG-0101]: --pipeline: there is no standard pipeline `tps`
    hint: did you mean `tsp`?
    ");
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--pipeline", "mine.toml"]), @"
    exit 2
    error[PG-0101]: --pipeline: there is no file `mine.toml`
    hint: the path is relative to the current folder
    ");
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--feedback", "nearest"]), @"
    exit 2
    error[PG-0101]: --feedback: there is no strategy `nearest`
    hint: choose from phase-aware, nearest-phase
    hint: name your own strategy as a file that ends in .wasm
    ");
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--feedback", "mine.wasm"]), @"
    exit 2
    error[PG-0101]: --feedback: there is no file `mine.wasm`
    hint: bundled strategies are phase-aware, nearest-phase
    ");
}

#[test]
fn leaves_a_filled_output_folder_alone() {
    let workspace = workspace().with_files(&[("task.toml", TASK), ("results/notes.txt", "mine")]);
    assert_snapshot!(workspace.reject(&["run", "--task", "task.toml", "--out", "results"]), @"
    exit 2
    error[PG-0101]: output folder `results` is not empty; nothing was started
    hint: choose another folder with --out, or overwrite it with --force
    ");
}

#[test]
fn tasks_of_one_name_cannot_share_output_folders() {
    let workspace = workspace().with_files(&[("a.toml", TASK), ("b.toml", TASK)]);
    assert_snapshot!(workspace.reject(&["run", "--task", "a.toml", "--task", "b.toml", "--out", "results"]), @"
    exit 2
    error[PG-0101]: task TASK-1 is given twice, and both would write to one output folder
    hint: rename one task, or leave out --out
    ");
}
