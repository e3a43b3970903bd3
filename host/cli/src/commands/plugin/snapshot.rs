//! The sources of a plugin at a moment. Comparing two snapshots shows whether something changed, on every file system, also on
//! those that report no changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders with what tools make.
const MADE: [&str; 5] = ["build", "node_modules", "phasegate-out", "target", "__pycache__"];

/// Ends of names of files that no component is made of.
const NO_SOURCES: [&str; 4] = [".json", ".lock", ".md", ".toml"];

/// Paths with the time of the last change and the size.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Snapshot {
    /// Looks at all sources below a folder. Hidden files, components and what cannot be read are left out.
    pub fn of(dir: &Path) -> Self {
        let mut files = BTreeMap::new();
        add(dir, &mut files);
        Self(files)
    }

    /// Returns a source that was changed after a file was made, if there is one.
    pub fn changed_since(&self, made: &Path) -> Option<&Path> {
        let made = made.metadata().and_then(|metadata| metadata.modified()).ok();
        let is_source = |path: &Path| !NO_SOURCES.iter().any(|end| path.to_string_lossy().ends_with(end));
        let mut changed = self.0.iter().filter(|(path, (time, _))| is_source(path) && *time > made);
        changed.next().map(|(path, _)| path.as_path())
    }
}

fn add(folder: &Path, files: &mut BTreeMap<PathBuf, (Option<SystemTime>, u64)>) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if name.starts_with('.') || name == "phasegate.lock" {
            continue;
        }
        if kind.is_dir() {
            if !MADE.contains(&name.as_str()) {
                add(&entry.path(), files);
            }
        } else if !name.ends_with(".wasm")
            && let Ok(metadata) = entry.metadata()
        {
            files.insert(entry.path(), (metadata.modified().ok(), metadata.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_sources_count() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("agent.py", "a");
        let before = Snapshot::of(dir.path());
        for made in ["agent.wasm", "build/component.wasm", "target/x", ".phasegate/journal.db", "phasegate.lock"] {
            write(made, "made");
        }
        assert_eq!(Snapshot::of(dir.path()), before);
        write("cases/first.toml", "");
        assert_ne!(Snapshot::of(dir.path()), before);
    }
}
