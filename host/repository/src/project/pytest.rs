//! The settings of pytest that decide which tests a repository has.
//!
//! They come from the first file at the top of the repository that has any, in pytest's order: `pytest.toml`, `pytest.ini`,
//! `pyproject.toml`, `tox.ini`, `setup.cfg`. A file that cannot be parsed has no settings and is named. Nothing is executed.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Value;

use super::ini::parse_ini;
use super::shell_words::shell_words;
use crate::sources::Sources;

/// The largest file of settings that is read.
const MAX_BYTES: u64 = 512 << 10;
/// The limits of one setting, and of a pattern that is compiled.
const MAX_WORDS: usize = 200;
const MAX_PATTERN_BYTES: usize = 512;
const FILES: [&str; 7] =
    ["pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"];
/// The settings that are used.
const SETTINGS: [&str; 7] =
    ["testpaths", "python_files", "python_classes", "python_functions", "norecursedirs", "pythonpath", "addopts"];
const DEFAULT_FILES: [&str; 2] = ["test_*.py", "*_test.py"];
const DEFAULT_SKIPPED: [&str; 10] =
    ["*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}", "__pycache__"];

/// What decides which tests a repository has. Lists are empty where the default applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PytestSettings {
    /// The file with the settings.
    pub file: Option<String>,
    /// Folders and files that are searched for tests.
    pub testpaths: Vec<String>,
    /// Patterns for the names of test files.
    pub python_files: Vec<String>,
    /// Prefixes or patterns for the names of test classes.
    pub python_classes: Vec<String>,
    /// Prefixes or patterns for the names of test functions.
    pub python_functions: Vec<String>,
    /// Patterns for the names of folders that are not searched.
    pub norecursedirs: Vec<String>,
    /// Folders that modules are imported from, relative to the top; without those outside.
    pub pythonpath: Vec<String>,
    /// Files and folders that `addopts` leaves out with `--ignore`, relative to the top.
    pub ignored: Vec<String>,
    /// Patterns of paths that `addopts` leaves out with `--ignore-glob`.
    pub ignored_globs: Vec<String>,
    /// Plugins that `addopts` switches off with `-p no:NAME`.
    pub disabled_plugins: Vec<String>,
    /// Files that cannot be parsed and settings that are not used whole, with the reason.
    pub unreadable: Vec<String>,
}

impl PytestSettings {
    /// Reads the settings at the top of a repository.
    pub fn read(sources: &Sources<'_>) -> Self {
        let mut settings = Self::default();
        for file in FILES {
            if sources.files.iter().any(|found| found.path == file && found.size > MAX_BYTES) {
                settings.unreadable.push(format!("`{file}` is not used: it has more than {MAX_BYTES} bytes"));
            }
            let Some(text) = sources.read_text(file, MAX_BYTES) else { continue };
            match section(file, text.trim_start_matches('\u{feff}')) {
                Ok(Some(values)) => {
                    settings.file = Some(file.to_owned());
                    settings.apply(file, &values);
                    return settings;
                }
                Ok(None) => {}
                Err(why) => settings.unreadable.push(format!("`{file}` cannot be parsed: {why}")),
            }
        }
        settings
    }

    fn apply(&mut self, file: &str, values: &BTreeMap<String, Vec<String>>) {
        let words = |name: &str| values.get(name).into_iter().flatten().take(MAX_WORDS).cloned().collect::<Vec<_>>();
        for name in SETTINGS {
            let count = values.get(name).map_or(0, Vec::len);
            if count > MAX_WORDS {
                let why = format!("only the first {MAX_WORDS} of {count} values of `{name}` in `{file}` are used");
                self.unreadable.push(why);
            }
        }
        self.testpaths = words("testpaths").iter().filter_map(|path| inside(path)).collect();
        self.python_files = words("python_files");
        self.python_classes = words("python_classes");
        self.python_functions = words("python_functions");
        self.norecursedirs = words("norecursedirs");
        self.pythonpath = words("pythonpath").iter().filter_map(|path| inside(path)).collect();
        let options = words("addopts");
        let mut options = options.iter().map(String::as_str);
        while let Some(option) = options.next() {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let mut value = || if option.contains('=') { Some(value) } else { options.next() };
            match name {
                "--ignore" => self.ignored.extend(value().and_then(inside)),
                "--ignore-glob" => self.ignored_globs.extend(value().map(str::to_owned)),
                "-p" => self.disabled_plugins.extend(value().and_then(|it| it.strip_prefix("no:")).map(str::to_owned)),
                _ => {
                    let joined = option.strip_prefix("-pno:").map(str::to_owned);
                    self.disabled_plugins.extend(joined);
                }
            }
        }
    }

