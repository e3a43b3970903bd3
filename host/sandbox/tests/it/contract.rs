//! Components that do not fit the contract, with the complete messages; and the live contract compared with its releases.

use crate::common::stub::{altered, component, wit};
use crate::common::{engine, fixture};
use phasegate_process::Digest;
use phasegate_sandbox::{CONTRACT, breaking_changes, inspect};

fn refusal(name: &str, bytes: Vec<u8>) -> String {
    match engine().load(&name.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)) {
        Ok(_) => panic!("{name} was accepted"),
        Err(error) => error.describe(),
    }
}

/// Returns the error for a component that was built for the contract with these changes.
fn altered_refusal(world: &str, changes: &[(&str, &str)]) -> String {
    refusal("code", component(&altered(changes), &[], world))
}

#[test]
fn accepts_components_of_every_world() {
    for world in ["agent-plugin", "agent-plugin-blocking", "feedback-plugin", "runner-plugin", "probed-runner-plugin"] {
        let bytes = component(&wit(""), &[], world);
        assert_eq!(inspect(&bytes).unwrap().misfit, None, "{world}");
        engine().load(&world.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap();
    }
}

#[test]
fn rejects_an_earlier_contract_and_lists_missing_exports() {
    insta::assert_snapshot!(refusal("old-contract", fixture("old-contract")), @r"
    plugin `old-contract` does not fit this host: it was built for phasegate:plugin@0.0.9, this host implements 0.1.0
      missing  export runner.collect
      missing  export runner.run-tests
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    ");
}

#[test]
fn rejects_a_later_contract_without_other_differences() {
    let changes = [("plugin@0.1.0", "plugin@0.2.0")];
    insta::assert_snapshot!(altered_refusal("agent-plugin", &changes), @r"
    plugin `code` does not fit this host: it was built for phasegate:plugin@0.2.0, this host implements 0.1.0; everything that it uses is the same in both
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0
    ");
}

#[test]
fn differences_name_the_field_and_the_case() {
    let changes = [
        ("plugin@0.1.0", "plugin@0.2.0"),
        ("        attempt: u32,\n        inputs", "        attempt: u64,\n        inputs"),
        ("low, medium, high, critical", "low, medium, high, critical, fatal"),
        ("write: func(level: level, line: string)", "write: func(level: level, line: string, at: u64)"),
        ("    inputs: func()", "    delete: func(name: string);\n    inputs: func()"),
    ];
    insta::assert_snapshot!(altered_refusal("agent-plugin", &changes), @r"
    plugin `code` does not fit this host: it was built for phasegate:plugin@0.2.0, this host implements 0.1.0
      differs  agent.run: parameter `assignment`, record `assignment`, field `attempt`: u32 here, u64 there
      differs  agent.run: parameter `assignment`, record `assignment`, field `feedback`, element, record `feedback-item`, field `issues`, element, record `issue`, field `severity`, enum `severity`, case `fatal`: absent here, present there
      extra    import artifacts.delete: this host has no such function
      differs  log.write: parameters: (level, line) here, (level, line, at) there
    hint: operator: use a build for phasegate:plugin@0.1.0, or the version of Phasegate that it was made for
    hint: author: build it against the `wit/` of 0.1.0; remove the extra imports
    ");
}

#[test]
fn missing_exports_are_named() {
    let changes = [("collect: func(code: list<file>, tests: list<file>) -> result<list<string>, list<string>>;", "")];
    insta::assert_snapshot!(altered_refusal("runner-plugin", &changes), @r"
    plugin `code` does not fit this host: it differs from world runner-plugin of phasegate:plugin@0.1.0
      missing  export runner.collect
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    ");
}

#[test]
fn optional_exports_have_to_fit_as_well() {
    let changes = [("passed: list<string>, seed: u64", "passed: list<string>, seed: u32")];
    insta::assert_snapshot!(altered_refusal("probed-runner-plugin", &changes), @r"
    plugin `code` does not fit this host: it differs from world runner-plugin of phasegate:plugin@0.1.0
      differs  runner-probe.probe: parameter `seed`: u64 here, u32 there
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    ");
}

#[test]
fn signature_differences_show_both_types() {
    let changes = [
        ("environment: func() -> string", "environment: func(language: string) -> list<u8>"),
        ("output: string,", "output: option<string>,"),
    ];
    insta::assert_snapshot!(altered_refusal("runner-plugin", &changes), @r"
    plugin `code` does not fit this host: it differs from world runner-plugin of phasegate:plugin@0.1.0
      differs  runner.environment: parameters: () here, (language) there
      differs  runner.environment: result: string here, list<u8> there
      differs  runner.run-tests: result, ok, record `test-run`, field `tests`, element, record `test-case`, field `output`: string here, option<string> there
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    ");
    let changes = [("run: async func(assignment: assignment)", "run: func(assignment: assignment)")];
    insta::assert_snapshot!(altered_refusal("agent-plugin", &changes), @r"
    plugin `code` does not fit this host: it differs from world agent-plugin of phasegate:plugin@0.1.0
      differs  agent.run: an async func here, a plain func there
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: build it against the released `wit/` of 0.1.0
    ");
}

#[test]
fn extra_imports_are_named() {
    let disk = "package acme:plugin; interface disk { read: func(path: string) -> list<u8>; }";
    let http = "package wasi:http@0.2.3; interface outgoing-handler { handle: func(url: string); }";
    let world = "world feedback-plugin {\n    import log;";
    let more = "import acme:plugin/disk; import wasi:http/outgoing-handler@0.2.3; import models-blocking;";
    let files = altered(&[(world, &format!("{world} {more}"))]);
    insta::assert_snapshot!(refusal("nosy", component(&files, &[disk, http], "feedback-plugin")), @r"
    plugin `nosy` does not fit this host: it differs from world feedback-plugin of phasegate:plugin@0.1.0
      extra    import acme:plugin/disk
      extra    import models-blocking: feedback-plugin is given log
      extra    import wasi:http/outgoing-handler@0.2.3
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: remove the extra imports; of WASI 0.2 the host provides only virtual clocks, random numbers, standard streams and an empty file system
    ");
    insta::assert_snapshot!(refusal("ungranted", fixture("ungranted")), @r"
    plugin `ungranted` does not fit this host: it differs from world feedback-plugin of phasegate:plugin@0.1.0
      extra    import acme:plugin/disk
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: remove the extra imports
    ");
}

#[test]
fn unknown_interface_of_the_contract_is_extra() {
    let world = "world feedback-plugin {\n    import log;";
    let files = altered(&[(world, &format!("interface secrets {{ key: func() -> string; }} {world} import secrets;"))]);
    insta::assert_snapshot!(refusal("nosy", component(&files, &[], "feedback-plugin")), @r"
    plugin `nosy` does not fit this host: it differs from world feedback-plugin of phasegate:plugin@0.1.0
      extra    import phasegate:plugin/secrets@0.1.0: this host has no such interface
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: remove the extra imports
    ");
}

#[test]
fn rejection_without_a_known_world_lists_the_worlds() {
    let files = [(
        "it.wit".to_owned(),
        "package acme:tool@1.0.0; interface tool { go: func(); } world tool-world { export tool; }".to_owned(),
    )];
    insta::assert_snapshot!(refusal("tool", component(&files, &[], "tool-world")), @r"
    plugin `tool` does not fit this host: it exports acme:tool/tool@1.0.0, and a plugin exports one of agent, agent-blocking, feedback and runner of phasegate:plugin@0.1.0
    hint: operator: no grant or setting helps; use a build that fits, or another plugin
    hint: author: export the interface of one of the worlds in `wit/plugin.wit`
    ");
}

#[test]
fn live_contract_is_compatible_with_its_release() {
    let live = wit("");
    assert!(live.iter().all(|(_, text)| text.contains(&format!("package phasegate:plugin@{CONTRACT};"))), "{CONTRACT}");
    // A version without a released copy is still in development and may change.
    let released =
        if versions().contains(&CONTRACT.to_owned()) { wit(&format!("released/{CONTRACT}")) } else { return };
    assert_eq!(breaking_changes(&texts(&released), &texts(&live)).unwrap(), [""; 0], "wit/ breaks released components");
}

#[test]
fn released_contracts_are_unchanged() {
    let digests = versions().into_iter().map(|version| {
        let text: String = wit(&format!("released/{version}")).into_iter().map(|(name, text)| name + &text).collect();
        assert!(text.contains(&format!("package phasegate:plugin@{version};")), "{version}");
        format!("{version} {}", Digest::from_content(text.as_bytes()))
    });
    insta::assert_snapshot!(digests.collect::<Vec<_>>().join("\n"), @"0.1.0 sha256:213c5ac3742faf227f9fdbde41d4640aaa1da17bce02359b6c5c9da33b6a0bec");
}

fn versions() -> Vec<String> {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit/released")).unwrap();
    let mut versions: Vec<String> = folders.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    versions.sort();
    versions
}

fn texts(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}
