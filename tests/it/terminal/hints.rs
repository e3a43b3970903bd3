//! Commands in hints and in "resume with" lines can be pasted: they name the state folder and the configuration in use.

use std::process::Command;

use phasegate_test::{Output, Workspace, repository, scenario_file};

/// A folder in which a run waits, whose state folder has a name that a shell has to quote.
fn waiting() -> (Workspace, Output) {
    let workspace = Workspace::with_shared_home(crate::PATHS, "hints");
    let file = |name| scenario_file("waits-at-a-failure", name);
    let (task, pipeline) = (file("task.toml"), file("pipeline.toml"));
    workspace.write("my models.toml", format!("[models]\ndefault = \"scripted:{}\"\n", file("answers.toml")));
    let options = ["--config", "my models.toml", "--state", "ann's state"];
    let arguments = [&["run", "--task", &task, "--pipeline", &pipeline], &options[..]].concat();
    let output = workspace.call(&arguments);
    assert_eq!(output.code, 3, "{}", output.stderr);
    (workspace, output)
}

/// Runs a printed command as a shell does where it is pasted.
fn paste(workspace: &Workspace, printed: &str) -> Output {
    let program = workspace.command(&[]);
    let path = program.get_program().to_str().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &printed.replacen("phasegate", path, 1)]).current_dir(program.get_current_dir().unwrap());
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Output::from_command(shell)
}

fn command<'a>(output: &'a Output, verb: &str) -> &'a str {
    let start = format!("phasegate {verb} ");
    let mut lines = output.stdout.lines().filter_map(|line| line.find(&start).map(|place| &line[place..]));
    lines.next().unwrap_or_else(|| panic!("no `{verb}` in {}", output.stdout))
}

#[test]
fn printed_commands_work_where_they_are_pasted() {
    let (workspace, output) = waiting();
    let shown = paste(&workspace, command(&output, "show"));
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let decided = paste(&workspace, command(&shown, "override"));
    assert_eq!(decided.code, 0, "{}", decided.stderr);
    let resume = command(&decided, "resume");
    assert!(resume.ends_with(r"--state 'ann'\''s state'"), "{resume}");
    let first = command(&output, "resume");
    assert!(first.ends_with(r"--state 'ann'\''s state' --config 'my models.toml'"), "{first}");
    let resumed = paste(&workspace, first);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

#[test]
fn hints_of_errors_name_the_state_folder() {
    let (workspace, _) = waiting();
    let refused = workspace.call(&["approve", "ANSWER-001", "--state", "ann's state", "--at", "design-review#2"]);
    assert_eq!(refused.code, 2);
    assert_eq!(refused.stderr.matches(r" --state 'ann'\''s state'`").count(), 2, "{}", refused.stderr);
    let unknown = workspace.call(&["show", "nothing", "--state", "ann's state"]);
    assert!(
        unknown.stderr.ends_with("hint: list all runs with `phasegate runs --state 'ann'\\''s state'`\n"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn state_folder_of_the_environment_needs_no_option() {
    let (workspace, _) = waiting();
    let call = |arguments: &[&str]| {
        let mut command = workspace.command(arguments);
        Output::from_command({
            command.env("PHASEGATE_STATE", "ann's state");
            command
        })
    };
    let shown = call(&["show", "ANSWER-001"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(!shown.stdout.contains("--state"), "{}", shown.stdout);
    let elsewhere = call(&["show", "ANSWER-001", "--state", "other"]);
    assert_eq!(elsewhere.code, 2, "--state comes first: {}", elsewhere.stdout);
}

#[test]
fn errors_of_a_run_are_told_once() {
    let workspace = Workspace::with_shared_home(crate::PATHS, "hints");
    let file = |name| scenario_file("asks-models", name);
    let (task, pipeline, answers) = (file("task.toml"), file("pipeline.toml"), file("answers.toml"));
    workspace.write("models.toml", format!("[models]\ndefault = \"scripted:{answers}\"\n[budget]\ncalls = 1\n"));
    let output = workspace.call(&["run", "--task", &task, "--pipeline", &pipeline, "--config", "models.toml"]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    let all = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(all.matches("call budget exhausted").count(), 1, "{all}");
    let hint = output.stderr.lines().find_map(|line| line.split('`').nth(1)).unwrap();
    assert!(hint.ends_with(" --calls 2 --config models.toml"), "{hint}");
    let resumed = paste(&workspace, hint);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}

/// Commands outside of backquotes come from `Printer::command`, and those in backquotes are hints, which are completed.
#[test]
fn no_command_is_printed_without_its_options() {
    let sources = repository().join("host/cli/src");
    let names = "run|resume|show|log|approve|reject|override|abort|cancel|fork|artifact|trust|experiment";
    let literal = regex::Regex::new(&format!("[^`]phasegate ({names}) ")).unwrap();
    let mut found = Vec::new();
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                // A usage is no command.
                let is_text = |line: &&str| !line.trim_start().starts_with("//") && !line.contains("[OPTIONS]");
                let lines = code.lines().filter(is_text).filter(|line| literal.is_match(line));
                found.extend(lines.map(|line| format!("{}: {line}", entry.display())));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
