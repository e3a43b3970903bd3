//! Files of the repository whose paths and names the suite must not use, and the repository's own tests.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_plugin::{Repository, fenced, host};

/// The most test files that are shown.
const MAX_SHOWN: usize = 200;

/// The files of a repository; empty without one.
#[derive(Debug, Default)]
pub struct Taken {
    paths: BTreeSet<String>,
}

impl Taken {
    /// Lists the files, as far as host and map name them.
    pub fn load(repository: &Repository) -> Self {
        let listed = host::list_files("").map(|list| list.files).unwrap_or_default();
        let mapped = repository.map().paths.iter().map(|file| file.path.clone());
        Self { paths: listed.into_iter().map(|file| file.path).chain(mapped).collect() }
    }

    /// Returns why a test file of the suite cannot have this path; `None` if it can. It may replace a test of the repository.
    pub fn fault(&self, path: &str) -> Option<String> {
        if is_test(path) && self.paths.contains(path) {
            return None;
        }
        if let Some(taken) = self.paths.iter().find(|taken| taken.eq_ignore_ascii_case(path)) {
            return Some(format!(
                "files: `{taken}` is a file of the repository that is no test of this path; choose another"
            ));
        }
        let same = self.tests_by_name().remove(name(path))?;
        Some(format!(
            "files: the name `{}` is taken by `{same}`, and pytest cannot import two test files of one name; choose another",
            name(path)
        ))
    }

    /// Renders the paths of the repository's tests; empty if there are none.
    pub fn render_tests(&self) -> String {
        let tests: Vec<&String> = self.paths.iter().filter(|path| is_test(path)).collect();
        if tests.is_empty() {
            return String::new();
        }
        let mut text: String =
            tests.iter().take(MAX_SHOWN).map(|path| format!("{}\n", path.replace(char::is_control, " "))).collect();
        if tests.len() > MAX_SHOWN {
            text.push_str(&format!("and {} more\n", tests.len() - MAX_SHOWN));
        }
        fenced("Files of the repository's tests", &text)
    }

    /// Test files of pytest by their names.
    fn tests_by_name(&self) -> BTreeMap<&str, &String> {
        let is_pytest = |name: &str| name.ends_with("_test.py") || name.starts_with("test_") && name.ends_with(".py");
        self.paths.iter().map(|path| (name(path), path)).filter(|(name, _)| is_pytest(name)).collect()
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_test(path: &str) -> bool {
    name(path).to_lowercase().contains("test")
}
