//! Git repositories for whole runs, made with the `git` program: nothing of this machine's configuration counts, and dates and
//! authors are fixed, so that a repository always has the same ids.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{copy_folder, repository};

/// A repository with a working tree.
#[derive(Debug)]
pub struct GitRepository {
    path: PathBuf,
}

/// What a run must not change: `HEAD`, the index, references outside of `refs/heads/phasegate`, `git status`, and the files of
/// the working tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Checkout {
    head: Vec<u8>,
    index: Option<Vec<u8>>,
    references: String,
    status: String,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl GitRepository {
    /// Makes an empty repository on the branch `main`, in a folder that need not exist.
    pub fn new(path: PathBuf) -> Self {
        fs::create_dir_all(&path).unwrap();
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// Makes a repository with one commit of these files.
    pub fn with_files(path: PathBuf, files: &[(&str, &str)]) -> Self {
        let made = Self::new(path);
        files.iter().for_each(|(path, text)| made.write(path, text));
        made.commit("Start");
        made
    }

    /// Makes the repository `ledger` of `tests/repositories`: some fifty files of a Python project with documentation and
    /// tests, of which one fails. Git and this function add what a folder of sources cannot hold well: files with CRLF and
    /// Latin-1, an executable script, a symbolic link, an image, and a long history in the documentation.
    pub fn ledger(path: PathBuf) -> Self {
        let made = Self::new(path);
        copy_folder(&repository().join("tests/repositories/ledger"), &made.path);
        made.commit("feat: reports");
        made.write("data/rates.csv", "currency;rate\r\nUSD;1,08\r\nCHF;0,95\r\n");
        made.write("docs/notes.txt", b"Caf\xe9 and na\xefve totals\n");
        made.write("assets/logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0");
        made.write("scripts/check.sh", "#!/bin/sh\nexec pytest \"$@\"\n");
        fs::set_permissions(made.path.join("scripts/check.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("CHANGELOG.md", made.path.join("CHANGES")).unwrap();
        let history: String = (1..=600)
            .map(|day| format!("- Day {day}: the ledger of day {day} was closed and sent to the archive.\n"))
            .collect();
        made.write("docs/history.md", format!("# History\n\n{history}"));
        made.commit("docs: history, notes and a logo");
        made
    }

    /// The folder of the working tree.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as an argument.
    pub fn argument(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Runs git, which must succeed, and returns its output.
    pub fn git(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.path).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", &self.path).env("LC_ALL", "C");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada Example").env(format!("GIT_{role}_EMAIL"), "ada@example.org");
            command.env(format!("GIT_{role}_DATE"), "1700000000 +0000");
        }
        command
    }

    /// Writes a file of the working tree and the folders that it is in.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Commits everything in the working tree.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Returns a file of a commit as text.
    pub fn show(&self, revision: &str, path: &str) -> String {
        self.git(&["show", &format!("{revision}:{path}")])
    }

    /// Checks all objects and references.
    pub fn check(&self) {
        let output = self.command(&["fsck", "--strict", "--full"]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    }

    /// Returns what a run must not change.
    pub fn checkout(&self) -> Checkout {
        let git = self.path.join(".git");
        let references = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let mut files = BTreeMap::new();
        read_files(&self.path, &mut files);
        Checkout {
            head: fs::read(git.join("HEAD")).unwrap(),
            index: fs::read(git.join("index")).ok(),
            references: references.lines().filter(|line| !line.starts_with("refs/heads/phasegate/")).collect(),
            // Otherwise git would write the index anew.
            status: self.git(&["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--ignored"]),
            files,
        }
    }
}

/// Reads all files below a folder but those of git; of links the target.
fn read_files(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                read_files(&path, files);
            }
        } else if kind.is_symlink() {
            files.insert(path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}
