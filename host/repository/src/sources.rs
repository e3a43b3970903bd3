//! The files that a map and the settings of a project are made from.

use crate::tree::TreeFile;

/// Reads a file; `None` where it cannot be read.
pub type ReadSource<'a> = dyn Fn(&TreeFile) -> Option<Vec<u8>> + 'a;

/// The files of a tree, sorted by path, and how to read them.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The files.
    pub files: &'a [TreeFile],
    /// Reads one of them.
    pub read: &'a ReadSource<'a>,
}

impl Sources<'_> {
    /// Returns the text of a file of at most `max` bytes; bytes that are not UTF-8 are replaced.
    pub(crate) fn read_text(&self, path: &str, max: u64) -> Option<String> {
        let place = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        let file = self.files.get(place).filter(|file| file.is_regular() && file.size <= max)?;
        Some(String::from_utf8_lossy(&(self.read)(file)?).into_owned())
    }
}
