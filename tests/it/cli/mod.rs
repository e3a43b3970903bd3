//! Complete outputs and exit codes of commands that start no run.

mod artifact;
mod init;
mod pipelines;
mod plugin_inspect;
mod run;

use insta::assert_snapshot;

use crate::workspace;

pub const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const SCRIPTED: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";

#[test]
fn suggests_the_command_for_a_misspelt_one() {
    assert_snapshot!(workspace().reject(&["rnu"]), @r"
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
}

#[test]
fn commands_without_runs_create_no_state_folder() {
    let workspace = workspace();
    assert_snapshot!(workspace.render(&["runs"]), @r"
    No runs in .phasegate.
    exit 0
    ");
    assert_snapshot!(workspace.render(&["runs", "--json"]), @r"
    []
    exit 0
    ");
    assert_snapshot!(workspace.render(&["pip", "list"]), @r"
    No improvement proposals in .phasegate.
    exit 0
    ");
    assert_snapshot!(workspace.reject(&["show", "task-1-abcdef"]), @"
    exit 2
    error[PG-0101]: no runs in .phasegate
    hint: start one with `phasegate run`, or give another folder with --state DIR
    ");
    for command in ["resume", "cancel", "approve", "reject", "override", "abort"] {
        let message = workspace.reject(&[command, "task-1-abcdef"]);
        assert!(message.contains("error[PG-0101]: no runs in .phasegate\nhint: "), "{message}");
    }
    assert_eq!(workspace.entries(), Vec::<String>::new());
}
