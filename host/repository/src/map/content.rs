//! What files are: text, binary, or a pointer to a file that is stored elsewhere.
//!
//! The bytes decide where the repository is small or the file is part of the map. Otherwise the name of a file decides, so that
//! a map does not read every file of a large repository.

use phasegate_process::repository::FileKind;

use crate::kind::content_kind;
use crate::sources::Sources;
use crate::tree::TreeFile;

/// In repositories of at most so many files and bytes, each file is read.
const MAX_SMALL_FILES: usize = 2_000;
const MAX_SMALL_BYTES: u64 = 8 << 20;
/// The largest file that is read for its kind.
const MAX_CHECKED_BYTES: u64 = 512 << 10;

/// Whether the files of the repository are all read.
pub(super) fn is_small(files: &[TreeFile]) -> bool {
    files.len() <= MAX_SMALL_FILES && files.iter().map(|file| file.size).sum::<u64>() <= MAX_SMALL_BYTES
}

/// Returns what a file is, by its bytes; by its name, where it is large or cannot be read.
pub(super) fn kind_by_content(sources: &Sources<'_>, file: &TreeFile) -> FileKind {
    if !file.is_regular() || file.size > MAX_CHECKED_BYTES {
        return file.likely_kind();
    }
    match ((sources.read)(file).map(|bytes| content_kind(&bytes)), file.likely_kind()) {
        // The extension of an archive or image says more than its bytes do.
        (None | Some(FileKind::Text), likely) => likely,
        (Some(kind), _) => kind,
    }
}
