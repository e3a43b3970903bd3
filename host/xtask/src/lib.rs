//! The project's own build steps beyond cargo: which components there are, what they are made of, and whether what is
//! committed under `plugins/dist` is still made of it.
//!
//! Promises: source digests depend on paths and contents alone, never on the machine; checking needs no wasm toolchain.
//! Fails with words that name the file and the command that mends it.

use std::path::{Path, PathBuf};

use anyhow::Result;

pub mod dist;
pub mod make;
pub mod member;
pub mod sources;
pub mod toolchain;

/// The repository this was compiled in.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Everything that makes the committed components stale, one sentence each; none when all is well.
pub fn stale(root: &Path) -> Result<Vec<String>> {
    let dist = dist::Dist::load(root)?;
    let members = member::all(root)?;
    let mut faults = Vec::new();
    for member in &members {
        faults.extend(dist.fault(root, member)?);
    }
    for component in dist.components() {
        if !members.iter().any(|member| member.name == component.name) {
            faults.push(format!("{}: listed in {}, but there is no such plugin", component.name, dist::PATH));
        }
    }
    Ok(faults)
}
