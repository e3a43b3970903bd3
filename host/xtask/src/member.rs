//! The components of the repository: their sources, how they are built and where they go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

/// How a component is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// By cargo, from a crate.
    Crate {
        /// The name for `cargo build --package`.
        package: String,
        /// The name of the `.wasm` file that cargo writes, without the extension.
        library: String,
    },
    /// By the script `build.sh`, which takes the path to write to.
    Script,
}

/// A component of the repository.
#[derive(Debug, Clone)]
pub struct Member {
    /// The name of its folder; for a fixture, `fixtures/NAME`.
    pub name: String,
    /// Its folder, relative to the root of the repository.
    pub folder: PathBuf,
    /// The file of the built component, relative to the root of the repository.
    pub file: PathBuf,
    /// How it is built.
    pub recipe: Recipe,
    /// The folders of its sources, relative to the root of the repository: its own, the contract, and crates that it uses.
    pub sources: BTreeSet<PathBuf>,
}

/// Finds all components, sorted by name.
pub fn all(root: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    let dist = Path::new("plugins/dist");
    for folder in folders(root, "plugins")? {
        if let Some(member) = crate_member(root, &folder, dist, "")? {
            members.push(member);
        }
    }
    for folder in folders(root, "plugins/fixtures")? {
        if let Some(member) = crate_member(root, &folder, &dist.join("fixtures"), "fixtures/")? {
            members.push(member);
        }
    }
    for folder in folders(root, "examples")? {
        if let Some(member) = crate_member(root, &folder, &folder, "")? {
            members.push(member);
        }
    }
    members.extend(runner_member(root));
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

fn folders(root: &Path, under: &str) -> Result<Vec<PathBuf>> {
    let path = root.join(under);
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).with_context(|| format!("{under} cannot be listed"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            found.push(Path::new(under).join(entry.file_name()));
        }
    }
    Ok(found)
}

fn crate_member(root: &Path, folder: &Path, into: &Path, prefix: &str) -> Result<Option<Member>> {
    let manifest = manifest(root, folder)?;
    if !is_component(&manifest) {
        return Ok(None);
    }
    let package = text(&manifest, "package", "name")
        .with_context(|| format!("{}/Cargo.toml: no package name", folder.display()))?;
    let library = text(&manifest, "lib", "name").unwrap_or_else(|| package.replace('-', "_"));
    let base = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sources = BTreeSet::from([PathBuf::from("wit")]);
    collect_crates(root, folder, &mut sources)?;
    Ok(Some(Member {
        file: into.join(format!("{base}.wasm")),
        name: format!("{prefix}{base}"),
        folder: folder.to_path_buf(),
        recipe: Recipe::Crate { package, library },
        sources,
    }))
}

fn is_component(manifest: &Table) -> bool {
    let types = manifest.get("lib").and_then(|lib| lib.get("crate-type")).and_then(Value::as_array);
    types.is_some_and(|types| types.iter().any(|kind| kind.as_str() == Some("cdylib")))
}

/// Collects a crate's folder and, through its path dependencies, the folders of all crates that it uses.
fn collect_crates(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    if !found.insert(folder.to_path_buf()) {
        return Ok(());
    }
    let manifest = manifest(root, folder)?;
    let Some(dependencies) = manifest.get("dependencies").and_then(Value::as_table) else { return Ok(()) };
    for (name, dependency) in dependencies {
        let shared = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
        let path = if shared {
            workspace_path(root, name)?
        } else {
            dependency.get("path").and_then(Value::as_str).map(|path| normalize(&folder.join(path)))
        };
        if let Some(path) = path {
            collect_crates(root, &path, found)?;
        }
    }
    Ok(())
}

fn workspace_path(root: &Path, name: &str) -> Result<Option<PathBuf>> {
    let workspace = manifest(root, Path::new("plugins"))?;
    let dependency = workspace.get("workspace").and_then(|table| table.get("dependencies")?.get(name));
    let path = dependency.and_then(|dependency| dependency.get("path")?.as_str());
    Ok(path.map(|path| normalize(&Path::new("plugins").join(path))))
}

fn manifest(root: &Path, folder: &Path) -> Result<Table> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(root.join(&path)).with_context(|| format!("{} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

fn text(manifest: &Table, table: &str, key: &str) -> Option<String> {
    manifest.get(table)?.get(key)?.as_str().map(str::to_owned)
}

/// Resolves `..` without reading the disk: `a/../b` becomes `b`.
fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

fn runner_member(root: &Path) -> Option<Member> {
    let folder = PathBuf::from("plugins/runner-python");
    root.join(&folder).join("build.sh").is_file().then(|| Member {
        name: "runner-python".to_owned(),
        file: PathBuf::from("plugins/dist/runner-python.wasm.zst"),
        recipe: Recipe::Script,
        sources: BTreeSet::from([PathBuf::from("wit"), folder.clone()]),
        folder,
    })
}
