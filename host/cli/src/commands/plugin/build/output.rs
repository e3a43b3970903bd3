//! The file that a tool writes before the manifest is put in.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The file, relative to the folder of the plugin.
pub const MADE: &str = "build/component.wasm";

/// Creates the folder of the file and removes an older file. Returns the whole path.
pub fn prepare_output(dir: &Path) -> Result<PathBuf, Failure> {
    let made = dir.join(MADE);
    let created = made.parent().map_or(Ok(()), std::fs::create_dir_all);
    let removed = created.and_then(|()| match std::fs::remove_file(&made) {
        Err(why) if why.kind() != ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    });
    removed.map_err(|why| Failure::infrastructure(format!("{} cannot be written: {why}", made.display())))?;
    Ok(made)
}
