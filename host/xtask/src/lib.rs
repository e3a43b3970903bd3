//! Build steps beyond cargo: finds the components of the repository, builds them into `plugins/dist`, and reports those whose
//! sources have changed since. `bench` measures.
//!
//! Source digests depend on paths and contents alone, not on the machine. Checking needs no wasm toolchain. Errors name the
//! file and the command that fixes it.

use std::path::{Path, PathBuf};

use anyhow::Result;

pub mod bench;
pub mod dist;
pub mod make;
pub mod member;
pub mod sources;
pub mod toolchain;

/// Returns the root of the repository that this program was compiled in.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Returns the faults of the committed components, one sentence each; none if all are up to date.
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
