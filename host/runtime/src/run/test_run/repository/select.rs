//! The order in which files of a repository are given to test runs, and the limits. Pure.

/// The most bytes of one file.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 20;

/// The most bytes of all files. Each call of a runner gets all of them.
pub(crate) const MAX_ALL_BYTES: u64 = 32 << 20;

/// Endings of code and of the settings of projects, which come before other files.
const FIRST: [&str; 28] = [
    "c", "cc", "cfg", "cjs", "cpp", "cs", "cxx", "go", "h", "hpp", "ini", "java", "js", "jsx", "kt", "mjs", "mod",
    "php", "py", "pyi", "rb", "rs", "sh", "sum", "swift", "toml", "ts", "tsx",
];

/// A file of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether it is a regular file with its content in the repository.
    pub(crate) readable: bool,
}

/// Sorts files by importance: code, tests and settings come before other files, each by path.
pub(crate) fn in_order(mut files: Vec<Listed>) -> Vec<Listed> {
    let is_first = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').is_some_and(|(_, ending)| FIRST.contains(&ending))
    };
    files.sort_by(|a, b| is_first(&b.path).cmp(&is_first(&a.path)).then_with(|| a.path.cmp(&b.path)));
    files
}
