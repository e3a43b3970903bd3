//! The modules that Python files import and that neither the repository nor the test runner has.

use std::collections::{BTreeMap, BTreeSet};

use super::pytest::PytestSettings;
use crate::outline::Outline;
use crate::tree::TreeFile;

/// A parsed Python file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PythonFile<'a> {
    pub(crate) path: &'a str,
    pub(crate) outline: &'a Outline,
}

/// A module that is missing, and the files that import it: tests first, then by path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingModule {
    pub(crate) name: String,
    pub(crate) files: Vec<String>,
}

/// Folders whose modules are imported without the name of the folder.
const ROOTS: [&str; 3] = ["", "src", "lib"];
/// Extensions of files that can be imported.
const IMPORTABLE: [&str; 5] = [".py", ".pyi", ".pyx", ".so", ".pyd"];
/// Files and folders whose code runs without tests.
const NOT_TESTED_FILES: [&str; 7] =
    ["setup.py", "noxfile.py", "conf.py", "tasks.py", "fabfile.py", "dodo.py", "manage.py"];
const NOT_TESTED_FOLDERS: [&str; 8] = ["doc", "docs", "examples", "benchmarks", "scripts", "tools", ".github", "ci"];
/// Modules of the standard library that a runner may have without offering them.
const STANDARD: [&str; 98] = [
    "antigravity",
    "asynchat",
    "asyncore",
    "audioop",
    "bdb",
    "builtins",
    "bz2",
    "cProfile",
    "cgi",
    "cgitb",
    "chunk",
    "cmd",
    "code",
    "codeop",
    "compileall",
    "concurrent",
    "crypt",
    "ctypes",
    "curses",
    "distutils",
    "ensurepip",
    "faulthandler",
    "fcntl",
    "fileinput",
    "ftplib",
    "getpass",
    "grp",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "lib2to3",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "optparse",
    "ossaudiodev",
    "pdb",
    "pickletools",
    "pipes",
    "poplib",
    "posix",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "readline",
    "resource",
    "rlcompleter",
    "select",
    "selectors",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "ssl",
    "subprocess",
    "sunau",
    "symtable",
    "sysconfig",
    "syslog",
    "tabnanny",
    "telnetlib",
    "termios",
    "this",
    "timeit",
    "tkinter",
    "trace",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "uu",
    "venv",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xmlrpc",
];
const STANDARD_TOO: [&str; 6] = ["sys", "zipapp", "zipimport", "xdrlib", "test", "compression"];

/// Returns the modules that are missing, those that most files import first.
pub(crate) fn missing_modules(
    tree: &[TreeFile],
    files: &[PythonFile<'_>],
    settings: &PytestSettings,
    modules: &[String],
) -> Vec<MissingModule> {
    let known: BTreeSet<&str> = modules.iter().map(String::as_str).chain(STANDARD).chain(STANDARD_TOO).collect();
    let own = own_modules(tree);
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| is_tested(file.path)) {
        let required = file.outline.imports.iter().filter(|import| !import.optional);
        for name in required.filter_map(|import| import.module.split('.').next()) {
            let roots =
                ROOTS.into_iter().chain(settings.pythonpath.iter().map(String::as_str)).chain(folders(file.path));
            let is_own = || roots.into_iter().any(|root| own.contains(&(root, name)));
            if !name.starts_with('_') && !known.contains(name) && !is_own() {
                missing.entry(name).or_default().insert(file.path);
            }
        }
    }
    let mut missing: Vec<MissingModule> = missing
        .into_iter()
        .map(|(name, files)| {
            let (tests, others): (Vec<&str>, Vec<&str>) = files.into_iter().partition(|path| is_test(path));
            MissingModule { name: name.to_owned(), files: tests.into_iter().chain(others).map(str::to_owned).collect() }
        })
        .collect();
    missing.sort_by(|a, b| b.files.len().cmp(&a.files.len()).then_with(|| a.name.cmp(&b.name)));
    missing
}

/// Returns the modules and packages of the repository: for each folder the names that can be imported from it.
fn own_modules(tree: &[TreeFile]) -> BTreeSet<(&str, &str)> {
    let mut own = BTreeSet::new();
    for file in tree.iter().filter(|file| IMPORTABLE.iter().any(|ending| file.path.ends_with(ending))) {
        for child in folders(&file.path).chain([file.path.as_str()]).filter(|path| !path.is_empty()) {
            let (folder, name) = child.rsplit_once('/').unwrap_or(("", child));
            own.insert((folder, name.split('.').next().unwrap_or(name)));
        }
    }
    own
}

/// Returns the folders that a file lies in, from the top, which is the empty text.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::once("").chain(path.match_indices('/').filter_map(|(end, _)| path.get(..end)))
}

fn is_tested(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    !NOT_TESTED_FILES.contains(&name) && !folders.split('/').any(|folder| NOT_TESTED_FOLDERS.contains(&folder))
}

fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py"
}
