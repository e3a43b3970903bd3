//! `plugin test`: cases of a component, in the sandbox.

use insta::assert_snapshot;
use phasegate_test::{Workspace, fixture};

use crate::PATHS;

/// A plugin folder with a component that exists already, and its cases.
fn plugin(component: &str, files: &[(&str, &str)]) -> Workspace {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-plugin-cases").with_files(files);
    workspace.write("plugin.toml", "name = \"mine\"\nversion = \"0.1.0\"\n");
    std::fs::copy(fixture(&format!("{component}.wasm")), workspace.path("mine.wasm")).unwrap();
    workspace
}

const PIPELINE: &str = r#"name = "one"
[feedback]
strategy = "nearest-phase"
[[phase]]
name = "mine"
agent = "mine"
reads = ["task_requirements"]
produces = [{ name = "note", kind = "note" }]
settings = { artifacts = { note = { body = "hello", tags = ["a", "b"] } } }
[plugins.mine]
path = "mine.wasm"
grants = { models = ["default"], test-bench = ["lines"] }
[[kind]]
name = "note"
schema = "note.json"
"#;

const AGENT: [(&str, &str); 2] = [("pipeline.toml", PIPELINE), ("note.json", r#"{ "type": "object" }"#)];

#[test]
fn compares_artifacts_requests_and_failures() {
    let workspace = plugin(
        "agent",
        &[
            AGENT[0],
            AGENT[1],
            ("cases/a-part.toml", "[expect]\nrequests = []\nartifacts.note = { tags = [\"a\", \"b\"] }\n"),
            (
                "cases/differs.toml",
                "[expect]\nrequests = [\"x\"]\nartifacts.note = { body = \"bye\", tags = [\"a\"], more = 1 }\n",
            ),
            ("cases/fails.toml", "settings = { do = \"fail\", words = \"no time\" }\n[expect]\nfailure = \"time\"\n"),
            (
                "cases/panics.toml",
                "settings = { do = \"panic\", words = \"too deep\" }\n[expect]\nfailure = \"time\"\n",
            ),
        ],
    );
    assert_snapshot!(workspace.render(&["plugin", "test"]), @r#"
    passed cases/a-part.toml
    failed cases/differs.toml
        requests: expected ["x"], it is []
        artifacts.note.body: expected "bye", it is "hello"
        artifacts.note.more: expected 1, it is missing
        artifacts.note.tags: expected ["a"], it is ["a","b"]
    passed cases/fails.toml
    failed cases/panics.toml
        plugin `mine` (dry run) panicked: panicked at agent/src/mischief.rs:54:20:
        too deep
        log error: panic: panicked at agent/src/mischief.rs:54:20: too deep
    2 of 4 cases failed
    exit 1
    "#);
    let json = workspace.call(&["plugin", "test", "--json", "--only", "part"]).json();
    assert_eq!((&json["passed"], json["cases"].as_array().unwrap().len()), (&true.into(), 1));
}

#[test]
fn compares_the_issues_of_a_gate() {
    let gate = PIPELINE.replace("produces = [{ name = \"note\", kind = \"note\" }]\n", "").replace(
        "[plugins.mine]",
        "[phase.gate]\nreport = \"mine_report\"\nfails_at = { high = 1 }\nmay_revise = []\n[plugins.mine]",
    );
    let issues =
        "settings = { findings = { issues = [{ id = \"I-1\", severity = \"low\", phase_injected = \"mine\" }] } }\n";
    let workspace = plugin(
        "agent",
        &[
            (
                "pipeline.toml",
                &gate
                    .replace("settings = { artifacts = { note = { body = \"hello\", tags = [\"a\", \"b\"] } } }\n", ""),
            ),
            AGENT[1],
            ("cases/found.toml", &format!("{issues}[expect]\nissues = [{{ id = \"I-1\", severity = \"low\" }}]\n")),
            ("cases/none.toml", &format!("{issues}[expect]\nissues = []\n")),
        ],
    );
    let told = workspace.render(&["plugin", "test"]);
    assert!(
        told.starts_with("passed cases/found.toml\nfailed cases/none.toml\n    issues: expected [], it is [{"),
        "{told}"
    );
}

#[test]
fn compares_decisions_of_a_strategy() {
    let workspace = plugin(
        "strategy",
        &[
            ("cases/back.toml", "[failure]\nmay_revise = [\"design\", \"code\"]\n[expect]\nrevise = [\"nobody\"]\n"),
            ("cases/fields.toml", "[failure]\nattempts = 1\nmay_revise = 7\n[expect]\n"),
            (
                "cases/past.toml",
                "[failure]\nmay_revise = [\"code\"]\nhistory = [{ issues = [{ id = \"a\" }], revised = [\"code\"] }]\n\
                 [expect]\nrevise = [\"code\"]\n",
            ),
        ],
    );
    assert_snapshot!(workspace.render(&["plugin", "test", "--only", "back"]), @r#"
    failed cases/back.toml
        revise[0]: expected "nobody", it is "design"
    1 of 1 case failed
    exit 1
    "#);
    assert_snapshot!(workspace.render(&["plugin", "test", "--only", "past"]), @r"
    passed cases/past.toml
    1 case passed
    exit 0
    ");
    assert_snapshot!(workspace.render(&["plugin", "test", "--only", "fields"]), @r"
    exit 2
    error[PG-0102]: cases/fields.toml: the gate's failure: invalid type: integer `7`, expected a sequence
    hint: see docs/plugins/README.md#cases
    ");
}

#[test]
fn rejects_cases_that_cannot_be_used() {
    let of = |case: &str| plugin("agent", &[AGENT[0], AGENT[1], ("cases/a.toml", case)]).render(&["plugin", "test"]);
    assert_snapshot!(of("[expect]\nartefacts = {}\n"), @r"
    exit 2
    error[PG-0102]: cases/a.toml:2: unknown key `artefacts` in [expect]
      2 | artefacts = {}
        | ^^^^^^^^^
    hint: did you mean `artifacts`?
    ");
    assert_snapshot!(of("phase = \"other\"\n[expect]\n"), @r"
    exit 2
    error[PG-0102]: cases/a.toml: unknown phase `other`
    hint: see docs/plugins/README.md#cases
    ");
    assert_snapshot!(of("[inputs]\nplan = {}\n[expect]\n"), @r"
    exit 2
    error[PG-0102]: cases/a.toml: inputs.plan: no phase reads an artifact `plan`: there are task_requirements, process_notes, run_measures
    hint: see docs/plugins/README.md#cases
    ");
    assert_snapshot!(of("answers = \"none.toml\"\n[expect]\n"), @r"
    exit 2
    error[PG-0102]: cases/a.toml: answers: the script HERE/cases/none.toml cannot be read: there is no such file or folder
    hint: see docs/plugins/README.md#cases
    ");
    assert_snapshot!(plugin("agent", &[]).render(&["plugin", "test"]), @r"
    exit 2
    error[PG-0101]: cases cannot be read: there is no such file
    hint: write cases as cases/NAME.toml, see docs/plugins/README.md#cases
    ");
    let workspace = plugin("agent", &[("cases/a.toml", "[expect]\n")]);
    std::fs::remove_file(workspace.path("mine.wasm")).unwrap();
    assert_snapshot!(workspace.render(&["plugin", "test"]), @r"
    exit 2
    error[PG-0101]: there is no mine.wasm
    hint: build it with `phasegate plugin build .`
    ");
}

#[test]
fn older_components_are_noted() {
    let workspace = plugin("agent", &[AGENT[0], AGENT[1], ("cases/a.toml", "[expect]\n")]);
    assert_eq!(workspace.call(&["plugin", "test"]).stderr, "");
    workspace.write("agent.py", "");
    let noted = "agent.py is newer than mine.wasm: build it with `phasegate plugin build`\n";
    assert_eq!(workspace.call(&["plugin", "test"]).stderr, noted);
}
