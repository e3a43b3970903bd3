//! The program's own files and folders: state, locks, agreements.
//!
//! Guarantees: nothing is opened through a symbolic link or a second hard link, and nothing that another account owns or can
//! write to; new files have mode 0600 and new folders 0700; a file is replaced as a whole or not at all. A fault is an error
//! of kind `PermissionDenied`, with a text such as `it is a symbolic link`.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;

use crate::input::{is_no_file, not_regular};
use crate::owner::check_owner;

/// How [`open_private`] opens a file. No kind truncates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read an existing file.
    Read,
    /// To read and write an existing file.
    Write,
    /// To read and write a file, which is created if there is none.
    Create,
}

/// Opens a file of the program itself: a regular file of this account, with one name, that no other account can write to.
pub fn open_private(path: &Path, access: Access) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .write(access != Access::Read)
        .create(access == Access::Create)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| link_error(path, error))?;
    let metadata = file.metadata()?;
    match () {
        () if !metadata.is_file() => Err(not_regular(&file)),
        () if metadata.nlink() > 1 => Err(denied("it has a second name (a hard link)")),
        () => check_owner(&metadata).map(|()| file).map_err(|why| denied(&why.to_string())),
    }
}

/// Checks that a person may name this path for a file that is written: there is nothing, or a regular file. Returns whether
/// there is one. A symbolic link is refused, and not followed.
pub fn check_output(path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_symlink() => Err(denied("it is a symbolic link")),
        Ok(metadata) if !metadata.is_file() => Err(is_no_file(Some(metadata.file_type()))),
        Ok(_) => Ok(true),
    }
}

/// Replaces a file atomically: writes a new file beside it, with this mode, syncs it, and renames it over the old one. A
/// symbolic link at `path` is replaced and not followed.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = NewFile::create(path, mode)?;
    new.file().write_all(bytes)?;
    new.place()
}

/// A new file that takes the place of `path` when it is complete. It is removed if it is dropped before.
#[derive(Debug)]
pub struct NewFile<'a> {
    path: &'a Path,
    new: PathBuf,
    file: File,
    placed: bool,
}

impl<'a> NewFile<'a> {
    /// Creates the file beside `path`, under a name that no file has.
    pub fn create(path: &'a Path, mode: u32) -> io::Result<Self> {
        loop {
            let new = unused_path(path);
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&new) {
                // Left by a process that was killed, or prepared by others.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => return Ok(Self { path, new, file: file?, placed: false }),
            }
        }
    }

    /// Returns the file, to be written.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Syncs the file and renames it to `path`.
    pub fn place(mut self) -> io::Result<()> {
        // Without this, a power cut could leave an empty file under the name.
        self.file.sync_all()?;
        std::fs::rename(&self.new, self.path)?;
        self.placed = true;
        Ok(())
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.placed {
            let _ = std::fs::remove_file(&self.new);
        }
    }
}

/// Creates a folder of the program itself with mode 0700, and its parents as usual. Narrows the mode of an existing folder of
/// this account. Fails if it is a link or belongs to another account.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let metadata = std::fs::symlink_metadata(path)?;
    match () {
        () if metadata.is_symlink() => return Err(denied("it is a symbolic link")),
        () if !metadata.is_dir() => return Err(io::Error::new(ErrorKind::NotADirectory, "it is not a folder")),
        () if metadata.uid() != rustix::process::geteuid().as_raw() => {
            return Err(denied(&format!("it belongs to another user (uid {})", metadata.uid())));
        }
        () => {}
    }
    match metadata.mode() & 0o077 {
        0 => Ok(()),
        _ => std::fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o700)),
    }
}

fn link_error(path: &Path, error: io::Error) -> io::Error {
    match std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        true => denied("it is a symbolic link"),
        false => error,
    }
}

pub(crate) fn denied(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, reason)
}

/// Returns a path beside `path` that no other process of this program uses.
fn unused_path(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_added_extension(format!("new-{}-{number}", std::process::id()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn opens_neither_links_nor_shared_files() {
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("own"));
        std::fs::write(&target, "keep").unwrap();
        let refusal = |path: &Path| open_private(path, Access::Create).unwrap_err().to_string();
        symlink(&target, &path).unwrap();
        assert_eq!(refusal(&path), "it is a symbolic link");
        std::fs::remove_file(&path).unwrap();
        std::fs::hard_link(&target, &path).unwrap();
        assert_eq!(refusal(&path), "it has a second name (a hard link)");
        std::fs::remove_file(&path).unwrap();
        std::fs::set_permissions(&target, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(refusal(&target), "other users may write to it (mode 0666)");
        assert_eq!(refusal(dir.path().join("target/x").as_path()), "Not a directory (os error 20)");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "keep");
        assert_eq!(open_private(&path, Access::Create).unwrap().metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn replaces_links_without_following_them() {
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("own"));
        std::fs::write(&target, "keep").unwrap();
        symlink(&target, &path).unwrap();
        replace(&path, b"new", 0o600).unwrap();
        assert_eq!([&target, &path].map(|path| std::fs::read_to_string(path).unwrap()), ["keep", "new"]);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn narrows_own_folders_and_rejects_links() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, link) = (dir.path().join("a/b"), dir.path().join("link"));
        let mode = || std::fs::metadata(&folder).unwrap().mode() & 0o777;
        create_private_folder(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        create_private_folder(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        symlink(&folder, &link).unwrap();
        assert_eq!(create_private_folder(&link).unwrap_err().to_string(), "it is a symbolic link");
    }
}
