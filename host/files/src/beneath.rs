//! A folder in which files are read and written by relative path.
//!
//! Guarantees: nothing outside of the folder is opened, written or removed, also if a path of the folder changes meanwhile:
//! each folder on the way is opened from the one before, and never through a symbolic link. A file is replaced as a whole: the
//! content is written to a new file, which is then renamed. What is in the way (a link, a device, a file with a second name)
//! is an error of kind `PermissionDenied` with a text such as `there is a symbolic link in its place`.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;

/// The beginning of the name of a file that is being written and not yet renamed.
pub const NEW_FILE: &str = ".phasegate-new-";

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Opens a folder. Symbolic links in `path` itself are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, FOLDER, Mode::empty())?))
    }

    /// Opens a folder, and creates it and its parents if there is none.
    pub fn create(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Self::open(path)
    }

    /// Reads a regular file of at most `max` bytes.
    pub fn read(&self, path: &str, max: u64) -> io::Result<Vec<u8>> {
        let (parent, name) = self.parent(path, false)?;
        check_place(&parent, name)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&parent, name, flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(in_the_way("something else is in its place"));
        }
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > max {
            true => Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {max} bytes"))),
            false => Ok(bytes),
        }
    }

    /// Checks that [`Folder::write`] would find nothing in its way. Writes nothing.
    pub fn check(&self, path: &str) -> io::Result<()> {
        match self.parent(path, false) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            found => found.and_then(|(parent, name)| check_place(&parent, name)),
        }
    }

    /// Creates or replaces a file, and creates the folders that it is in.
    pub fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path, true)?;
        check_place(&parent, name)?;
        let (mut file, new) = create_new(&parent)?;
        let placed = file.write_all(bytes).and_then(|()| Ok(rustix::fs::renameat(&parent, &new, &parent, name)?));
        if placed.is_err() {
            let _ = rustix::fs::unlinkat(&parent, &new, AtFlags::empty());
        }
        placed
    }

    /// Removes a file. An absent file is no error.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        let found =
            self.parent(path, false).and_then(|(parent, name)| check_place(&parent, name).map(|()| (parent, name)));
        let removed = found.and_then(|(parent, name)| Ok(rustix::fs::unlinkat(&parent, name, AtFlags::empty())?));
        match removed {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Returns the folder of a file, and the file's name in it.
    fn parent<'a>(&self, path: &'a str, create: bool) -> io::Result<(OwnedFd, &'a str)> {
        if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(in_the_way("its path leaves the folder"));
        }
        let (folders, name) = path.rsplit_once('/').map_or((None, path), |(folders, name)| (Some(folders), name));
        let mut folder = self.0.try_clone()?;
        for segment in folders.into_iter().flat_map(|folders| folders.split('/')) {
            folder = enter(&folder, segment, create)?;
        }
        Ok((folder, name))
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens a folder in a folder, never through a link.
fn enter(folder: &OwnedFd, name: &str, create: bool) -> io::Result<OwnedFd> {
    if create {
        match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match rustix::fs::openat(folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
        Err(Errno::NOTDIR | Errno::LOOP) => Err(in_the_way(match file_type(folder, name)? {
            FileType::Symlink => "there is a symbolic link in its place",
            _ => "a file is where its folder should be",
        })),
        opened => Ok(opened?),
    }
}

/// Checks that a regular file with one name is there, or nothing.
fn check_place(folder: &OwnedFd, name: &str) -> io::Result<()> {
    let known = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        known => known?,
    };
    match FileType::from_raw_mode(known.st_mode as RawMode) {
        FileType::Symlink => Err(in_the_way("there is a symbolic link in its place")),
        FileType::RegularFile if known.st_nlink > 1 => {
            Err(in_the_way("the file in its place has a second name (a hard link)"))
        }
        FileType::RegularFile => Ok(()),
        _ => Err(in_the_way("something else is in its place")),
    }
}

fn file_type(folder: &OwnedFd, name: &str) -> io::Result<FileType> {
    let known = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(known.st_mode as RawMode))
}

/// Creates a file under a name that no file has.
fn create_new(folder: &OwnedFd) -> io::Result<(File, String)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{NEW_FILE}{}-{number}", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(folder, &name, flags, Mode::from_raw_mode(0o666)) {
            Err(Errno::EXIST) => {}
            created => return Ok((created?.into(), name)),
        }
    }
}

fn in_the_way(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, reason)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn refusal<T: std::fmt::Debug>(result: io::Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn replaces_files_and_creates_folders() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(&dir.path().join("x/y")).unwrap();
        folder.check("a/b.txt").unwrap();
        folder.write("a/b.txt", b"first, and longer").unwrap();
        folder.write("a/b.txt", b"second").unwrap();
        assert_eq!(folder.read("a/b.txt", 6).unwrap(), b"second");
        assert_eq!(refusal(folder.read("a/b.txt", 5)), "it has more than 5 bytes");
        assert_eq!(std::fs::read_dir(dir.path().join("x/y/a")).unwrap().count(), 1);
        folder.remove("a/b.txt").unwrap();
        folder.remove("a/b.txt").unwrap();
        folder.remove("c/b.txt").unwrap();
        assert_eq!(folder.read("a/b.txt", 5).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn touches_nothing_behind_links() {
        let dir = tempfile::tempdir().unwrap();
        let (own, other) = (dir.path().join("own"), dir.path().join("other"));
        [&own, &other].into_iter().for_each(|path| std::fs::create_dir(path).unwrap());
        std::fs::write(other.join("kept"), "kept").unwrap();
        symlink(&other, own.join("folder")).unwrap();
        symlink(other.join("kept"), own.join("file")).unwrap();
        std::fs::hard_link(other.join("kept"), own.join("second")).unwrap();
        std::fs::write(own.join("plain"), "").unwrap();
        let folder = Folder::open(&own).unwrap();
        let link = "there is a symbolic link in its place";
        let second = "the file in its place has a second name (a hard link)";
        let leaves = "its path leaves the folder";
        for (path, why) in [
            ("folder/kept", link),
            ("folder/new", link),
            ("folder", link),
            ("file", link),
            ("second", second),
            ("plain/x", "a file is where its folder should be"),
            ("../other/kept", leaves),
            ("/etc/hostname", leaves),
            ("a/../../x", leaves),
        ] {
            assert_eq!(refusal(folder.check(path)), why, "{path}");
            assert_eq!(refusal(folder.write(path, b"x")), why, "{path}");
            assert_eq!(refusal(folder.read(path, 9)), why, "{path}");
            assert_eq!(refusal(folder.remove(path)), why, "{path}");
        }
        assert_eq!(std::fs::read_to_string(other.join("kept")).unwrap(), "kept");
        assert_eq!(std::fs::read_dir(&other).unwrap().count(), 1);
    }
}
