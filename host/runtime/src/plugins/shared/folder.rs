//! The folder of components: one compressed file for each, named after its digest.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use phasegate_files::{Access, create_private_folder, open_private, replace};
use phasegate_process::Digest;

use crate::plugins::file::MAX_COMPONENT_BYTES;

/// A folder of components, which need not exist yet.
#[derive(Debug, Clone)]
pub struct ComponentFolder(PathBuf);

impl ComponentFolder {
    /// A folder that belongs to the program alone. Relative paths are not allowed.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the file of a component, which need not exist.
    pub(super) fn file(&self, digest: &Digest) -> PathBuf {
        let hex = digest.as_str().strip_prefix("sha256:").unwrap_or(digest.as_str());
        self.0.join(format!("{hex}.wasm.zst"))
    }

    /// Whether there is a file for the component that this account may use. Does not read it.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        open_private(&self.file(digest), Access::Read)
            .is_ok_and(|file| file.metadata().is_ok_and(|data| data.len() > 0))
    }

    /// Reads a component; `None` if there is none. Fails with kind `InvalidData` if its bytes do not match its digest, and if
    /// the file is not one of this account alone.
    pub(super) fn read(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        let file = match open_private(&self.file(digest), Access::Read) {
            Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        let unpacked = zstd::Decoder::new(file).and_then(|from| from.take(MAX_COMPONENT_BYTES).read_to_end(&mut bytes));
        match unpacked {
            Ok(_) if Digest::from_content(&bytes) == *digest => Ok(Some(bytes)),
            _ => Err(io::Error::new(ErrorKind::InvalidData, "its bytes do not match its digest")),
        }
    }

    /// Stores a compressed component; durable when it returns. Replaces a file that is there.
    pub(super) fn write(&self, digest: &Digest, packed: &[u8]) -> io::Result<()> {
        create_private_folder(&self.0)?;
        replace(&self.file(digest), packed, 0o600)?;
        // The name of the file has to last, too.
        std::fs::File::open(&self.0)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    #[test]
    fn returns_only_bytes_that_match_the_digest() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ComponentFolder::new(dir.path().join("data/components"));
        let digest = Digest::from_content(b"wasm");
        assert!(!folder.has(&digest) && folder.read(&digest).unwrap().is_none());
        folder.write(&digest, &packed(b"wasm")).unwrap();
        assert!(folder.has(&digest));
        assert_eq!(folder.read(&digest).unwrap().unwrap(), b"wasm");
        let modes = [folder.path(), &folder.file(&digest)].map(|path| fs::metadata(path).unwrap().mode() & 0o777);
        assert_eq!(modes, [0o700, 0o600]);
        for other in [packed(b"msaw"), packed(b""), b"no archive".to_vec(), packed(b"wasm")[..9].to_vec()] {
            folder.write(&digest, &other).unwrap();
            assert_eq!(folder.read(&digest).unwrap_err().to_string(), "its bytes do not match its digest");
        }
    }

    #[test]
    fn uses_only_files_of_this_account() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ComponentFolder::new(dir.path().join("components"));
        let digest = Digest::from_content(b"wasm");
        folder.write(&digest, &packed(b"wasm")).unwrap();
        let (file, elsewhere) = (folder.file(&digest), dir.path().join("elsewhere"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!folder.has(&digest));
        assert_eq!(folder.read(&digest).unwrap_err().to_string(), "other users may write to it (mode 0666)");
        fs::rename(&file, &elsewhere).unwrap();
        symlink(&elsewhere, &file).unwrap();
        assert_eq!(folder.read(&digest).unwrap_err().to_string(), "it is a symbolic link");
        let linked = ComponentFolder::new(dir.path().join("linked"));
        symlink(folder.path(), linked.path()).unwrap();
        assert_eq!(linked.write(&digest, &packed(b"wasm")).unwrap_err().to_string(), "it is a symbolic link");
    }
}
