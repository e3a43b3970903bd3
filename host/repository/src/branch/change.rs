//! Changes of files.

/// The change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the top of the repository, with `/`.
    pub path: String,
    /// The new content.
    pub content: NewContent,
    /// Whether the file may be executed; `None` keeps the bit of an existing file.
    pub executable: Option<bool>,
}

/// The new content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewContent {
    /// Text, which gets the line ends and the byte order mark of the file that it replaces.
    Text(String),
    /// Bytes that are written as they are.
    Bytes(Vec<u8>),
    /// The file is deleted.
    Deleted,
}
