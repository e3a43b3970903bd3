//! Stale components and their messages.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use xtask::dist::Dist;
use xtask::{make, member, stale};

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Creates a repository with an agent that uses a shared crate and the SDK, a fixture, an example and the Python runner.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let crate_of =
        |name: &str, more: &str| format!("[package]\nname = \"{name}\"\n[lib]\ncrate-type = [\"cdylib\"]\n{more}");
    write(root, "wit/types.wit", "package a:b;");
    write(
        root,
        "plugins/Cargo.toml",
        "[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\nphasegate-plugin = { path = \"sdk\" }\n",
    );
    write(root, "plugins/sdk/Cargo.toml", "[package]\nname = \"phasegate-plugin\"\n");
    write(root, "plugins/sdk/src/lib.rs", "");
    write(
        root,
        "plugins/common/Cargo.toml",
        "[package]\nname = \"common\"\n[dependencies]\nphasegate-plugin.workspace = true\n",
    );
    let on_common = crate_of("code-agent", "[dependencies]\ncommon = { path = \"../common\" }\nserde = \"1\"\n");
    write(root, "plugins/code/Cargo.toml", &on_common);
    write(root, "plugins/code/src/lib.rs", "");
    write(root, "plugins/fixtures/spin/Cargo.toml", &crate_of("fixture-spin", ""));
    write(root, "plugins/runner-python/build.sh", "printf component > \"$1\"\n");
    let on_sdk = crate_of("audit", "[dependencies]\nphasegate-plugin = { path = \"../../plugins/sdk\" }\n");
    write(root, "examples/audit/Cargo.toml", &on_sdk);
    folder
}

/// Stores components for all members, as a build would.
fn built(root: &Path) {
    for member in member::all(root).unwrap() {
        let known = make::store(root, &member, format!("component {}", member.name).as_bytes()).unwrap();
        Dist::change(root, |dist| dist.put(known)).unwrap();
    }
}

fn names(root: &Path) -> Vec<String> {
    stale(root).unwrap().iter().map(|fault| fault.split(':').next().unwrap().to_owned()).collect()
}

#[test]
fn finds_every_component_and_its_path() {
    let repository = repository();
    let members = member::all(repository.path()).unwrap();
    let found: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.file.to_str().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("audit", "examples/audit/audit.wasm"),
            ("code", "plugins/dist/code.wasm"),
            ("fixtures/spin", "plugins/dist/fixtures/spin.wasm"),
            ("runner-python", "plugins/dist/runner-python.wasm.zst"),
        ]
    );
}

#[test]
fn unbuilt_components_name_the_build_command() {
    let repository = repository();
    assert_eq!(
        stale(repository.path()).unwrap()[1],
        "code: was never built; run `cargo xtask plugins code` and commit plugins/dist"
    );
}

#[test]
fn changed_sources_make_components_stale() {
    let repository = repository();
    let root = repository.path();
    built(root);
    assert_eq!(stale(root).unwrap(), Vec::<String>::new());
    write(root, "plugins/common/src/lib.rs", "//! new");
    assert_eq!(names(root), ["code"]);
    assert_eq!(
        stale(root).unwrap(),
        [
            "code: plugins/dist/code.wasm is older than its sources; run `cargo xtask plugins code` and commit plugins/dist"
        ]
    );
    built(root);
    write(root, "plugins/sdk/src/lib.rs", "//! new");
    assert_eq!(names(root), ["audit", "code"]);
    built(root);
    write(root, "wit/types.wit", "package a:c;");
    assert_eq!(names(root), ["audit", "code", "fixtures/spin", "runner-python"]);
}

#[test]
fn irrelevant_files_make_nothing_stale() {
    let repository = repository();
    let root = repository.path();
    built(root);
    for path in ["README.md", "Cargo.lock", "tests/it.rs", "target/x", "build/x", "src/.swp", "code.wasm"] {
        write(root, &format!("plugins/code/{path}"), "new");
    }
    write(root, "wit/released/0.1.0/types.wit", "package a:b;");
    assert_eq!(names(root), Vec::<String>::new());
    write(root, "plugins/code/src/README.md", "a prompt");
    assert_eq!(names(root), ["code"]);
}

#[test]
fn reports_missing_and_replaced_components() {
    let repository = repository();
    let root = repository.path();
    built(root);
    fs::remove_file(root.join("plugins/dist/code.wasm")).unwrap();
    write(root, "plugins/dist/fixtures/spin.wasm", "other");
    let faults = stale(root).unwrap();
    assert!(faults[0].starts_with("code: plugins/dist/code.wasm is missing; run"), "{faults:?}");
    assert!(faults[1].starts_with(
        "fixtures/spin: plugins/dist/fixtures/spin.wasm is not the file that plugins/dist/dist.toml describes; run"
    ));
}

#[test]
fn forgets_components_without_a_plugin() {
    let repository = repository();
    let root = repository.path();
    built(root);
    fs::remove_dir_all(root.join("plugins/code")).unwrap();
    assert_eq!(stale(root).unwrap(), ["code: listed in plugins/dist/dist.toml, but there is no such plugin"]);
    let members = member::all(root).unwrap();
    Dist::change(root, |dist| dist.retain_members(&members)).unwrap();
    assert_eq!(stale(root).unwrap(), Vec::<String>::new());
}

#[test]
fn dist_file_does_not_depend_on_order() {
    let (one, other) = (repository(), repository());
    built(one.path());
    built(other.path());
    let read = |folder: &TempDir| fs::read_to_string(folder.path().join("plugins/dist/dist.toml")).unwrap();
    assert_eq!(read(&one), read(&other));
    let mut members = member::all(one.path()).unwrap();
    members.reverse();
    fs::remove_file(one.path().join("plugins/dist/dist.toml")).unwrap();
    for member in members {
        let known = make::store(one.path(), &member, format!("component {}", member.name).as_bytes()).unwrap();
        Dist::change(one.path(), |dist| dist.put(known)).unwrap();
    }
    assert_eq!(read(&one), read(&other));
}

#[test]
fn runner_decompresses_with_a_plain_decoder() {
    let repository = repository();
    let root = repository.path();
    let members = member::all(root).unwrap();
    let runner = members.iter().find(|member| member.name == "runner-python").unwrap();
    let component = make::compile(root, runner, None).unwrap();
    make::store(root, runner, &component).unwrap();
    let compressed = fs::read(root.join("plugins/dist/runner-python.wasm.zst")).unwrap();
    assert_eq!(zstd::decode_all(compressed.as_slice()).unwrap(), b"component");
}
