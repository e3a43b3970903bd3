//! Repositories in temporary folders, made with the `git` program in an environment of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use phasegate_files::TrustedFolders;
use phasegate_repository::{Base, Change, NewBranch, NewCommit, NewContent, Repository, RepositoryError, TreeFiles};
use tempfile::TempDir;

pub const AUTHOR: &str = "Ada Example <ada@example.org>";

pub struct Repo {
    dir: TempDir,
    pub path: PathBuf,
}

impl Repo {
    /// A repository without commits, on the branch `main`.
    pub fn empty() -> Self {
        Self::with(&["init", "--quiet", "--initial-branch=main", "repo"])
    }

    /// A repository made with this command in an empty folder.
    pub fn with(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = std::fs::canonicalize(dir.path()).unwrap().join("repo");
        let repo = Self { path, dir };
        repo.git_in(repo.dir.path(), args);
        repo
    }

    /// A repository with one commit of these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let repo = Self::empty();
        files.iter().for_each(|(path, text)| repo.write(path, text));
        repo.commit("Start");
        repo
    }

    /// The folder that contains the repository.
    pub fn outside(&self) -> PathBuf {
        std::fs::canonicalize(self.dir.path()).unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.path, args)
    }

    pub fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.command(folder, args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        assert!(output.status.success(), "git {args:?}: {}", text(output.stderr));
        text(output.stdout)
    }

    pub fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(folder).env_clear();
        for (name, value) in [
            ("PATH", std::env::var("PATH").unwrap().as_str()),
            ("HOME", self.dir.path().to_str().unwrap()),
            ("LC_ALL", "C"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ada Example"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada Example"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_AUTHOR_DATE", "1700000000 +0000"),
            ("GIT_COMMITTER_DATE", "1700000000 +0000"),
        ] {
            command.env(name, value);
        }
        command
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn make_executable(&self, path: &str) {
        std::fs::set_permissions(self.path.join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Writes an object of any content, and returns its id.
    pub fn hash(&self, content: &[u8], kind: &str) -> String {
        self.run_with(content, &["hash-object", "-w", "--literally", "-t", kind, "--stdin"])
    }

    /// Returns the id of a file's content, and writes nothing.
    pub fn hash_of(&self, content: &[u8]) -> String {
        self.run_with(content, &["hash-object", "--stdin"])
    }

    fn run_with(&self, content: &[u8], args: &[&str]) -> String {
        use std::io::Write;
        let mut command = self.command(&self.path, args);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(content).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes a commit of a tree of any content, and moves `main` there.
    pub fn commit_tree(&self, tree: &[u8]) {
        let tree = self.hash(tree, "tree");
        let commit = self.git(&["commit-tree", &tree, "-m", "Odd tree"]);
        self.git(&["update-ref", "refs/heads/main", commit.trim()]);
    }

    pub fn try_open(&self) -> Result<Repository, RepositoryError> {
        Repository::open(&self.path, &TrustedFolders::default())
    }

    pub fn open(&self) -> Repository {
        self.try_open().unwrap_or_else(|error| panic!("{}", error.describe()))
    }

    /// Opens the repository, and returns it with the commit at `HEAD` and its files.
    pub fn load(&self) -> (Repository, Base, TreeFiles) {
        let repository = self.open();
        let base = repository.resolve(None).unwrap();
        let files = repository.files(&base.tree).unwrap();
        (repository, base, files)
    }

    /// Message and hints of an error, without the path of the temporary folder.
    pub fn describe(&self, error: &RepositoryError) -> String {
        error
            .describe()
            .replace(self.outside().to_str().unwrap(), "DIR")
            .replace(self.dir.path().to_str().unwrap(), "DIR")
    }

    /// Runs everything that reads or writes, and returns the first error.
    pub fn use_all(&self) -> Result<(), RepositoryError> {
        let repository = self.try_open()?;
        let base = repository.resolve(None)?;
        let files = repository.files(&base.tree)?;
        repository.list(&files, "")?;
        for file in files.files().iter().filter(|file| file.is_regular()) {
            repository.read(file, 1 << 30)?;
        }
        repository.search(&files, "e", "")?;
        repository.subjects(&base.commit, 50)?;
        let _ = repository.author();
        if !repository.is_bare() {
            repository.uncommitted(&base, &files)?;
        }
        repository.write_branch(&one_commit(&base, vec![text("phasegate-new.txt", "new\n")])).map(drop)
    }

    /// Everything of the user that must stay as it is: status, index, `HEAD`, and the names of all references.
    pub fn state(&self) -> (String, Vec<u8>, Vec<u8>, String) {
        let status = self.git(&["status", "--porcelain", "--untracked-files=all"]);
        let read = |name: &str| std::fs::read(self.path.join(".git").join(name)).unwrap_or_default();
        let refs =
            self.git(&["for-each-ref", "--format=%(refname) %(objectname)", "--exclude=refs/heads/phasegate/**"]);
        (status, read("index"), read("HEAD"), refs)
    }

    /// The names and modes of the files of a revision.
    pub fn tree(&self, revision: &str) -> String {
        self.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", revision])
    }

    /// Checks all objects and references as strictly as git can.
    pub fn check(&self) {
        let output = self.command(&self.path, &["fsck", "--strict", "--full", "--no-dangling"]).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && !text.contains("warning") && !text.contains("error"), "{text}");
    }
}

pub fn text(path: &str, content: &str) -> Change {
    Change { path: path.to_owned(), content: NewContent::Text(content.to_owned()), executable: None }
}

pub fn deleted(path: &str) -> Change {
    Change { path: path.to_owned(), content: NewContent::Deleted, executable: None }
}

/// The branch `phasegate/r1` of one commit.
pub fn one_commit(base: &Base, changes: Vec<Change>) -> NewBranch {
    NewBranch { name: "phasegate/r1".to_owned(), base: base.commit.clone(), commits: vec![commit("Work", changes)] }
}

pub fn commit(message: &str, changes: Vec<Change>) -> NewCommit {
    let (author, committer) = (AUTHOR.to_owned(), AUTHOR.to_owned());
    NewCommit { changes, message: message.to_owned(), author, committer, time: 1_700_000_000 }
}
