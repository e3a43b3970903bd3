//! Paths: the state folder, the cache of compiled plugins, and the components that journals share.

use std::path::{Component, Path, PathBuf};

use phasegate_runtime::ErrorCode;

use crate::exit::Failure;

use phasegate_files::{TrustedFolders, Untrusted, Wanted, check_control, find_upwards};

/// The name of the usual state folder.
pub const STATE: &str = ".phasegate";

/// Returns the current folder.
pub fn current_dir() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// Returns a folder that was named relative to the current one.
pub fn folder(named: &Path) -> PathBuf {
    if named == Path::new(".") { current_dir() } else { current_dir().join(named) }
}

/// Renders a path relative to the current folder if it lies below it.
pub fn display_path(path: &Path) -> String {
    let near = path.strip_prefix(current_dir()).unwrap_or(path);
    if near.as_os_str().is_empty() { ".".to_owned() } else { near.display().to_string() }
}

/// Returns the state folder that `PHASEGATE_STATE` names, as `--state` does.
pub fn state_of_environment() -> Option<PathBuf> {
    std::env::var_os("PHASEGATE_STATE").filter(|folder| !folder.is_empty()).map(PathBuf::from)
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

/// Returns the cache folder for compiled plugins, shared by all projects of a user; `None` if neither `XDG_CACHE_HOME` nor
/// `HOME` is set. Fails if `XDG_CACHE_HOME` lies in the project: machine code that a repository ships must not run.
pub fn cache_dir(state: &Path) -> Result<Option<PathBuf>, Failure> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let (chosen, home) = (variable("XDG_CACHE_HOME"), variable("HOME"));
    let projects = [Some(current_dir()), state.parent().map(Path::to_owned)];
    for project in projects.iter().flatten() {
        // A person may work in the home folder itself.
        let is_home = home.as_deref().is_some_and(|home| is_within(home, project));
        if let Some(chosen) = chosen.as_deref().filter(|chosen| !is_home && is_within(chosen, project)) {
            let message =
                format!("XDG_CACHE_HOME `{}` lies in the project, which may ship compiled plugins", chosen.display());
            return Err(Failure::usage(message)
                .with_code(ErrorCode::SandboxUnavailable)
                .with_hint("set XDG_CACHE_HOME to a folder outside of the project, or unset it"));
        }
    }
    let cache = chosen.or_else(|| home.map(|home| home.join(".cache")));
    Ok(cache.map(|cache| cache.join("phasegate").join("compiled")))
}

/// Returns the folder for components that the journals of a user share; `None` if neither `XDG_DATA_HOME` nor `HOME` is set.
pub fn components_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let data = variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("phasegate").join("components"))
}

/// Returns the folder of the packages that were pulled to this machine; `None` if neither `XDG_DATA_HOME` nor `HOME` is set.
pub fn packages_dir() -> Option<PathBuf> {
    components_dir().map(|components| components.with_file_name("packages"))
}

/// Returns the path without symbolic links, as far as it exists.
pub fn real_path(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|above| Some((above.canonicalize().ok()?, path.strip_prefix(above).ok()?)));
    known.map_or_else(
        || path.to_owned(),
        |(above, rest)| if rest.as_os_str().is_empty() { above } else { above.join(rest) },
    )
}

/// Returns true if the path, which need not exist, lies in the folder after all symbolic links on the way.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let Some(known) = path.ancestors().find(is_there) else { return false };
    let rest = path.strip_prefix(known).unwrap_or(path);
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    is_plain && known.canonicalize().is_ok_and(|known| known.starts_with(folder))
}
