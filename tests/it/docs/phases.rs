//! `docs/plugins/phases.md`, which is generated from the standard pipeline, the manifests of its agents and the example's run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use phasegate_process::pipeline::{Phase, Pipeline, parse, standard};
use phasegate_process::source::Source;
use phasegate_test::{Workspace, copy_folder, examples, repository};

use crate::PATHS;

const HEAD: &str = "# Phases of the pipeline `tsp`

Generated from the pipeline, from the manifests of its agents, and from the run of [the example](../../examples/first-task/task.toml).
An agent of yours can take the place of each. `?` marks what may be absent, and `*` all names that begin so. A gate submits findings,
and the host writes its report. Settings are those of the bundled agent.
";

fn pipeline() -> Pipeline {
    let source = Source { file: "tsp", text: standard("tsp").unwrap() };
    parse(source, &|path| panic!("there is no {path}")).unwrap()
}

/// The labels of the model calls of each phase in the run of the example.
fn labels() -> BTreeMap<String, BTreeSet<String>> {
    let workspace = Workspace::with_shared_home(PATHS, "home-of-phases");
    copy_folder(&examples().join("first-task"), &workspace.path(""));
    let run = workspace.call(&["run", "--task", "task.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for asked in run.events_named("model_asked") {
        let text = |key: &str| asked[key].as_str().unwrap().to_owned();
        labels.entry(text("phase")).or_default().insert(text("label"));
    }
    labels
}

/// The settings in the manifest of a bundled agent, with their descriptions.
fn settings(agent: &str) -> Vec<(String, String)> {
    let file = repository().join(format!("plugins/dist/{agent}.wasm")).display().to_string();
    let inspection = Workspace::new(PATHS).call(&["plugin", "inspect", &file, "--json"]).json();
    let properties = inspection["manifest"]["settings"]["properties"].as_object().cloned().unwrap_or_default();
    let described = |(name, schema): (String, serde_json::Value)| {
        (name, schema["description"].as_str().unwrap_or_default().to_owned())
    };
    properties.into_iter().map(described).collect()
}

fn render(phase: &Phase, labels: Option<&BTreeSet<String>>) -> String {
    let mut text = format!("\n## {}\n\n", phase.name);
    let reads = phase.reads.iter().map(|read| format!("`{}{}`", read.name, if read.optional { "?" } else { "" }));
    let makes = phase.produces.iter().map(|made| {
        let kind = &made.kind;
        format!("`{}`, of kind [`{kind}`](../../host/process/schemas/{kind}.json)", made.name)
    });
    let gate = phase.gate.iter().map(|gate| format!("the report `{}`", gate.report));
    let list = |items: Vec<String>| items.join(", ");
    writeln!(text, "- Reads: {}", list(reads.collect())).unwrap();
    writeln!(text, "- Makes: {}", list(makes.chain(gate).collect())).unwrap();
    if let Some(gate) = phase.gate.as_ref().filter(|gate| !gate.may_revise.is_empty()) {
        let phases = gate.may_revise.iter().map(|phase| format!("`{phase}`"));
        writeln!(text, "- May send back: {}", list(phases.collect())).unwrap();
    }
    let labels = labels.into_iter().flatten().map(|label| format!("`{label}`"));
    writeln!(text, "- Labels of its questions: {}", list(labels.collect())).unwrap();
    for (name, description) in settings(phase.agent.as_str()) {
        writeln!(text, "- Setting `{name}`: {description}").unwrap();
    }
    text
}

#[test]
fn page_of_phases_is_up_to_date() {
    let labels = labels();
    let sections =
        pipeline().phases.iter().map(|phase| render(phase, labels.get(phase.name.as_str()))).collect::<String>();
    let generated = format!("{HEAD}{sections}");
    let file = repository().join("docs/plugins/phases.md");
    if std::env::var_os("PHASEGATE_BLESS").is_some() {
        fs::write(&file, &generated).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(written, generated, "write it anew: PHASEGATE_BLESS=1 cargo test --release --test it docs");
}
