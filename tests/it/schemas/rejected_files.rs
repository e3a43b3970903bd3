//! Wrong files: the schema rejects them, and so does the program. Keys that a page names are those of the schema.

use std::collections::BTreeSet;
use std::fs;

use phasegate_process::manifest::Manifest;
use phasegate_process::plugin_file::PluginFile;
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use phasegate_process::{pipeline, task};
use phasegate_test::{Workspace, fixture, repository};
use serde_json::Value;

use super::files::{faults_of, schemas};
use crate::PATHS;

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const PIPELINE: &str = "extends = \"tsp\"\n[[phase]]\nname = \"code\"\n";
const EXPERIMENT: &str = "name = \"one\"\ntasks = [\"task.toml\"]\n";
const PLUGIN: &str = "name = \"mine\"\nversion = \"1\"\n";

/// A kind of file, its beginning, and what makes it wrong.
const WRONG: [(&str, &str, &str); 26] = [
    ("configuration", "", "qqq = 1"),
    ("configuration", "", "[models]\nretrise = 1"),
    ("configuration", "", "[models]\nretries = \"four\""),
    ("configuration", "", "[models]\ntemperature = 3.0"),
    ("configuration", "", "[budget]\ncalls = \"many\""),
    ("configuration", "", "[sandbox]\nmax_functions = 0"),
    ("configuration", "", "[hitl]\ndefault = \"sometimes\""),
    ("configuration", "", "[plugins.code]\ngrants = { models = [\"huge\"] }"),
    ("pipeline", PIPELINE, "qqq = 1"),
    ("pipeline", PIPELINE, "max_retries = \"3\""),
    ("pipeline", PIPELINE, "gate = { fails_at = { awful = 1 } }"),
    ("pipeline", PIPELINE, "gate = { allow = { skipped = -1 } }"),
    ("pipeline", PIPELINE, "[plugins.code]\ngrants = { models = [\"huge\"] }"),
    ("task", TASK, "qqq = 1"),
    ("task", TASK, "requirements = \"hours\""),
    ("task", "", "task_id = \"TASK-1\""),
    ("answers", "[[answer]]\n", "qqq = 1"),
    ("answers", "[[answer]]\ntext = \"\"\n", "delay_ms = \"long\""),
    ("plugin", PLUGIN, "qqq = 1"),
    ("plugin", PLUGIN, "[asks]\nmodels = [\"huge\"]"),
    ("plugin", PLUGIN, "[build]\nlanguage = \"cobol\""),
    ("plugin", PLUGIN, "[[kind]]\nname = \"note\"\nschema = 3"),
    ("case", "", "attempt = 0\n[expect]"),
    ("case", "", "[expect]\nartefacts = {}"),
    ("experiment", EXPERIMENT, "repetitions = 0\n[[variant]]\nname = \"a\""),
    ("experiment", EXPERIMENT, "[[variant]]\nname = \"a\"\nstrategy = \"nearest-phase\""),
];

/// Whether the program accepts a file.
fn is_accepted(workspace: &Workspace, kind: &str, text: &str) -> bool {
    let source = Source { file: "x.toml", text };
    workspace.write("x.toml", text);
    match kind {
        "configuration" => workspace.call(&["pipeline", "show", "tsp", "--config", "x.toml"]).code == 0,
        "pipeline" => pipeline::parse(source, &|_| Err("none".to_owned())).is_ok(),
        "task" => Task::parse(source).is_ok(),
        "answers" => phasegate_broker::ScriptedAnswers::read(&workspace.path("x.toml")).is_ok(),
        "plugin" => {
            let file = PluginFile::parse("x.toml", text).ok().and_then(|file| file.manifest);
            file.is_some_and(|manifest| Manifest::parse(&manifest).is_ok())
        }
        "case" => {
            workspace.write("mine/cases/x.toml", text);
            let output = workspace.call(&["plugin", "test", "mine"]);
            output.code == 0
        }
        "experiment" => workspace.call(&["experiment", "x.toml", "--dry-run"]).code == 0,
        other => panic!("{other}"),
    }
}

fn workspace() -> Workspace {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-schemas").with_files(&[
        ("task.toml", TASK),
        ("answers.toml", "[[answer]]\ntext = \"\"\n"),
        ("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n"),
        ("mine/plugin.toml", PLUGIN),
    ]);
    fs::copy(fixture("strategy.wasm"), workspace.path("mine/mine.wasm")).unwrap();
    workspace
}

