//! The distributions that a project says it requires: in `pyproject.toml`, `setup.cfg` and files of requirements.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::ini::parse_ini;
use crate::sources::Sources;

const MAX_BYTES: u64 = 512 << 10;
/// The most files of requirements that are read.
const MAX_FILES: usize = 20;
const PLUGIN: &str = "pytest-";

/// Distributions by their normalized names, without those that the runner has.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// What the code needs.
    pub(super) required: Vec<String>,
    /// Plugins of pytest.
    pub(super) plugins: Vec<String>,
}

/// Reads what a project requires. Of what only developers need, plugins of pytest count: other tools run no tests.
pub(super) fn declared(sources: &Sources<'_>, modules: &[String]) -> Declared {
    let (mut required, mut optional) = (BTreeSet::new(), BTreeSet::new());
    if let Some(table) = sources.read_text("pyproject.toml", MAX_BYTES).and_then(|text| text.parse::<Table>().ok()) {
        from_pyproject(&Value::Table(table), &mut required, &mut optional);
    }
    if let Some(text) = sources.read_text("setup.cfg", MAX_BYTES) {
        let sections = parse_ini(&text);
        let setting = |section: &str, name: &str| sections.get(section).and_then(|it| it.get(name));
        add_lines(setting("options", "install_requires").map_or("", String::as_str), &mut required);
        for lists in sections.get("options.extras_require").into_iter().flat_map(|extras| extras.values()) {
            add_lines(lists, &mut optional);
        }
    }
    let files = sources.files.iter().map(|file| file.path.as_str()).filter(|path| is_requirements(path));
    for path in files.take(MAX_FILES) {
        let text = sources.read_text(path, MAX_BYTES).unwrap_or_default();
        add_lines(&text, if path == "requirements.txt" { &mut required } else { &mut optional });
    }
    let is_missing = |name: &&String| {
        let module = name.replace('-', "_");
        name.as_str() != "python" && !modules.iter().any(|it| *it == module || it == *name)
    };
    let is_plugin = |name: &&String| name.starts_with(PLUGIN);
    let plugins: BTreeSet<&String> = required.iter().chain(&optional).filter(is_plugin).collect();
    Declared {
        required: required.iter().filter(|name| !is_plugin(name)).filter(is_missing).cloned().collect(),
        plugins: plugins.into_iter().filter(is_missing).cloned().collect(),
    }
}

fn from_pyproject(document: &Value, required: &mut BTreeSet<String>, optional: &mut BTreeSet<String>) {
    let at = |path: &[&str]| path.iter().try_fold(document, |value, key| value.get(key));
    let texts = |value: &Value| {
        let values = value.as_array().into_iter().flatten();
        values.filter_map(Value::as_str).filter_map(distribution).collect::<Vec<_>>()
    };
    required.extend(at(&["project", "dependencies"]).map(texts).unwrap_or_default());
    for groups in [at(&["project", "optional-dependencies"]), at(&["dependency-groups"])] {
        optional.extend(groups.and_then(Value::as_table).into_iter().flat_map(Table::values).flat_map(texts));
    }
    let names = |value: Option<&Value>| {
        let table = value.and_then(Value::as_table).into_iter();
        table.flat_map(Table::keys).filter_map(|name| distribution(name)).collect::<Vec<_>>()
    };
    required.extend(names(at(&["tool", "poetry", "dependencies"])));
    optional.extend(names(at(&["tool", "poetry", "dev-dependencies"])));
    for group in at(&["tool", "poetry", "group"]).and_then(Value::as_table).into_iter().flat_map(Table::values) {
        optional.extend(names(group.get("dependencies")));
    }
}

fn is_requirements(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with(".txt") && ((folder.is_empty() && name.starts_with("requirements")) || folder == "requirements")
}

fn add_lines(text: &str, names: &mut BTreeSet<String>) {
    names.extend(text.lines().filter(|line| !line.trim_start().starts_with(['-', '#'])).filter_map(distribution));
}

/// Returns the normalized name at the start of a requirement such as `Typing_Extensions[x]>=4; python_version < "3.11"`.
fn distribution(requirement: &str) -> Option<String> {
    let text = requirement.trim();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')).unwrap_or(text.len());
    let name = text.get(..end)?;
    let rest = text.get(end..)?.trim_start();
    let is_requirement = rest.is_empty() || rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';', '@', ',', '#']);
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    (is_requirement && name.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .then(|| parts.join("-").to_ascii_lowercase())
}
