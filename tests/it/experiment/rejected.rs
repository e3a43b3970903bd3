//! Experiments that are rejected before anything is recorded.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use super::Project;

/// The message of an experiment that is rejected before anything is recorded.
fn refusal(edits: &[(&str, &str, &str)]) -> String {
    let project = Project::with(edits);
    let output = project.run(&[]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(!project.path("phasegate-out").exists());
    output.stderr
}

#[test]
fn rejects_a_bad_experiment_file_before_recording() {
    let variant = "feedback = \"nearest-phase\"";
    assert_snapshot!(refusal(&[("experiment.toml", "repetitions", "repetition")]), @r"
    error[PG-0102]: experiment.toml:9: unknown key `repetition`
      9 | repetition = 2
        | ^^^^^^^^^^
    hint: did you mean `repetitions`?
    ");
    assert_snapshot!(refusal(&[("experiment.toml", variant, "set = { models.defualt = \"a:b\" }")]), @r#"
    error[PG-0102]: experiment.toml:25: variant `nearest`, set `models`: `models` has no such key: `defualt`
      25 | set = { models.defualt = "a:b" }
         |         ^^^^^^
    hint: did you mean `default`?
    "#);
    assert_snapshot!(refusal(&[("experiment.toml", variant, "set = { models.default = \"nobody:b\" }")]), @r#"
    experiment strategies: 3 tasks × 2 variants × 2 repetitions = 12 runs, 4 at once
    error[PG-0102]: experiment.toml:25: variant `nearest`: [models] default: `nobody:b` names the provider `nobody`, which is not known
      25 | set = { models.default = "nobody:b" }
         |         ^^^^^^
    hint: choose from anthropic, ollama, openai, scripted
    hint: describe another as [providers.nobody] with kind and base_url
    "#);
    assert_snapshot!(refusal(&[("tasks/roman.toml", "requirements", "requirement")]), @r"
    error[PG-0102]: tasks/roman.toml:4: unknown key `requirement`
      4 | requirement = [
        | ^^^^^^^^^^^
    hint: did you mean `requirements`?
    ");
    assert_snapshot!(refusal(&[("experiment.toml", variant, "agent = { code = \"nearest-phase\" }")]), @r#"
    experiment strategies: 3 tasks × 2 variants × 2 repetitions = 12 runs, 4 at once
    error[PG-0102]: experiment.toml:25: variant `nearest`: plugin nearest-phase is of world feedback-plugin, but the pipeline uses it as an agent
      25 | agent = { code = "nearest-phase" }
         |           ^^^^
    hint: `phasegate plugin inspect FILE` shows what a component is
    "#);
}

#[test]
fn leaves_a_foreign_output_folder_alone() {
    let project = Project::new();
    fs::create_dir_all(project.path("mine")).unwrap();
    fs::write(project.path("mine/diary.txt"), "").unwrap();
    let output = project.run(&["--out", "mine"]);
    assert_eq!(output.code, 2);
    assert_snapshot!(output.stderr, @"
    error[PG-0101]: mine is not the output folder of an experiment; nothing was started
    hint: choose another folder with --out
    ");
    assert!(!Path::new(&project.path("state")).exists());
}
