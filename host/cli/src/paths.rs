//! Paths: the state folder, the cache of compiled plugins, and the output folder of each run.

use std::path::{Path, PathBuf};

use phasegate_process::RunId;
use phasegate_runtime::Error;
use phasegate_runtime::output::{self, OutputError};

use crate::exit::{Exit, Failure};

const STATE: &str = ".phasegate";

/// Returns the current folder.
pub fn current_dir() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// Renders a path relative to the current folder if it lies below it.
pub fn display_path(path: &Path) -> String {
    let near = path.strip_prefix(current_dir()).unwrap_or(path);
    if near.as_os_str().is_empty() { ".".to_owned() } else { near.display().to_string() }
}

/// Returns `--state`, else the nearest `.phasegate` upwards, else `./.phasegate`. The folder may not exist.
pub fn state_dir(given: Option<&Path>) -> PathBuf {
    let here = current_dir();
    match given {
        Some(given) => here.join(given),
        None => {
            let found = here.ancestors().map(|folder| folder.join(STATE)).find(|folder| folder.is_dir());
            found.unwrap_or_else(|| here.join(STATE))
        }
    }
}

/// Returns the cache folder for compiled plugins, shared by all projects of a user; inside the state folder if neither
/// `XDG_CACHE_HOME` nor `HOME` is set.
pub fn cache_dir(state: &Path) -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    home.map_or_else(|| state.join("compiled"), |cache| cache.join("phasegate").join("compiled"))
}

/// Saves the output folder of a run, so that `resume` finds it. The file is replaced atomically; a failure is only logged.
pub fn save_out_dir(state: &Path, run: &RunId, out: &Path) {
    let folder = state.join("out");
    let file = folder.join(run.as_str());
    let new = folder.join(format!("new-{}", std::process::id()));
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&new, out.display().to_string()))
        .and_then(|()| std::fs::rename(&new, &file));
    if let Err(why) = written {
        let _ = std::fs::remove_file(&new);
        tracing::warn!("{} cannot be written: {why}", file.display());
    }
}

/// Returns the saved output folder of a run, else the default.
pub fn out_dir(state: &Path, run: &RunId) -> PathBuf {
    let written = std::fs::read_to_string(state.join("out").join(run.as_str())).ok();
    written.filter(|out| !out.is_empty()).map(PathBuf::from).unwrap_or_else(|| default_out_dir(run))
}

/// Returns the default output folder of a run.
pub fn default_out_dir(run: &RunId) -> PathBuf {
    current_dir().join("phasegate-out").join(run.as_str())
}

/// Rejects an output folder that is not empty, unless `force` is set.
pub fn check_out_dir(out: &Path, force: bool) -> Result<(), Failure> {
    output::check_out(out, force).map_err(|error| match error {
        OutputError::NotEmpty { .. } => {
            Failure::usage(format!("output folder `{}` is not empty; nothing was started", display_path(out)))
                .with_hint("choose another folder with --out, or overwrite it with --force")
        }
        _ => Failure::from(Error::from(error)).with_exit(Exit::Usage),
    })
}
