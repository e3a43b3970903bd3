//! A second account of this machine, for attacks that need one. Only root can act for it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::output::Output;
use crate::workspace::Paths;

/// The account `nobody` with a folder of its own, which is removed with this value.
///
/// ```ignore
/// let Some(other) = OtherUser::new(PATHS) else { return };
/// other.write("phasegate.toml", "locked = true\n");
/// assert_eq!(other.call(&["runs"]).code, 2);
/// ```
pub struct OtherUser {
    folder: tempfile::TempDir,
    binary: PathBuf,
}

impl OtherUser {
    /// Number of the account, and of its group.
    pub const UID: u32 = 65534;

    /// Returns `None`, and says why, where the tests do not run as root or the account cannot reach the temporary folder.
    pub fn new(paths: Paths) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            eprintln!("not tested: only root can act for a second account");
            return None;
        }
        let other = Self { folder, binary: PathBuf::from(paths.binary) };
        other.give("");
        other.create_folder("home");
        if other.can_run() {
            return Some(other);
        }
        // The checkout is below a private folder.
        let binary = other.path("bin/phasegate");
        other.create_folder("bin");
        fs::hard_link(paths.binary, &binary).or_else(|_| fs::copy(paths.binary, &binary).map(drop)).unwrap();
        let other = Self { binary, ..other };
        let reached = other.can_run();
        if !reached {
            eprintln!("not tested: the second account cannot reach {}", other.folder.path().display());
        }
        reached.then_some(other)
    }

    fn can_run(&self) -> bool {
        self.command(&["--version"]).status().is_ok_and(|status| status.success())
    }

    /// A file in the account's folder, which need not exist. An empty name gives the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of this account, with mode 0644, and the folders that it is in, with mode 0755.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.create_folder(folder);
        }
        fs::write(self.path(name), contents).unwrap();
        self.set_mode(name, 0o644);
        self.give(name);
    }

    /// Creates a folder of this account and its parents below the account's folder, with mode 0755.
    pub fn create_folder(&self, name: &str) {
        let mut folder = self.folder.path().to_owned();
        for part in Path::new(name) {
            folder.push(part);
            if !folder.exists() {
                fs::create_dir(&folder).unwrap();
                set_mode(&folder, 0o755);
                give(&folder);
            }
        }
    }

    /// Makes the account the owner of a file, link or folder in its folder, and of everything below.
    pub fn give(&self, name: &str) {
        give(&self.path(name));
    }

    /// Sets the permissions of a file or folder in the account's folder.
    pub fn set_mode(&self, name: &str, mode: u32) {
        set_mode(&self.path(name), mode);
    }

    /// The binary as this account calls it: in its folder, with a home folder of its own, and nothing else of the environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).current_dir(self.folder.path()).uid(Self::UID).gid(Self::UID);
        command.env_clear().env("USER", "nobody").env("HOME", self.path("home"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn call(&self, args: &[&str]) -> Output {
        Output::from_command(self.command(args))
    }
}

/// Makes the second account the owner of a file, link or folder, and of everything below. Only root can do it.
pub fn give(path: &Path) {
    lchown(path, Some(OtherUser::UID), Some(OtherUser::UID)).unwrap();
    if fs::symlink_metadata(path).unwrap().is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| give(&entry.unwrap().path()));
    }
}

/// Sets the permissions of a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
