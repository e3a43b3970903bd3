//! Reads, lists and searches files of a tree, within bounds.
//!
//! Guarantees: an answer depends on the tree and the request only; content comes from objects, never from a working tree.
//! Symbolic links are not followed, and pointers of Git LFS are not resolved.

use std::sync::PoisonError;

use gix::bstr::ByteSlice;
use gix::objs::Kind;
use phasegate_process::repository::{FileKind, FileList, MatchList, RepositoryFile, TextMatch};

use crate::error::RepositoryError;
use crate::kind::{content_kind, has_nul};
use crate::objects::Objects;
use crate::repository::Repository;
use crate::tree::{FileMode, TreeFile, TreeFiles};

/// The limit of a file that agents read, in bytes.
pub const MAX_READ_BYTES: u64 = 512 << 10;
/// The limit of files in a list.
pub const MAX_LISTED_FILES: usize = 2000;
/// The limit of lines that a search returns.
pub const MAX_MATCHES: usize = 200;
/// The limit of characters of such a line.
pub const MAX_LINE_CHARS: usize = 400;
/// The limit of the text of a search, in bytes.
pub const MAX_SEARCH_BYTES: usize = 400;
/// A search reads at most so many bytes.
const MAX_SEARCHED_BYTES: u64 = 256 << 20;

impl Repository {
    /// Returns a reader of contents for one thread, for many files in a row.
    pub fn reader(&self) -> FileReader {
        FileReader(self.objects())
    }

    /// Returns the content of a regular file of at most `max` bytes; a pointer of Git LFS as it is.
    pub fn read(&self, file: &TreeFile, max: u64) -> Result<Vec<u8>, RepositoryError> {
        self.reader().read(file, max)
    }

    /// Answers an agent that asks for a file: at most [`MAX_READ_BYTES`] of text or binary content.
    pub fn read_file(&self, files: &TreeFiles, path: &str) -> Result<Vec<u8>, RepositoryError> {
        let file = files.get(path).ok_or_else(|| match files.below(path) {
            [] => RepositoryError::NoFile(path.to_owned()),
            _ => RepositoryError::NotAFile { path: path.to_owned(), kind: "a folder" },
        })?;
        let bytes = self.read(file, MAX_READ_BYTES)?;
        match content_kind(&bytes) {
            FileKind::Lfs => Err(RepositoryError::NotAFile {
                path: path.to_owned(),
                kind: "a pointer of Git LFS, whose content is not in the repository",
            }),
            _ => Ok(bytes),
        }
    }

    /// Answers an agent that asks for the files below a folder; the empty text is the top. An unknown folder has no files.
    pub fn list(&self, files: &TreeFiles, folder: &str) -> Result<FileList, RepositoryError> {
        let below = files.below(folder);
        let reader = self.reader();
        let listed = below.iter().take(MAX_LISTED_FILES).map(|file| {
            Ok(RepositoryFile { path: file.path.clone(), size: file.size, kind: self.known_kind(&reader, file)? })
        });
        let files = listed.collect::<Result<Vec<_>, RepositoryError>>()?;
        Ok(FileList { left_out: (below.len() - files.len()) as u64, files })
    }

    fn known_kind(&self, reader: &FileReader, file: &TreeFile) -> Result<FileKind, RepositoryError> {
        // A thread that panicked had no kind half written.
        let known = || self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        // The name counts too, so a content has the kind of the first file with it only if the name leaves it open.
        let is_open = file.is_regular() && file.likely_kind() == FileKind::Text;
        let found = known().get(&file.id).copied().filter(|_| is_open);
        match found {
            Some(kind) => Ok(kind),
            None => {
                let kind = reader.kind(file)?;
                if is_open {
                    known().insert(file.id, kind);
                }
                Ok(kind)
            }
        }
    }

