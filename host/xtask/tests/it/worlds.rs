//! Imports and exports of the committed components, so that a plugin that imports more than its world is found here and not
//! by an operator.

use std::collections::BTreeSet;
use std::fs;

use wit_component::DecodedWasm;
use xtask::dist::Dist;
use xtask::root;

/// Returns the names of imports and exports of a component.
fn ports(file: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let bytes = fs::read(root().join(file)).unwrap();
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
        panic!("{file} is no component")
    };
    let world = resolve.worlds.get(world).unwrap();
    let name = |(key, _): (&_, &_)| resolve.name_world_key(key);
    (world.imports.iter().map(name).collect(), world.exports.iter().map(name).collect())
}

fn check(files: &[&str], export: &str, allowed: &[&str]) {
    let full = |name: &&str| format!("phasegate:plugin/{name}@0.1.0");
    let allowed: BTreeSet<String> = allowed.iter().chain(&["types", "work", "model-types"]).map(full).collect();
    for file in files {
        let (imports, exports) = ports(file);
        assert_eq!(exports, BTreeSet::from([full(&export)]), "{file}");
        let beyond: Vec<_> = imports.difference(&allowed).collect();
        assert!(beyond.is_empty(), "{file} imports {beyond:?}");
    }
}

#[test]
fn agents_import_nothing_beyond_their_world() {
    let names = ["planning", "design", "design-review", "code", "code-review", "test", "postmortem"];
    let files: Vec<String> = names.iter().map(|name| format!("plugins/dist/{name}.wasm")).collect();
    let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
    files.push("examples/security-audit/security-audit.wasm");
    check(&files, "agent", &["models", "artifacts", "test-bench", "log"]);
}

#[test]
fn strategies_import_only_the_log() {
    let files = [
        "plugins/dist/feedback-phase-aware.wasm",
        "plugins/dist/feedback-nearest-phase.wasm",
        "examples/feedback-custom/feedback-custom.wasm",
    ];
    check(&files, "feedback", &["log"]);
}

#[test]
fn only_the_test_agent_imports_the_test_bench() {
    let components = Dist::load(&root()).unwrap();
    let files = components.components().iter().map(|component| component.file.as_str());
    let standard = files.filter(|file| !file.contains("fixtures/") && !file.ends_with(".zst"));
    let with: Vec<&str> =
        standard.filter(|file| ports(file).0.iter().any(|name| name.contains("/test-bench@"))).collect();
    assert_eq!(with, ["plugins/dist/test.wasm"]);
}

#[test]
fn components_hold_no_build_path() {
    let home = root();
    let home = home.to_str().unwrap().as_bytes();
    for component in
        Dist::load(&root()).unwrap().components().iter().filter(|component| component.file.ends_with(".wasm"))
    {
        let bytes = fs::read(root().join(&component.file)).unwrap();
        assert!(!bytes.windows(home.len()).any(|window| window == home), "{}", component.file);
    }
}
