//! Paths: the state folder and the cache of compiled plugins.

use std::path::{Path, PathBuf};

use phasegate_files::{TrustedFolders, Untrusted, Wanted, check_control, find_upwards};

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

/// Returns `--state`, else the nearest `.phasegate` upwards, else `./.phasegate`; and the fault if it was not named and another
/// account controls it. The folder may not exist.
pub fn state_dir(given: Option<&Path>, trusted: &TrustedFolders) -> (PathBuf, Option<Untrusted>) {
    let here = current_dir();
    if let Some(given) = given {
        return (here.join(given), None);
    }
    match find_upwards(&here, STATE, Wanted::Folder, trusted) {
        Ok(Some(found)) => (found, None),
        Ok(None) => (here.join(STATE), check_control(&here.join(STATE), trusted).err()),
        Err(fault) => (fault.path().to_owned(), Some(fault)),
    }
}

/// Returns the folders whose files count whatever account controls them.
pub fn trusted_folders() -> TrustedFolders {
    TrustedFolders::default()
}

/// Returns the cache folder for compiled plugins, shared by all projects of a user; inside the state folder if neither
/// `XDG_CACHE_HOME` nor `HOME` is set.
pub fn cache_dir(state: &Path) -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    home.map_or_else(|| state.join("compiled"), |cache| cache.join("phasegate").join("compiled"))
}