#[test]
fn schema_and_program_reject_the_same_files() {
    let (workspace, schemas) = (workspace(), schemas());
    for (kind, begin, wrong) in WRONG {
        let text = format!("{begin}{wrong}\n");
        let (faults, accepted) = (faults_of(&schemas[kind], &text), is_accepted(&workspace, kind, &text));
        assert!(!faults.is_empty() && !accepted, "{kind}: {faults:?}, accepted: {accepted}\n{text}");
    }
}

/// Else a fault in the beginning of each would hide that the schema or the program accepts the rest.
#[test]
fn schema_and_program_accept_the_right_files() {
    let (workspace, schemas) = (workspace(), schemas());
    let answers = "[[answer]]\ntext = \"\"\ndelay_ms = 1\n".to_owned();
    let experiment = format!("{EXPERIMENT}repetitions = 1\n[[variant]]\nname = \"a\"\nfeedback = \"nearest-phase\"\n");
    for (kind, text) in [
        ("configuration", "[models]\nretries = 4\n[budget]\ncalls = \"unlimited\"\n".to_owned()),
        ("pipeline", format!("{PIPELINE}max_retries = 2\n")),
        ("task", TASK.to_owned()),
        ("answers", answers),
        ("plugin", format!("{PLUGIN}[build]\nlanguage = \"rust\"\n")),
        ("case", "attempt = 1\n[expect]\n".to_owned()),
        ("experiment", experiment),
    ] {
        assert_eq!(faults_of(&schemas[kind], &text), [""; 0], "{kind}");
        assert!(is_accepted(&workspace, kind, &text), "{kind}: {text}");
    }
}

/// Sections of docs/configuration.md with a table of keys: the schema, and the path of the table in it. `*` is any name.
const SECTIONS: [(&str, &str, &str); 14] = [
    ("## Top level", "configuration", ""),
    ("## `[models]`", "configuration", "models"),
    ("## `[providers.NAME]`", "configuration", "providers/*"),
    ("## `[prices.\"PROVIDER:MODEL\"]`", "configuration", "prices/*"),
    ("## `[budget]`", "configuration", "budget"),
    ("## `[hitl]`", "configuration", "hitl/*"),
    ("## `[feedback]`", "configuration", "feedback"),
    ("## `[phases.NAME]`", "configuration", "phases/*"),
    ("## `[plugins.NAME]`", "configuration", "plugins/*"),
    ("### Limits of a plugin", "configuration", "plugins/*/limits"),
    ("## `[repository]`", "configuration", "repository"),
    ("## `[output]`", "configuration", "output"),
    ("## `[sandbox]`", "configuration", "sandbox"),
    ("## Task files", "task", ""),
];

/// The keys in the first column of the tables of a section.
fn documented_keys(page: &str, heading: &str) -> BTreeSet<String> {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned).collect()
}

fn table<'a>(schema: &'a Value, path: &str) -> &'a Value {
    path.split('/').filter(|part| !part.is_empty()).fold(schema, |schema, part| match part {
        "*" if schema["additionalProperties"].is_object() => &schema["additionalProperties"],
        "*" => schema["patternProperties"].as_object().unwrap().values().next().unwrap(),
        key => &schema["properties"][key],
    })
}

fn keys_of(table: &Value) -> BTreeSet<String> {
    let choices = table["anyOf"].as_array().into_iter().flatten();
    let tables = std::iter::once(table).chain(choices);
    tables.flat_map(|table| table["properties"].as_object().into_iter().flatten()).map(|(key, _)| key.clone()).collect()
}

#[test]
fn schemas_have_the_documented_keys() {
    let page = fs::read_to_string(repository().join("docs/configuration.md")).unwrap();
    let schemas = schemas();
    for (heading, name, path) in SECTIONS {
        let (documented, known) = (documented_keys(&page, heading), keys_of(table(&schemas[name], path)));
        match heading {
            // The tables have sections of their own.
            "## Top level" => assert!(documented.len() == 3 && documented.is_subset(&known), "{documented:?}"),
            _ => assert_eq!(documented, known, "{heading}"),
        }
    }
    let tables = SECTIONS.iter().filter_map(|(_, _, path)| path.split('/').next().filter(|part| !part.is_empty()));
    let top = documented_keys(&page, "## Top level");
    let named: BTreeSet<String> = tables.map(str::to_owned).chain(top).collect();
    assert_eq!(named, keys_of(&schemas["configuration"]));
    assert_eq!(task::task_schema(), schemas["task"]);
}
