//! `plugin new`: the files of a plugin, in every language and of every kind, written whole or not at all.

use insta::assert_snapshot;
use phasegate_test::Workspace;

use super::KINDS;
use crate::PATHS;

/// The paths of all files below a folder, without those of an SDK.
fn files(workspace: &Workspace, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(workspace.path(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true if ["sdk", "phasegate_plugin", "phasegate-plugin"].iter().any(|sdk| path.ends_with(sdk)) => {
                found.push(format!("{path}/"));
            }
            true => found.extend(files(workspace, &path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn writes_a_plugin_and_says_what_is_next() {
    let workspace = Workspace::new(PATHS);
    assert_snapshot!(workspace.render(&["plugin", "new", "my-agent", "--lang", "python"]), @r"
    Wrote my-agent: an agent in Python. Its README.md has every command.

    Next:
      cd my-agent
      python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.0
      python3 -m unittest
      phasegate plugin build
    exit 0
    ");
    assert_snapshot!(files(&workspace, "my-agent").join("\n"), @r"
    my-agent/.github/workflows/plugin.yml
    my-agent/.gitignore
    my-agent/.phasegate-schemas/answers.json
    my-agent/.phasegate-schemas/case.json
    my-agent/.phasegate-schemas/configuration.json
    my-agent/.phasegate-schemas/pipeline.json
    my-agent/.phasegate-schemas/plugin.json
    my-agent/.phasegate-schemas/task.json
    my-agent/README.md
    my-agent/agent.py
    my-agent/answers.toml
    my-agent/cases/repair.toml
    my-agent/component.py
    my-agent/phasegate.toml
    my-agent/phasegate_plugin/
    my-agent/pipeline.toml
    my-agent/plugin.toml
    my-agent/task.toml
    my-agent/test_agent.py
    my-agent/wit/deps/phasegate/host.wit
    my-agent/wit/deps/phasegate/models.wit
    my-agent/wit/deps/phasegate/plugin.wit
    my-agent/wit/deps/phasegate/types.wit
    my-agent/wit/world.wit
    ");
}

#[test]
fn every_kind_exists_in_every_language() {
    let workspace = Workspace::new(PATHS);
    for language in ["rust", "python", "javascript", "typescript"] {
        for kind in KINDS {
            let name = format!("{language}-{kind}");
            let output = workspace.call(&["plugin", "new", &name, "--lang", language, "--kind", kind]);
            assert_eq!(output.code, 0, "{}", output.stderr);
            for file in files(&workspace, &name).iter().filter(|file| !file.ends_with('/')) {
                let text = workspace.read(file);
                for word in ["name", "snake", "build", "install", "test", "source", "more", "language", "setup"] {
                    assert!(!text.contains(&format!("{{{{{word}}}}}")), "{file}: {word} was not filled in");
                }
            }
            assert!(workspace.read(&format!("{name}/plugin.toml")).contains(&format!("language = \"{language}\"")));
            assert!(workspace.path(&format!("{name}/README.md")).is_file());
        }
    }
}

#[test]
fn writes_nothing_into_a_folder_with_files() {
    let workspace = Workspace::new(PATHS).with_files(&[("taken/notes.txt", "mine"), ("file", "mine")]);
    let new = |dir| workspace.reject(&["plugin", "new", "my-agent", "--lang", "rust", "--dir", dir]);
    assert_snapshot!(new("taken"), @r"
    exit 2
    error[PG-0101]: taken is not empty; nothing was written
    hint: name a new folder with --dir DIR
    ");
    assert_snapshot!(new("file"), @r"
    exit 2
    error[PG-0101]: file is not a folder that can be read; nothing was written
    hint: name a new folder with --dir DIR
    ");
    assert_eq!(files(&workspace, "taken"), ["taken/notes.txt"]);
    std::fs::create_dir(workspace.path("empty")).unwrap();
    let into_empty = ["plugin", "new", "my-agent", "--lang", "rust", "--dir", "empty"];
    assert_eq!(workspace.call(&into_empty).code, 0);
}

#[test]
fn rejects_a_name_that_no_pipeline_can_use() {
    let workspace = Workspace::new(PATHS);
    assert_snapshot!(workspace.reject(&["plugin", "new", "My_Agent", "--lang", "rust"]), @r"
    exit 2
    error: invalid value 'My_Agent' for '<NAME>': `My_Agent` is not a plugin name

    For more information, try '--help'.
    ");
    assert_snapshot!(workspace.reject(&["plugin", "new", "my-agent", "--lang", "cobol"]), @r"
    exit 2
    error: invalid value 'cobol' for '--lang <LANGUAGE>'
      [possible values: rust, python, javascript, typescript]

    For more information, try '--help'.
    ");
}
