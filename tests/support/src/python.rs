//! The machine's own Python with pytest, for tests of what a person does with the results of a run.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::repository;

/// Names a Python with pytest. Tests that need one fail without it if this variable is set.
const PYTHON: &str = "PHASEGATE_TEST_PYTHON";

/// Returns a Python that has pytest: the one that the environment names, the one that the Python runner is built with, or
/// `python3`. Prints why and returns `None` if there is none.
pub fn python_with_pytest() -> Option<PathBuf> {
    let has_pytest = |python: &Path| {
        Command::new(python).args(["-m", "pytest", "--version"]).output().is_ok_and(|output| output.status.success())
    };
    if let Some(named) = std::env::var_os(PYTHON).map(PathBuf::from) {
        assert!(has_pytest(&named), "{PYTHON} is {}, which has no pytest", named.display());
        return Some(named);
    }
    let built = repository().join("plugins/runner-python/build/venv/bin/python");
    let found = [built, PathBuf::from("python3")].into_iter().find(|python| has_pytest(python));
    if found.is_none() {
        println!("skipped: no Python with pytest; `plugins/runner-python/venv.sh` makes one, or name one in {PYTHON}");
    }
    found
}
