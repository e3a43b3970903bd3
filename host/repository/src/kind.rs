//! What the content of a file is.

use gix::bstr::ByteSlice;
use phasegate_process::repository::FileKind;

use crate::tree::{FileMode, TreeFile};

/// The first line of a pointer of Git LFS.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// A pointer is smaller than this.
const MAX_LFS_BYTES: usize = 1024;
/// A NUL byte in so many bytes makes a file binary, as git has it.
const PROBE: usize = 8000;
/// Extensions of files whose content is never text.
const BINARY: [&str; 58] = [
    "7z", "a", "avi", "avif", "bin", "bmp", "bz2", "class", "db", "dll", "doc", "docx", "dylib", "eot", "exe", "flac",
    "gif", "gz", "heic", "ico", "jar", "jpeg", "jpg", "lib", "lz4", "mo", "mov", "mp3", "mp4", "npy", "npz", "o",
    "ogg", "otf", "parquet", "pdf", "pickle", "pkl", "png", "ppt", "pptx", "pyc", "rar", "so", "sqlite", "sqlite3",
    "tar", "tgz", "tif", "tiff", "ttf", "wasm", "wav", "webp", "whl", "woff", "woff2", "xz",
];
const BINARY_TOO: [&str; 4] = ["xls", "xlsx", "zip", "zst"];

/// Returns what a regular file with this content is.
pub fn content_kind(bytes: &[u8]) -> FileKind {
    match () {
        () if bytes.len() < MAX_LFS_BYTES && bytes.starts_with(LFS) => FileKind::Lfs,
        () if has_nul(bytes) || bytes.to_str().is_err() => FileKind::Binary,
        () => FileKind::Text,
    }
}

/// Whether git takes the content for binary.
pub(crate) fn has_nul(bytes: &[u8]) -> bool {
    bytes.iter().take(PROBE).any(|byte| *byte == 0)
}

impl TreeFile {
    /// Returns the kind as far as mode and name tell it: a regular file counts as text unless its extension is known to be of
    /// binary files. Reads nothing.
    pub fn likely_kind(&self) -> FileKind {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match self.mode {
            FileMode::Symlink => FileKind::Symlink,
            FileMode::Submodule => FileKind::Submodule,
            FileMode::File | FileMode::Executable => match extension {
                Some(it) if BINARY.contains(&it.as_str()) || BINARY_TOO.contains(&it.as_str()) => FileKind::Binary,
                _ => FileKind::Text,
            },
        }
    }
}
