//! The digest of what a component is made of: paths and contents of the files, in order of path, nothing else.
//!
//! Left out: what never reaches a component (`tests`, `benches`, `wit/released`, a crate's `README.md` and `Cargo.lock`,
//! hidden files) and what is made from the sources (`target`, `build`, `__pycache__`, `*.wasm`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

const FOLDERS_LEFT_OUT: [&str; 6] = ["target", "build", "tests", "benches", "released", "__pycache__"];
const FILES_LEFT_OUT: [&str; 2] = ["README.md", "Cargo.lock"];

/// `sha256:` and 64 hex digits over every source file of these folders.
pub fn digest(root: &Path, folders: &BTreeSet<PathBuf>) -> Result<String> {
    let mut hash = Sha256::new();
    for path in files(root, folders)? {
        let content = fs::read(root.join(&path)).with_context(|| format!("{} cannot be read", path.display()))?;
        let name = path.to_string_lossy().replace('\\', "/");
        for part in [name.as_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(named(hash))
}

/// `sha256:` and 64 hex digits of these bytes.
pub fn digest_of(bytes: &[u8]) -> String {
    named(Sha256::new_with_prefix(bytes))
}

/// The files that count, from the root, in order.
pub fn files(root: &Path, folders: &BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for folder in folders {
        let walk =
            WalkDir::new(root.join(folder)).into_iter().filter_entry(|entry| entry.depth() == 0 || counts(entry));
        for entry in walk {
            let entry = entry.with_context(|| format!("{} cannot be walked", folder.display()))?;
            if entry.file_type().is_file() {
                found.insert(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
    }
    Ok(found)
}

fn counts(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    if name.starts_with('.') {
        return false;
    }
    if entry.file_type().is_dir() {
        return !FOLDERS_LEFT_OUT.contains(&name.as_ref());
    }
    let top = entry.depth() == 1 && FILES_LEFT_OUT.contains(&name.as_ref());
    let made = name.ends_with(".wasm") || name.ends_with(".pyc");
    !top && !made
}

fn named(hash: Sha256) -> String {
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
