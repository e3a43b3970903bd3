//! Folders of the repository, and files in general.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folder `tests/scenarios`.
pub fn scenarios() -> PathBuf {
    repository().join("tests/scenarios")
}

/// The folder `examples`.
pub fn examples() -> PathBuf {
    repository().join("examples")
}

/// A component of `plugins/dist/fixtures`; an empty name gives the folder, with a slash at its end.
pub fn fixture(name: &str) -> PathBuf {
    repository().join("plugins/dist/fixtures").join(name)
}

/// Copies a folder with everything in it, except for folders named `target`.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &target);
            }
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
