//! The structure that ARCHITECTURE.md promises, read from the sources: no cycles between files, folders and crates that
//! import in one direction, and small files. Everything under `#[cfg(test)]` is left out.

mod graph;
mod modules;
mod source;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use phasegate_test::repository;

use self::graph::{Graph, cycles};
use self::modules::Crate;

/// The crates under `host/`, each with all the crates of this repository that it may depend on.
const CRATES: [(&str, &[&str]); 12] = [
    ("files", &[]),
    ("process", &[]),
    ("sandbox", &["files", "process"]),
    ("broker", &["files", "process"]),
    ("journal", &["files", "process"]),
    ("repository", &["files", "process"]),
    ("registry", &["files", "process"]),
    ("runtime", &["files", "process", "sandbox", "broker", "journal", "repository", "registry"]),
    ("experiment", &["files", "process", "sandbox", "broker", "journal", "repository", "registry", "runtime"]),
    ("verify", &["files", "process", "sandbox", "broker", "journal", "repository", "registry", "runtime"]),
    (
        "cli",
        &[
            "files",
            "process",
            "sandbox",
            "broker",
            "journal",
            "repository",
            "registry",
            "runtime",
            "experiment",
            "verify",
        ],
    ),
    ("xtask", &["process", "sandbox"]),
];

/// The folders under `src` of a crate, each with the folders that its files may import from. A folder that is not listed
/// imports from no other. New arrows need a place here; an arrow that no file needs any more must be removed.
const FOLDERS: [(&str, &str, &[&str]); 31] = [
    ("host/cli", "commands", &["svg", "terminal", "view"]),
    ("host/cli", "svg", &["terminal"]),
    ("host/cli", "view", &["svg", "terminal"]),
    ("host/process", "artifact", &["schema"]),
    ("host/process", "compare", &["artifact", "event", "measures", "pipeline", "result", "state"]),
    ("host/process", "experiment", &["event", "measures", "result", "state", "stats"]),
    ("host/process", "feedback", &["event"]),
    ("host/process", "gate", &["event", "pipeline"]),
    ("host/process", "lock", &["manifest", "pipeline", "source"]),
    ("host/process", "manifest", &["pipeline", "schema", "source"]),
    ("host/process", "measures", &["event", "state"]),
    ("host/process", "pipeline", &["artifact", "source"]),
    ("host/process", "result", &["event", "measures", "pipeline", "state"]),
    ("host/process", "state", &["artifact", "event", "feedback", "pipeline"]),
    ("host/repository", "branch", &["tree"]),
    ("host/repository", "map", &["outline", "project", "tree"]),
    ("host/repository", "project", &["outline", "tree"]),
    ("host/repository", "working", &["branch", "tree"]),
    ("host/runtime", "config", &["error", "plugins", "store", "trust"]),
    ("host/runtime", "history", &["error", "store"]),
    ("host/runtime", "output", &["error"]),
    ("host/runtime", "plugins", &["error", "store"]),
    ("host/runtime", "repository", &["error", "store"]),
    ("host/runtime", "run", &["config", "error", "history", "output", "plugins", "repository", "store", "trust"]),
    ("host/runtime", "runs", &["config", "error", "history", "plugins", "repository", "run", "store"]),
    ("host/runtime", "store", &["error", "output"]),
    ("host/runtime", "trust", &["error"]),
    ("host/sandbox", "contract", &["wasi"]),
    ("host/sandbox", "engine", &["compile", "contract", "error", "wasi"]),
    ("host/sandbox", "error", &["contract"]),
    ("plugins/sdk", "repository", &["artifacts"]),
];

const MAX_MEDIAN_LINES: usize = 150;
const MAX_P90_LINES: usize = 400;
const MAX_LINES: usize = 500;
const MAX_WORDS_OF_TEST_NAMES: usize = 8;

#[test]
fn files_import_without_cycles() {
    let cycles = crates()
        .into_iter()
        .flat_map(|(name, graph)| cycles(&graph).into_iter().map(move |cycle| format!("{name}:\n{cycle}")));
    let found: Vec<_> = cycles.collect();
    assert!(found.is_empty(), "cycles between files\n{}", found.join("\n"));
}

#[test]
fn folders_import_in_the_listed_directions() {
    let mut found = BTreeSet::new();
    let mut circles = Vec::new();
    for (name, graph) in crates() {
        let parts = between_parts(&graph);
        circles.extend(cycles(&parts).into_iter().map(|cycle| format!("{name}:\n{cycle}")));
        for (from, targets) in &parts {
            let folders = targets.keys().filter(|to| !is_file(from) && !is_file(to));
            found.extend(folders.map(|to| format!("{name}: {from} -> {to}")));
        }
    }
    assert!(circles.is_empty(), "cycles between folders\n{}", circles.join("\n"));
    let listed = FOLDERS.iter().flat_map(|(name, from, to)| to.iter().map(move |to| format!("{name}: {from} -> {to}")));
    let listed: BTreeSet<String> = listed.collect();
    let new: Vec<_> = found.difference(&listed).collect();
    let unused: Vec<_> = listed.difference(&found).collect();
    assert!(new.is_empty() && unused.is_empty(), "not in FOLDERS: {new:#?}\nin FOLDERS without need: {unused:#?}");
}

