//! Component files: reading them, and their digests.
//!
//! The digest of a file is remembered, and the file is read again when it is another file or its size or one of its times
//! differs. The time of the last change (`ctime`) cannot be set, so a file that is rewritten in place is noticed also where
//! its other times are set back. Times have a precision: a file that was changed in the last seconds is not remembered, and
//! neither is one that changes while it is read.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use phasegate_files::open_input;
use phasegate_process::Digest;
use phasegate_process::sync::lock;

use crate::plugins::manifests::manifest_of;

/// Maximal size of a component. It bounds the memory that a compressed file can take, and is above the sandbox's own limit.
pub const MAX_COMPONENT_BYTES: u64 = 512 << 20;

/// The most files that are remembered.
const MAX_KNOWN: usize = 1_000;
/// The coarsest precision of a file system's times, in seconds.
const PRECISION_S: i64 = 3;

/// The digests of files, each with the identity of the file when it was read.
static KNOWN: LazyLock<Mutex<HashMap<PathBuf, (Identity, Digest)>>> = LazyLock::new(Mutex::default);

/// Two equal identities of a path mean equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn new(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }

    /// Returns whether a later change of the file gives it other times.
    fn is_old(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed());
        self.changed.0.max(self.modified.0) < now.saturating_sub(PRECISION_S)
    }
}

/// Returns the digest of a component file. Reads the file only if it may have changed since the last call.
pub(crate) fn file_digest(path: &Path) -> io::Result<Digest> {
    let file = open_input(path)?;
    let found = Identity::new(&file.metadata()?);
    if let Some((_, digest)) = lock(&KNOWN).get(path).filter(|(known, _)| *known == found) {
        return Ok(digest.clone());
    }
    let bytes = read_open(&file, path)?;
    let digest = Digest::from_content(&bytes);
    manifest_of(&digest, || Ok::<_, io::Error>(bytes))?;
    if found.is_old() && Identity::new(&file.metadata()?) == found {
        remember(path, found, &digest);
    }
    Ok(digest)
}

/// Remembers the digest of a file.
fn remember(path: &Path, found: Identity, digest: &Digest) {
    let mut known = lock(&KNOWN);
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.insert(path.to_owned(), (found, digest.clone()));
}

/// Reads to the end; fails above `max` bytes.
fn read_limited(from: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > max {
        true => Err(io::Error::other(format!("it has more than {max} bytes, the limit of a component"))),
        false => Ok(bytes),
    }
}

/// Reads a component file, and decompresses it if its name ends in `.zst`.
pub fn read_component(path: &Path) -> io::Result<Vec<u8>> {
    read_open(&open_input(path)?, path)
}

/// Reads an open component file; `path` tells whether it is compressed.
fn read_open(file: &File, path: &Path) -> io::Result<Vec<u8>> {
    match path.extension().is_some_and(|extension| extension == "zst") {
        true => read_limited(zstd::Decoder::new(file)?, MAX_COMPONENT_BYTES),
        false => read_limited(file, MAX_COMPONENT_BYTES),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;

    /// A folder with a component file whose digest is remembered.
    fn known_file() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugin.wasm");
        fs::write(&path, b"one").unwrap();
        let file = File::open(&path).unwrap();
        // As if the file had been written a while ago: a test cannot set the time of the last change.
        let found = Identity::new(&file.metadata().unwrap());
        remember(&path, found, &Digest::from_content(b"one"));
        (dir, path)
    }

    fn is_seen(path: &Path, content: &[u8]) -> bool {
        file_digest(path).unwrap() == Digest::from_content(content)
    }

    #[test]
    fn unchanged_files_are_not_read_again() {
        let (_dir, path) = known_file();
        let found = Identity::new(&fs::metadata(&path).unwrap());
        remember(&path, found, &Digest::from_content(b"remembered"));
        assert!(is_seen(&path, b"remembered"));
    }

    #[test]
    fn replaced_and_linked_files_are_read_again() {
        let (dir, path) = known_file();
        let (other, link) = (dir.path().join("other"), dir.path().join("link.wasm"));
        fs::write(&other, b"two").unwrap();
        symlink(&path, &link).unwrap();
        let found = Identity::new(&fs::metadata(&link).unwrap());
        remember(&link, found, &Digest::from_content(b"one"));
        fs::remove_file(&link).unwrap();
        symlink(&other, &link).unwrap();
        assert!(is_seen(&link, b"two"));
        fs::rename(&other, &path).unwrap();
        assert!(is_seen(&path, b"two"));
    }

    #[test]
    fn files_rewritten_with_old_times_are_read_again() {
        let (_dir, path) = known_file();
        let times = fs::metadata(&path).unwrap().modified().unwrap();
        // The clock of the file system has to move on: that of the kernel does so every few milliseconds.
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&path, b"two").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(times).unwrap();
        assert!(is_seen(&path, b"two"));
    }

    #[test]
    fn recently_changed_files_are_not_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugin.wasm");
        fs::write(&path, b"one").unwrap();
        assert!(is_seen(&path, b"one"));
        assert!(lock(&KNOWN).get(&path).is_none());
    }

    #[test]
    fn rejects_components_above_the_size_limit() {
        assert_eq!(read_limited(io::repeat(0).take(10), 10).unwrap().len(), 10);
        let why = read_limited(io::repeat(0), 10).unwrap_err().to_string();
        assert_eq!(why, "it has more than 10 bytes, the limit of a component");
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 20), 1).unwrap();
        assert!(read_limited(zstd::Decoder::new(bomb.as_slice()).unwrap(), 1000).is_err());
    }
}
