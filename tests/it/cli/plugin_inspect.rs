//! `plugin inspect`: description of a component, and reasons why it would be rejected.

use insta::assert_snapshot;
use phasegate_test::{fixture, repository};

use crate::workspace;

fn inspect(name: &str) -> String {
    workspace().render(&["plugin", "inspect", fixture(name).to_str().unwrap()])
}

#[test]
fn rejects_a_component_that_panics_the_parser() {
    let name = "component-with-function-named-like-interface";
    let file = repository().join("fuzz/corpus/component").join(name);
    let workspace = workspace();
    std::fs::copy(file, workspace.path("odd.wasm")).unwrap();
    assert_snapshot!(workspace.render(&["plugin", "inspect", "odd.wasm"]), @"
    exit 2
    error[PG-0302]: odd.wasm: not a WebAssembly component: its interfaces cannot be expressed in WIT
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
}

#[test]
fn inspects_an_agent() {
    assert_snapshot!(inspect("agent.wasm"), @r#"
    file       FIXTURES/agent.wasm
    world      agent-plugin
    contract   0.1.0
    size       SIZE
    digest     DIGEST
    signature  not signed
    exports    phasegate:plugin/agent@0.1.0
    imports    phasegate:plugin/artifacts@0.1.0
               phasegate:plugin/log@0.1.0
               phasegate:plugin/model-types@0.1.0
               phasegate:plugin/models@0.1.0
               phasegate:plugin/test-bench@0.1.0
               phasegate:plugin/types@0.1.0
               phasegate:plugin/work@0.1.0
    requests   [plugins.NAME] grants = { models = ["default"], test-bench = ["python"] }

    this host accepts it
    exit 0
    "#);
}

#[test]
fn explains_why_a_component_does_not_fit() {
    assert_snapshot!(inspect("old-contract.wasm"), @r"
    file       FIXTURES/old-contract.wasm
    world      runner-plugin
    contract   0.0.9
    size       SIZE
    digest     DIGEST
    signature  not signed
    exports    phasegate:plugin/runner@0.0.9
    imports    none
    requests   no grants

    this host rejects it: it was built for phasegate:plugin@0.0.9, this host implements 0.1.0
      missing  export runner.collect
      missing  export runner.run-tests
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    exit 2
    ");
    assert_snapshot!(inspect("ungranted.wasm"), @r"
    file       FIXTURES/ungranted.wasm
    world      feedback-plugin
    contract   0.1.0
    size       SIZE
    digest     DIGEST
    signature  not signed
    exports    phasegate:plugin/feedback@0.1.0
    imports    acme:plugin/disk
               phasegate:plugin/types@0.1.0
    requests   no grants

    this host rejects it: it differs from world feedback-plugin of phasegate:plugin@0.1.0
      extra    import acme:plugin/disk
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: remove the extra imports
    exit 2
    ");
}

#[test]
fn shows_the_environment_of_a_test_runner() {
    let workspace = workspace();
    let file = fixture("runner.wasm");
    assert_snapshot!(workspace.render(&["plugin", "inspect", file.to_str().unwrap(), "--environment"]), @r#"
    {
      "language": "lines",
      "modules": [],
      "notes": [
        "values are text"
      ],
      "test_frameworks": [
        "lines"
      ],
      "version": "1"
    }
    exit 0
    "#);
    let agent = fixture("agent.wasm");
    assert_snapshot!(workspace.render(&["plugin", "inspect", agent.to_str().unwrap(), "--environment"]), @"
    exit 2
    error[PG-0101]: FIXTURES/agent.wasm is not a test runner
    hint: leave out --environment
    ");
}

#[test]
fn json_contains_every_field() {
    let output = workspace().call(&["plugin", "inspect", fixture("strategy.wasm").to_str().unwrap(), "--json"]);
    let json = output.json();
    assert_eq!(
        (json["world"].as_str(), json.get("misfit"), output.code),
        (Some("feedback"), Some(&serde_json::Value::Null), 0)
    );
}

#[test]
fn rejects_a_file_that_is_no_component() {
    let workspace = workspace().with_files(&[("plugin.wasm", "no component at all")]);
    assert_snapshot!(workspace.reject(&["plugin", "inspect", "plugin.wasm"]), @"
    exit 2
    error[PG-0302]: plugin.wasm: not a WebAssembly component: it does not start with the header of a component
    hint: build the plugin as a component (with the plugin SDK, componentize-py or jco), not as a core module
    ");
    assert_snapshot!(workspace.reject(&["plugin", "inspect", "missing.wasm"]), @"
    exit 2
    error[PG-0101]: missing.wasm cannot be read: there is no such file
    hint: give a component, such as target/NAME.wasm
    ");
}