    /// Returns the test files among paths that are relative to the top, in their order.
    pub fn test_files<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Vec<&'p str> {
        let or = |patterns: &[String], default: &[&str]| match patterns {
            [] => default.iter().map(|pattern| (*pattern).to_owned()).collect(),
            patterns => patterns.to_vec(),
        };
        let files: (Vec<_>, Vec<_>) =
            or(&self.python_files, &DEFAULT_FILES).into_iter().partition(|pattern| pattern.contains('/'));
        let (paths_of_tests, names_of_tests) = (globs(&files.0), globs(&files.1));
        let skipped = globs(&or(&self.norecursedirs, &DEFAULT_SKIPPED));
        let roots = globs(&self.testpaths);
        let ignored = globs(&self.ignored_globs);
        let is_below = |path: &str, folder: &str| {
            path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) || folder.is_empty()
        };
        let is_test = |path: &&str| {
            let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
            // A test path may have wildcards: its folders are compared one by one.
            let root = roots.is_empty().then_some("").or_else(|| prefixes(path).find(|prefix| roots.is_match(prefix)));
            let Some(root) = root else { return false };
            let searched = folders.strip_prefix(root).unwrap_or_default();
            path.ends_with(".py")
                && (paths_of_tests.is_match(path) || names_of_tests.is_match(name))
                && !searched.split('/').any(|folder| skipped.is_match(folder))
                && !self.ignored.iter().any(|folder| is_below(path, folder))
                && !prefixes(path).any(|prefix| ignored.is_match(prefix))
        };
        paths.into_iter().filter(is_test).collect()
    }
}

/// Returns the folders that a path lies in, from the top, and the path itself.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(end, _)| path.get(..end)).chain([path])
}

/// Returns patterns as one matcher.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns.iter().filter_map(|pattern| glob(pattern)) {
        set.add(pattern);
    }
    set.build().unwrap_or_default()
}

/// Returns a pattern as `fnmatch` has it: `*` matches any text. A pattern that is too long or cannot be compiled matches
/// nothing.
fn glob(pattern: &str) -> Option<Glob> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return None;
    }
    // Braces have no meaning for `fnmatch`.
    let pattern = pattern.replace('{', "[{]").replace('}', "[}]");
    GlobBuilder::new(&pattern).literal_separator(false).backslash_escape(false).build().ok()
}

/// Returns a path relative to the top; `None` for one outside. The top itself is the empty text.
fn inside(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns the settings of pytest in a file; `None` where it has no section for pytest.
fn section(file: &str, text: &str) -> Result<Option<BTreeMap<String, Vec<String>>>, String> {
    if file.ends_with(".toml") {
        let table: toml::Table = text.parse().map_err(|why: toml::de::Error| why.message().to_owned())?;
        let pytest = match file {
            "pyproject.toml" => table.get("tool").and_then(|tool| tool.get("pytest")),
            _ => table.get("pytest"),
        };
        let Some(pytest) = pytest else { return Ok(None) };
        let options = pytest.get("ini_options").unwrap_or(pytest).as_table();
        return Ok(
            options.map(|options| options.iter().map(|(name, value)| (name.clone(), toml_words(value))).collect())
        );
    }
    let name = if file == "setup.cfg" { "tool:pytest" } else { "pytest" };
    let mut sections = parse_ini(text);
    // A file of pytest alone counts even if it is empty.
    let found = sections.remove(name).or_else(|| file.ends_with("pytest.ini").then(BTreeMap::new));
    Ok(found.map(|settings| settings.into_iter().map(|(name, value)| (name, shell_words(&value))).collect()))
}

fn toml_words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => shell_words(text),
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