#[test]
fn crates_depend_downwards() {
    let mut read = BTreeSet::new();
    for folder in manifests(&repository().join("host")) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let (_, allowed) =
            CRATES.iter().find(|(it, _)| *it == name).unwrap_or_else(|| panic!("{name} is not in CRATES"));
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
        let dependencies = dependencies.lines().take_while(|line| !line.starts_with('['));
        for dependency in dependencies.filter_map(|line| line.strip_prefix("phasegate-")) {
            let dependency = dependency.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(&dependency), "{name} must not depend on {dependency}");
        }
        read.insert(name);
    }
    assert_eq!(read, CRATES.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (place, (name, allowed)) in CRATES.iter().enumerate().filter(|(_, (name, _))| *name != "xtask") {
        let below = |other: &str| CRATES[..place].iter().any(|(it, _)| *it == other);
        assert!(allowed.iter().all(|other| below(other)), "{name} is listed above a crate that it may depend on");
    }
}

#[test]
fn files_stay_small() {
    let mut lines: Vec<(usize, PathBuf)> =
        sources().into_iter().map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file)).collect();
    lines.sort();
    let at = |share: f64| lines[(lines.len() as f64 * share) as usize].0;
    assert!(at(0.5) <= MAX_MEDIAN_LINES, "half of the files have more than {} lines", at(0.5));
    assert!(at(0.9) <= MAX_P90_LINES, "a tenth of the files have more than {} lines", at(0.9));
    let long: Vec<_> = lines.iter().filter(|(lines, _)| *lines > MAX_LINES).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn test_names_have_at_most_eight_words() {
    let mut long = Vec::new();
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        // Behind the attribute of a test may be others, and its `fn` may be `async`.
        let tests = ["#[test]", "#[tokio::test"].into_iter().flat_map(|attribute| text.split(attribute).skip(1));
        let names = tests.filter_map(|rest| rest.split_once("fn ")?.1.split_once('(').map(|(name, _)| name));
        let names = names.filter(|name| name.split('_').count() > MAX_WORDS_OF_TEST_NAMES);
        long.extend(names.map(|name| format!("{}: {name}", file.display())));
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The graph of the files of each target of each crate under `host/` and `plugins/`, by the crate's folder.
fn crates() -> Vec<(String, Graph)> {
    let root = repository();
    let folders = ["host", "plugins", "plugins/fixtures"].into_iter().flat_map(|folder| manifests(&root.join(folder)));
    let mut crates = Vec::new();
    for folder in folders {
        let name = folder.strip_prefix(&root).unwrap().display().to_string();
        let roots = ["lib.rs", "main.rs"].map(|file| folder.join("src").join(file));
        let roots = roots.into_iter().filter(|file| file.exists());
        crates.extend(roots.map(|root| (name.clone(), Crate::read(&root).imports())));
    }
    assert!(crates.len() >= 25, "{} crates", crates.len());
    crates
}

/// The folders directly under a folder that have a `Cargo.toml`, in order.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.join("Cargo.toml").exists());
    folders.sort();
    folders
}

/// Every Rust file of this repository, without those that builds write.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["host", "plugins", "tests", "examples"] {
        rust_files(&repository().join(folder), &mut files);
    }
    files
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("build") {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

/// The same arrows between the parts of a crate: its folders, and the files beside them except for the root.
fn between_parts(graph: &Graph) -> Graph {
    let part = |file: &str| file.split('/').next().unwrap().to_owned();
    let is_root = |file: &str| file == "lib.rs" || file == "main.rs";
    let mut parts: Graph = BTreeMap::new();
    for (from, targets) in graph.iter().filter(|(from, _)| !is_root(from)) {
        for to in targets.keys().filter(|to| !is_root(to) && part(to) != part(from)) {
            parts.entry(part(from)).or_default().entry(part(to)).or_insert_with(|| format!("{from} -> {to}"));
        }
    }
    parts
}

fn is_file(part: &str) -> bool {
    part.ends_with(".rs")
}

#[test]
fn reading_finds_cycles_through_re_exports() {
    let found = |files: &[(&str, &str)]| {
        let load = |name: &str| files.iter().find(|(it, _)| *it == name).map(|(_, text)| (*text).to_owned());
        cycles(&Crate::from_files("lib.rs", &load).imports()).join("\n")
    };
    let lib = ("lib.rs", "mod a;\npub mod b;\npub use a::{A, make as other};");
    let uses_b = ("a.rs", "use crate::b;\npub struct A(b::inner::B);\npub fn make() { \"}\"; }");
    let inner = ("b/inner.rs", "//! crate::A\npub struct B; // crate::A\n#[cfg(test)]\nmod tests { use crate::A; }");
    assert_eq!(found(&[lib, uses_b, ("b/mod.rs", "pub mod inner;"), inner]), "");
    let through_root = ("b/inner.rs", "pub struct B;\nfn f() { crate::other(); }");
    let cycle = "  a.rs -> b/inner.rs (b::inner::B)\n  b/inner.rs -> a.rs (crate::other)\n";
    assert_eq!(found(&[lib, uses_b, ("b/mod.rs", "pub mod inner;"), through_root]), cycle);
    let through_all =
        ("b/inner.rs", "use super::super::*;\npub struct B;\nimpl B { fn f(self) -> A { r#\"crate::b\"#; A(self) } }");
    let cycle = "  a.rs -> b/inner.rs (b::inner::B)\n  b/inner.rs -> a.rs (super::super::A)\n";
    assert_eq!(found(&[lib, uses_b, ("b/mod.rs", "pub mod inner;"), through_all]), cycle);
    let child = ("b/mod.rs", "mod inner;\npub struct Own;\nfn f() { inner::B; }");
    let parent = ("b/inner.rs", "pub struct B;\nuse super::Own;");
    let cycle = "  b/inner.rs -> b/mod.rs (super::Own)\n  b/mod.rs -> b/inner.rs (inner::B)\n";
    assert_eq!(found(&[("lib.rs", "mod b;"), child, parent]), cycle);
}