    /// Answers an agent that searches for a text, without regard to case, in the files below a folder that have no NUL byte
    /// and at most [`MAX_READ_BYTES`].
    pub fn search(&self, files: &TreeFiles, text: &str, folder: &str) -> Result<MatchList, RepositoryError> {
        if text.is_empty() || text.len() > MAX_SEARCH_BYTES || text.contains(['\n', '\r']) {
            return Err(RepositoryError::SearchText { max: MAX_SEARCH_BYTES });
        }
        let (reader, mut searched) = (self.reader(), 0);
        let mut found = MatchList::default();
        let needle = Needle::new(text);
        for file in files.below(folder).iter().filter(|file| file.is_regular() && file.size <= MAX_READ_BYTES) {
            if file.likely_kind() != FileKind::Text {
                continue;
            }
            searched += file.size;
            if searched > MAX_SEARCHED_BYTES {
                found.incomplete = true;
                break;
            }
            let bytes = reader.read(file, MAX_READ_BYTES)?;
            if has_nul(&bytes) {
                continue;
            }
            needle.find(&bytes, &mut |line, text| match found.matches.len() < MAX_MATCHES {
                true => found.matches.push(TextMatch { path: file.path.clone(), line, text: shorten(text) }),
                false => found.incomplete = true,
            });
            if found.incomplete {
                break;
            }
        }
        Ok(found)
    }
}

/// Reads contents of files. Not for several threads.
pub struct FileReader(Objects);

impl FileReader {
    pub(crate) fn objects(&self) -> &Objects {
        &self.0
    }

    /// Returns the content of a regular file of at most `max` bytes.
    pub fn read(&self, file: &TreeFile, max: u64) -> Result<Vec<u8>, RepositoryError> {
        let refused = |kind| Err(RepositoryError::NotAFile { path: file.path.clone(), kind });
        match file.mode {
            FileMode::Symlink => return refused("a symbolic link"),
            FileMode::Submodule => return refused("a submodule"),
            FileMode::File | FileMode::Executable => {}
        }
        if file.size > max {
            return Err(RepositoryError::TooLarge { path: file.path.clone(), size: file.size, limit: max });
        }
        self.0.read(file.id, Kind::Blob, max, &|| format!("the file `{}`", file.path))
    }

    /// Returns the kind of a file. The content is read if name and size do not tell the kind; of a file that agents cannot
    /// read because of its size, the name tells it.
    pub fn kind(&self, file: &TreeFile) -> Result<FileKind, RepositoryError> {
        match file.likely_kind() {
            FileKind::Text if file.size <= MAX_READ_BYTES => Ok(content_kind(&self.read(file, MAX_READ_BYTES)?)),
            // A small file with the extension of an image may be a pointer.
            FileKind::Binary if file.size < 1024 => Ok(match content_kind(&self.read(file, MAX_READ_BYTES)?) {
                FileKind::Lfs => FileKind::Lfs,
                _ => FileKind::Binary,
            }),
            likely => Ok(likely),
        }
    }
}

/// A text that is searched for without regard to case.
struct Needle(String);

impl Needle {
    fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// Calls `found` with the number (from 1) and bytes of each line that contains the text.
    fn find(&self, bytes: &[u8], found: &mut dyn FnMut(u32, &[u8])) {
        if self.0.is_ascii() && !self.is_in(&bytes.to_ascii_lowercase()) {
            return;
        }
        for (number, line) in (1..).zip(bytes.lines()) {
            let is_match = match self.0.is_ascii() {
                true => self.is_in(&line.to_ascii_lowercase()),
                false => self.is_in(line.to_str_lossy().to_lowercase().as_bytes()),
            };
            if is_match {
                found(number, line);
            }
        }
    }

    fn is_in(&self, lower_case: &[u8]) -> bool {
        lower_case.find(self.0.as_bytes()).is_some()
    }
}

fn shorten(line: &[u8]) -> String {
    line.to_str_lossy().chars().take(MAX_LINE_CHARS).collect()
}
