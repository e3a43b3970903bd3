//! `plugin build`: what is built, and one paragraph about what cannot be.

use std::fs;

use insta::assert_snapshot;
use phasegate_test::{Workspace, fixture, repository};
use serde_json::Value;

use crate::PATHS;

const MANIFEST: &str = "name = \"mine\"\nversion = \"0.1.0\"\n[build]\n";

/// A plugin whose build is a command.
fn plugin(build: &str) -> Workspace {
    Workspace::new(PATHS).with_files(&[("plugin.toml", &format!("{MANIFEST}{build}\n"))])
}

/// A build that copies a component of this repository.
fn copies(component: &str) -> String {
    let file = repository().join("plugins/dist").join(component);
    format!("command = [\"/bin/cp\", \"{}\", \"made.wasm\"]\nmakes = \"made.wasm\"", file.display())
}

/// Name and version in the manifest of a component.
fn manifest(workspace: &Workspace, file: &str) -> (Value, Value) {
    let inspection = workspace.call(&["plugin", "inspect", file, "--json"]).json();
    (inspection["manifest"]["name"].clone(), inspection["manifest"]["version"].clone())
}

#[test]
fn puts_the_manifest_in_place_of_another() {
    let workspace = plugin(&copies("feedback-phase-aware.wasm"));
    let built = workspace.call(&["plugin", "build"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert!(built.stdout.starts_with("wrote mine.wasm: feedback-plugin, "), "{}", built.stdout);
    assert_eq!(manifest(&workspace, "made.wasm"), ("feedback-phase-aware".into(), "0.1.0".into()));
    assert_eq!(manifest(&workspace, "mine.wasm"), ("mine".into(), "0.1.0".into()));
    let first = fs::read(workspace.path("mine.wasm")).unwrap();
    assert!(!String::from_utf8_lossy(&first).contains("/bin/cp"), "[build] is part of the component");
    assert_eq!(workspace.call(&["plugin", "build", "--out", "again.wasm"]).code, 0);
    assert_eq!(fs::read(workspace.path("again.wasm")).unwrap(), first);
}

#[test]
fn failed_builds_keep_the_older_component() {
    let workspace = plugin(&copies("feedback-phase-aware.wasm"));
    assert_eq!(workspace.call(&["plugin", "build"]).code, 0);
    let first = fs::read(workspace.path("mine.wasm")).unwrap();
    let failing = [
        "command = [\"/bin/sh\", \"-c\", \"echo broken >&2; exit 3\"]\nmakes = \"made.wasm\"".to_owned(),
        "command = [\"/bin/true\"]\nmakes = \"other.wasm\"".to_owned(),
        "command = [\"/bin/sh\", \"-c\", \"echo text > made.wasm\"]\nmakes = \"made.wasm\"".to_owned(),
        copies("fixtures/old-contract.wasm"),
    ];
    let mut told = String::new();
    for build in failing {
        workspace.write("plugin.toml", format!("{MANIFEST}{build}\n"));
        told.push_str(&workspace.render(&["plugin", "build"]));
        assert_eq!(fs::read(workspace.path("mine.wasm")).unwrap(), first);
    }
    let fixtures = fixture("").display().to_string();
    assert_snapshot!(told.replace(&fixtures, "FIXTURES/"), @r"
    exit 1
    /bin/sh -c echo broken >&2; exit 3
    broken
    error[PG-0316]: `/bin/sh` failed with exit status: 3, see its output above
    exit 1
    /bin/true
    error[PG-0316]: the build did not write other.wasm: there is no such file
    hint: see the output of the tool above
    exit 1
    /bin/sh -c echo text > made.wasm
    error[PG-0302]: made.wasm is not a plugin: it does not start with the header of WebAssembly
    exit 1
    /bin/cp FIXTURES/old-contract.wasm made.wasm
    error[PG-0302]: made.wasm is not a plugin: it was built for phasegate:plugin@0.0.9, this host implements 0.1.0
      missing  export runner.collect
      missing  export runner.run-tests
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    ");
}

#[test]
fn names_the_command_that_installs_a_missing_tool() {
    let told = |build: &str| plugin(build).reject(&["plugin", "build"]);
    assert_snapshot!(told("language = \"python\""), @r"
    exit 2
    error[PG-0315]: `componentize-py` was not found
    hint: python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.0
    ");
    assert_snapshot!(told("language = \"javascript\""), @r"
    exit 2
    error[PG-0315]: `componentize-qjs` was not found
    hint: npm install --save-dev componentize-qjs@0.4.5
    ");
    assert_snapshot!(told("language = \"rust\""), @r"
    exit 2
    error[PG-0315]: `cargo` was not found
    hint: install Rust with rustup
    ");
    assert_snapshot!(told("command = [\"tinygo\", \"build\"]\nmakes = \"a.wasm\""), @r"
    exit 2
    error[PG-0315]: `tinygo` was not found
    hint: install it, or change `command` under [build]
    ");
}

#[test]
fn names_a_target_without_standard_library() {
    let workspace = plugin("language = \"rust\"");
    let tool = "#!/bin/sh\necho /nowhere\n";
    for name in ["cargo", "rustc"] {
        workspace.write(&format!("tools/{name}"), tool);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(workspace.path(&format!("tools/{name}")), mode).unwrap();
    }
    let mut command = workspace.command(&["plugin", "build"]);
    command.env("PATH", workspace.path("tools"));
    let output = phasegate_test::Output::from_command(command);
    assert_snapshot!(output.render_errors(&[]), @r"
    exit 2
    error[PG-0315]: the Rust compiler has no standard library for wasm32-unknown-unknown
    hint: rustup target add wasm32-unknown-unknown
    hint: without rustup, see docs/plugins/rust.md
    ");
}

#[test]
fn rejects_a_file_that_says_nothing_to_build() {
    let of = |text: &str| Workspace::new(PATHS).with_files(&[("plugin.toml", text)]).reject(&["plugin", "build"]);
    assert_snapshot!(Workspace::new(PATHS).reject(&["plugin", "build", "nowhere"]), @r"
    exit 2
    error[PG-0103]: nowhere/plugin.toml cannot be read: there is no such file
    hint: name the folder of a plugin, or begin one with `phasegate plugin new NAME --lang rust`
    ");
    assert_snapshot!(of("name = \"mine\"\nversion = \"0.1.0\"\n"), @r#"
    exit 2
    error[PG-0102]: plugin.toml has no [build]
    hint: add [build] with language = "rust"
    "#);
    assert_snapshot!(of("name = \"mine\"\nversion = \"0.1.0\"\n[build]\nlanguage = \"pyton\"\n"), @r#"
    exit 2
    error[PG-0102]: plugin.toml:4: unknown language `pyton`
      4 | language = "pyton"
        |            ^^^^^^^
    hint: did you mean `python`?
    hint: any other language has `command` and `makes`
    "#);
    assert_snapshot!(of("name = \"mine\"\n[build]\nlanguage = \"rust\"\n"), @r"
    exit 2
    error[PG-0302]: plugin.toml:1: `version` is missing
    hint: add it
    hint: see plugins/sdk/README.md
    ");
}
