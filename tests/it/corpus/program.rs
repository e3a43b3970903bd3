//! The programs of `tests/corpus/`, with their recorded native verdicts and listed differences.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use phasegate_test::repository;

/// The verdict of each test by its name.
pub type Verdicts = BTreeMap<String, String>;

/// A program or a variant of one.
pub struct Program {
    /// `features/main_guard`, or `pairs/lru_cache/forgets_use` for a variant.
    pub name: String,
    /// The folders with the code. A file of a later one replaces that of an earlier one.
    pub code: Vec<PathBuf>,
    pub tests: PathBuf,
    pub native: Verdicts,
    pub listed: Vec<Listed>,
}

/// A difference between the native verdict of a test and that in the sandbox, which is known and has a reason.
pub struct Listed {
    pub test: String,
    pub native: String,
    pub sandbox: String,
    /// A part of the message in the sandbox.
    pub says: Option<String>,
}

impl Listed {
    /// Returns whether the message in the sandbox is the expected one.
    pub fn fits(&self, message: &str) -> bool {
        self.says.as_ref().is_none_or(|says| message.contains(says))
    }
}

/// Returns each program of the record, in order.
pub fn all_programs() -> Vec<Program> {
    let corpus = repository().join("tests/corpus");
    let record = fs::read_to_string(corpus.join("native.json")).unwrap();
    let record: BTreeMap<String, Verdicts> = serde_json::from_str(&record).unwrap();
    record.into_iter().map(|(name, native)| Program::load(&corpus, name, native)).collect()
}

impl Program {
    fn load(corpus: &Path, name: String, native: Verdicts) -> Self {
        let parts: Vec<&str> = name.split('/').collect();
        let (folder, variant) = match parts[..] {
            [group, base] => (corpus.join(group).join(base), None),
            [group, base, variant] => (corpus.join(group).join(base), Some(variant)),
            _ => panic!("{name}: not the name of a program"),
        };
        let variant = variant.map(|variant| folder.join("variants").join(variant));
        let is_variant = variant.is_some();
        let code = [Some(folder.join("code")), variant].into_iter().flatten().collect();
        let mut listed = load_listed(&folder.join("expected.toml"));
        // A variant may break a test in another way.
        listed.retain(|it| !is_variant || native.get(&it.test) == Some(&it.native));
        Self { name, code, tests: folder.join("tests"), native, listed }
    }
}

fn load_listed(path: &Path) -> Vec<Listed> {
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries = table["differs"].as_array().unwrap();
    let listed = entries.iter().map(|entry| {
        let word = |key: &str| Some(entry.get(key)?.as_str()?.to_owned());
        let needed = |key: &str| word(key).unwrap_or_else(|| panic!("{}: no `{key}`: {entry}", path.display()));
        assert!(needed("reason").len() >= 10, "{}: a reason is missing", path.display());
        Listed { test: needed("test"), native: needed("native"), sandbox: needed("sandbox"), says: word("says") }
    });
    listed.collect()
}
