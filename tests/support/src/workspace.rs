//! Folders in which the real binary is called, with nothing of this machine's environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::files::fixture;
use crate::hang_up::obey_hang_ups;
use crate::output::Output;

/// Paths that only a test target of the package `phasegate` knows.
#[derive(Debug, Clone, Copy)]
pub struct Paths {
    /// The binary under test: `CARGO_BIN_EXE_phasegate`.
    pub binary: &'static str,
    /// A folder that outlives a test: `CARGO_TARGET_TMPDIR`.
    pub scratch: &'static str,
}

/// An empty folder, which is removed with this value.
pub struct Workspace {
    binary: &'static str,
    folder: tempfile::TempDir,
    home: PathBuf,
}

impl Workspace {
    /// A folder that is also the home folder of the caller: nothing is compiled before.
    pub fn new(paths: Paths) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { binary: paths.binary, home: folder.path().to_owned(), folder }
    }

    /// A folder whose home folder outlives the test, so that components are compiled once for all tests that give `home`.
    pub fn with_shared_home(paths: Paths, home: &str) -> Self {
        let home = Path::new(paths.scratch).join(home);
        fs::create_dir_all(&home).unwrap();
        Self { home, ..Self::new(paths) }
    }

    /// The same folder with files in it, by name and contents.
    pub fn with_files(self, files: &[(&str, &str)]) -> Self {
        files.iter().for_each(|(name, text)| self.write(name, text));
        self
    }

    /// A file in the folder, which need not exist.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The home folder: caches are below it.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Makes a folder in this one the home folder, where nothing is compiled yet.
    pub fn set_own_home(&mut self, name: &str) {
        self.home = self.path(name);
        fs::create_dir_all(&self.home).unwrap();
    }

    /// Writes a file and the folders that it is in.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// A file as text.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of the files and folders directly in the folder, in order.
    pub fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Writes the user's configuration, which is trusted. The home folder must not be shared.
    pub fn set_user_config(&self, text: &str) {
        assert!(self.home.starts_with(self.folder.path()), "other tests use this home folder");
        let folder = self.home.join(".config/phasegate");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The binary with these arguments; its output is captured, its input empty.
    pub fn command(&self, args: &[&str]) -> Command {
        obey_hang_ups();
        let mut command = Command::new(self.binary);
        command.args(args).current_dir(self.folder.path());
        command.env_clear().env("USER", "ann").env("HOME", &self.home);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn call(&self, args: &[&str]) -> Output {
        Output::from_command(self.command(args))
    }

    /// Runs a command and returns stdout, exit code and stderr as one text without what differs from run to run.
    pub fn render(&self, args: &[&str]) -> String {
        let here = fs::canonicalize(self.folder.path()).unwrap().display().to_string();
        self.call(args).transcript(&[(&here, "HERE"), (&fixture("").display().to_string(), "FIXTURES/")])
    }

    /// The same for a command that must end with 2 and write nothing.
    pub fn reject(&self, args: &[&str]) -> String {
        let before = self.entries();
        let text = self.render(args);
        assert!(text.contains("exit 2\n"), "{text}");
        assert_eq!(self.entries(), before, "something was written");
        text
    }
}
