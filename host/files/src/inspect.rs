//! Checks of files and folders by their paths, for what another library opens, such as the files of a database.
//!
//! Another file can take the place of the checked one before it is opened; in a folder that only this account can write to, no
//! other account can bring that about. Faults have the kinds and texts of `private`.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, OFlags};

use crate::owner::check_owner;
use crate::private::denied;

/// Checks that a path is a regular file with one name, of any account.
pub fn check_regular(path: &Path) -> io::Result<Metadata> {
    let metadata = std::fs::symlink_metadata(path)?;
    match regular(&metadata) {
        Ok(()) => Ok(metadata),
        Err(reason) => Err(denied(reason)),
    }
}

/// Checks that a path is a regular file of this account, with one name, that no other account can write to.
pub fn check_private(path: &Path) -> io::Result<Metadata> {
    let metadata = check_regular(path)?;
    check_owner(&metadata).map_err(|why| denied(&why.to_string()))?;
    Ok(metadata)
}

/// Checks that a path is a folder and not a link to one.
pub fn check_folder(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path)? {
        metadata if metadata.is_symlink() => Err(denied("it is a symbolic link")),
        metadata if !metadata.is_dir() => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder")),
        _ => Ok(()),
    }
}

/// Opens an existing regular file with one name to read, of any account.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // The check comes first for its texts; the flags hold if another account exchanges the file meanwhile.
    check_regular(path)?;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    regular(&file.metadata()?).map_err(denied)?;
    Ok(file)
}

/// Checks that this account may read a file, without opening it.
pub fn check_readable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS)?)
}

/// Takes the rights of other accounts away from a file of this account; leaves files of other accounts as they are.
pub fn narrow(path: &Path, metadata: &Metadata) -> io::Result<()> {
    match metadata.mode() & 0o077 != 0 && is_own(metadata) {
        true => std::fs::set_permissions(path, Permissions::from_mode(metadata.mode() & 0o700)),
        false => Ok(()),
    }
}

/// Whether a file or folder belongs to this account.
pub fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

fn regular(metadata: &Metadata) -> Result<(), &'static str> {
    match () {
        () if metadata.is_symlink() => Err("it is a symbolic link"),
        () if !metadata.is_file() => Err("it is not a regular file"),
        () if metadata.nlink() > 1 => Err("it has a second name (a hard link)"),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn rejects_links_and_second_names() {
        let dir = tempfile::tempdir().unwrap();
        let [file, link, second] = ["file", "link", "second"].map(|name| dir.path().join(name));
        std::fs::write(&file, "text").unwrap();
        symlink(&file, &link).unwrap();
        let refusal = |path: &Path| {
            let reason = check_regular(path).unwrap_err().to_string();
            assert_eq!(open_regular(path).unwrap_err().to_string(), reason);
            reason
        };
        assert!(check_regular(&file).is_ok() && check_private(&file).is_ok() && open_regular(&file).is_ok());
        assert_eq!(refusal(&link), "it is a symbolic link");
        assert_eq!(refusal(dir.path()), "it is not a regular file");
        std::fs::hard_link(&file, &second).unwrap();
        assert_eq!(refusal(&file), "it has a second name (a hard link)");
        assert_eq!(check_folder(&file).unwrap_err().to_string(), "it is not a folder");
        symlink(dir.path(), second.with_extension("link")).unwrap();
        assert_eq!(check_folder(&second.with_extension("link")).unwrap_err().to_string(), "it is a symbolic link");
        assert!(check_folder(dir.path()).is_ok());
    }

    #[test]
    fn narrows_the_mode_of_own_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "text").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(check_private(&file).unwrap_err().to_string(), "other users may write to it (mode 0666)");
        narrow(&file, &std::fs::metadata(&file).unwrap()).unwrap();
        assert_eq!(check_private(&file).unwrap().mode() & 0o777, 0o600);
    }
}
