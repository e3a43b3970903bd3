//! Settings with which pytest runs the tests of a run in the output folder as the Python test runner ran them.
//!
//! The runner finds modules in the root, in `src/` and beside the tests, and imports each test file on its own.

use std::collections::{BTreeMap, BTreeSet};

/// Returns `pytest.ini` by path, or nothing if the files have settings for pytest or no suite of Python is there. The file also
/// keeps pytest from settings and `conftest.py` of the folders above.
pub(super) fn settings(code: &BTreeMap<String, String>, tests: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let python = || tests.keys().filter(|path| path.ends_with(".py"));
    if python().next().is_none() || code.iter().chain(tests).any(|(path, content)| is_settings(path, content)) {
        return BTreeMap::new();
    }
    let mut roots = vec!["."];
    if code.keys().any(|path| path.starts_with("src/")) {
        roots.push("src");
    }
    let mut more = String::new();
    if python().any(|path| file_name(path) == "tests.py") {
        more.push_str("python_files = test_*.py *_test.py tests.py\n");
    }
    if shares_module_names(tests) {
        // Pytest would take the second file for the first one. In this mode it does not search beside the tests by itself.
        more.push_str("addopts = --import-mode=importlib\n");
        let folders: BTreeSet<&str> = python().filter_map(|path| folder(path)).collect();
        roots.extend(folders.into_iter().filter(|folder| *folder != "src" && !folder.contains([' ', '"', '\''])));
    }
    let roots = roots.join(" ");
    let text = format!(
        "# With these settings `python -m pytest` runs the tests in this folder as the run did.\n\
         [pytest]\npythonpath = {roots}\n{more}"
    );
    BTreeMap::from([("pytest.ini".to_owned(), text)])
}

/// Whether two test files outside of packages have the same name.
fn shares_module_names(tests: &BTreeMap<String, String>) -> bool {
    let mut seen = BTreeSet::new();
    let is_in_package = |path: &str| folder(path).is_some_and(|it| tests.contains_key(&format!("{it}/__init__.py")));
    let modules = tests.keys().filter(|path| path.ends_with(".py") && !is_in_package(path));
    modules.map(|path| file_name(path)).any(|name| name != "conftest.py" && !seen.insert(name))
}

/// Whether pytest takes its settings from this file, if it is in the folder where pytest starts.
fn is_settings(path: &str, content: &str) -> bool {
    match path {
        "pytest.ini" | ".pytest.ini" | "pytest.toml" | ".pytest.toml" => true,
        "pyproject.toml" => content.contains("[tool.pytest"),
        "setup.cfg" => content.contains("[tool:pytest]"),
        "tox.ini" => content.contains("[pytest]"),
        _ => false,
    }
}

fn folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder)
}

/// Returns the last segment of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
