//! What can be wrong with the context files of a task.

/// The largest context file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// Why the context files of a task were rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A pattern does not parse.
    #[error("context file `{pattern}` is not a pattern: {reason}")]
    BadPattern {
        /// As the task has it.
        pattern: String,
        /// The parser's error.
        reason: String,
    },
    /// A pattern matches no file.
    #[error("context file `{pattern}` is not there: nothing in {folder} matches it")]
    NoMatch {
        /// As the task has it.
        pattern: String,
        /// The folder that was searched.
        folder: String,
        /// What to do.
        hint: &'static str,
    },
    /// A path or a symbolic link points out of the task's folder.
    #[error("context file `{path}` leaves the task's folder")]
    Leaves {
        /// Relative to the task's folder.
        path: String,
    },
    /// A path could not be written back to an out folder.
    #[error("context file `{path}` is rejected: {reason}")]
    BadName {
        /// Relative to the task's folder.
        path: String,
        /// What is wrong with the name.
        reason: String,
    },
    /// A file exceeds [`MAX_FILE_BYTES`].
    #[error("context file `{path}` has {size} bytes, the limit is {MAX_FILE_BYTES}")]
    TooLarge {
        /// Relative to the task's folder.
        path: String,
        /// In bytes.
        size: u64,
    },
    /// All files together exceed a limit.
    #[error("too many context files: {what}")]
    TooMuch {
        /// The limit that is exceeded.
        what: String,
    },
    /// A file cannot be read.
    #[error("context file `{path}` cannot be read: {reason}")]
    Unreadable {
        /// Relative to the task's folder.
        path: String,
        /// The system's error.
        reason: String,
    },
}

impl ContextError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadPattern { .. } => "a pattern may contain `*`, `?`, `**`, `[a-z]` and `{a,b}`",
            Self::NoMatch { hint, .. } => hint,
            Self::Leaves { .. } => "copy the file that it points to into the folder",
            Self::BadName { .. } => "rename it, or leave it out",
            Self::TooLarge { .. } => "name the parts that matter",
            Self::TooMuch { .. } => "name the files that matter, as in `src/**/*.py`",
            Self::Unreadable { .. } => "make it readable, or leave it out",
        }
    }
}
