//! Paths: the state folder and the cache of compiled plugins.

use std::path::{Path, PathBuf};

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
