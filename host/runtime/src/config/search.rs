//! Finds `phasegate.toml`, and checks that no other account controls the files that configure a run.

use std::path::{Path, PathBuf};

use phasegate_files::{TrustedFolders, Untrusted, Wanted, check_control, find_upwards};

use crate::error::config::ConfigFault;

/// Name of the configuration file.
pub(super) const FILE_NAME: &str = "phasegate.toml";

/// Returns the nearest `phasegate.toml` in `start` or a folder above it. Fails if another account controls it and it is not in
/// a trusted folder.
pub fn find_file(start: &Path, trusted: &TrustedFolders) -> Result<Option<PathBuf>, ConfigFault> {
    find_upwards(start, FILE_NAME, Wanted::File, trusted).map_err(|fault| {
        let is_here = std::fs::canonicalize(start).is_ok_and(|start| fault.path().parent() == Some(&start));
        let instead = match is_here {
            true => "name another configuration with --config FILE".to_owned(),
            false => {
                let start = start.display();
                format!("create your own phasegate.toml in `{start}`, or name another one with --config FILE")
            }
        };
        reject(fault, &instead)
    })
}

/// Returns a configuration that a person named, unless another account controls it.
pub(crate) fn check_named_file(file: PathBuf, trusted: &TrustedFolders) -> Result<PathBuf, ConfigFault> {
    let instead = "copy the file to a folder of your own, and name the copy with --config FILE";
    check_file(&file, trusted).map_err(|fault| reject(fault, instead))?;
    Ok(file)
}

/// Checks that no other account controls a pipeline file.
pub(crate) fn check_pipeline_file(file: &Path, trusted: &TrustedFolders) -> Result<(), ConfigFault> {
    let instead = "copy the file to a folder of your own, and name the copy with --pipeline FILE";
    check_file(file, trusted).map_err(|fault| reject(fault, instead))
}

/// Checks that no other account controls a lock file, or can create it.
pub(crate) fn check_lock_file(file: &Path, trusted: &TrustedFolders) -> Result<(), ConfigFault> {
    let instead = "name a file in a folder of your own with the environment variable PHASEGATE_LOCK";
    check_file(file, trusted).map_err(|fault| reject(fault, instead))
}

/// Does the same as [`check_control`] except for a device or pipe: reading it fails, and no change of its mode would help.
fn check_file(file: &Path, trusted: &TrustedFolders) -> Result<(), Untrusted> {
    let is_special = |path: &Path| path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    match check_control(file, trusted) {
        Err(fault) if is_special(fault.cause()) => Ok(()),
        checked => checked,
    }
}

fn reject(fault: Untrusted, instead: &str) -> ConfigFault {
    let hints = fault.hints(instead);
    ConfigFault::Untrusted { fault, hints }
}
