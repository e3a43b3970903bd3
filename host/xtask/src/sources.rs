//! The digest of a component's sources: paths and contents of the files, in the order of paths.
//!
//! Excluded are files that do not affect the component (`tests`, `benches`, `wit/released`, a crate's `README.md` and
//! `Cargo.lock`, hidden files) and generated ones (`target`, `build`, `__pycache__`, `*.wasm`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

const EXCLUDED_FOLDERS: [&str; 6] = ["target", "build", "tests", "benches", "released", "__pycache__"];
const EXCLUDED_FILES: [&str; 2] = ["README.md", "Cargo.lock"];

/// Returns the digest of all source files in these folders: `sha256:` and 64 hexadecimal digits.
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
    Ok(render_digest(hash))
}

/// Returns the digest of bytes: `sha256:` and 64 hexadecimal digits.
pub fn digest_bytes(bytes: &[u8]) -> String {
    render_digest(Sha256::new_with_prefix(bytes))
}

/// Returns the source files in these folders, relative to the root, in order.
pub fn files(root: &Path, folders: &BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for folder in folders {
        let walk =
            WalkDir::new(root.join(folder)).into_iter().filter_entry(|entry| entry.depth() == 0 || is_source(entry));
        for entry in walk {
            let entry = entry.with_context(|| format!("{} cannot be walked", folder.display()))?;
            if entry.file_type().is_file() {
                found.insert(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
    }
    Ok(found)
}

fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    if name.starts_with('.') {
        return false;
    }
    if entry.file_type().is_dir() {
        return !EXCLUDED_FOLDERS.contains(&name.as_ref());
    }
    let is_excluded = entry.depth() == 1 && EXCLUDED_FILES.contains(&name.as_ref());
    let is_generated = name.ends_with(".wasm") || name.ends_with(".pyc");
    !is_excluded && !is_generated
}

fn render_digest(hash: Sha256) -> String {
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
