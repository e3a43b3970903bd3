//! `run --resume` continues the run of a task.

use std::fs;
use std::path::Path;

use phasegate_test::Output;

use crate::pinned_files::Project;

#[test]
fn starts_a_task_once_and_reports_its_end() {
    let project = Project::new();
    let first = Output::from_command(project.run(&["--resume"]));
    assert_eq!((first.code, project.runs()), (0, 1), "{}", first.stderr);
    let requests = project.server.requests().len();
    let second = Output::from_command(project.run(&["--resume"]));
    assert_eq!((second.code, project.runs()), (0, 1), "{}", second.stderr);
    assert!(second.stderr.contains("of task ANSWER-001 has ended"), "{}", second.stderr);
    assert_eq!((second.events.len(), project.server.requests().len()), (0, requests));
    let anew = Output::from_command(project.run(&["--force"]));
    assert_eq!((anew.code, project.runs()), (0, 2), "without --resume the task starts anew: {}", anew.stderr);
}

#[test]
fn resumes_although_the_configuration_is_broken() {
    let undisturbed = Project::undisturbed();
    let project = Project::half_way();
    let run = project.kill_half_way();
    project.write("phasegate.toml", b"[models\n");
    fs::remove_file(project.scenario.path("flow/eventful/pipeline.toml")).unwrap();
    let output = Output::from_command(project.run(&["--resume"]));
    assert_eq!((output.code, project.runs()), (0, 1), "{}", output.stderr);
    assert!(output.stderr.contains("resumes with the settings it was created with"), "{}", output.stderr);
    project.record(&run).assert_same(&undisturbed, "by its task");
}

#[test]
fn finds_the_run_by_task_id_alone() {
    let project = Project::half_way();
    let run = project.kill_half_way();
    let output =
        Output::from_command(project.command(&["run", "--json", "--resume", "--task-id", "ANSWER-001"], "cache"));
    assert_eq!((output.code, project.runs()), (0, 1), "{}", output.stderr);
    assert_eq!(output.run_id(), run);
    assert!(project.scenario.path("out/report.md").exists(), "the output folder is forgotten");
}

#[test]
fn ignores_forks_of_the_run() {
    let project = Project::half_way();
    let run = project.kill_half_way();
    let fork = Output::from_command(project.command(&["fork", &run, "--at", "design", "--json"], "cache"));
    assert_eq!((fork.code, project.runs()), (0, 2), "{}", fork.stderr);
    let output = Output::from_command(project.run(&["--resume"]));
    assert_eq!((output.code, project.runs()), (0, 2), "{}", output.stderr);
    assert_eq!(output.run_id(), run);
}

#[test]
fn resumes_started_tasks_and_starts_the_others() {
    let project = Project::half_way();
    let run = project.kill_half_way();
    let task = fs::read_to_string(project.scenario.path("task.toml")).unwrap();
    project.write("other.toml", task.replace("ANSWER-001", "ANSWER-002").as_bytes());
    let both = ["--resume", "--task", "other.toml", "--out", "outs"];
    let args = ["run", "--json", "--task", "task.toml", "--pipeline", "flow/eventful/pipeline.toml"];
    let output = Output::from_command(project.command(&[&args[..], &both].concat(), "cache"));
    assert_eq!((output.code, project.runs()), (0, 2), "{}", output.stderr);
    assert!(output.events.iter().any(|event| event["run"] == run.as_str()));
    for task in ["ANSWER-001", "ANSWER-002"] {
        assert!(project.scenario.path(&format!("outs/{task}/report.md")).exists(), "{task}");
    }
    project.write("same.toml", task.as_bytes());
    let twice = ["--resume", "--task", "same.toml"];
    let output = Output::from_command(project.command(&[&args[..], &twice].concat(), "cache"));
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("--resume cannot tell its runs apart"), "{}", output.stderr);
}

#[test]
fn keeps_exit_codes_and_foreign_output_folders() {
    let scenario = crate::scenario("exhausted");
    assert_eq!(scenario.run(&["--resume"]).code, 1);
    assert_eq!(scenario.run(&["--resume"]).code, 1);
    let waiting = crate::scenario("waits-at-a-pass");
    assert_eq!(waiting.run(&["--resume"]).code, 3);
    assert_eq!(waiting.run(&["--resume"]).code, 3);
    let theirs = Project::half_way();
    theirs.kill_half_way();
    theirs.write("theirs/letter.txt", b"mine");
    let args = ["run", "--json", "--resume", "--task-id", "ANSWER-001", "--out", "theirs"];
    let output = Output::from_command(theirs.command(&args, "cache"));
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("output folder `theirs` is not empty; nothing was started"), "{}", output.stderr);
    assert!(!Path::exists(&theirs.scenario.path("theirs/report.md")));
}
