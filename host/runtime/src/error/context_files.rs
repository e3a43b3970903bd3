//! What can be wrong with the context files of a task.

/// The largest context file, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 20;

/// Why the context cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A pattern that is none.
    #[error(
        "context file `{pattern}` is not a pattern: {reason}\nhint: `*`, `?`, `**`, `[a-z]` and `{{a,b}}` are understood"
    )]
    BadPattern {
        /// As the task has it.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A pattern that nothing matches.
    #[error("context file `{pattern}` is not there: nothing in {folder} matches it\nhint: {hint}")]
    NoMatch {
        /// As the task has it.
        pattern: String,
        /// Where it was looked for.
        folder: String,
        /// What to do.
        hint: &'static str,
    },
    /// A path or a link that points elsewhere.
    #[error("context file `{path}` leaves the task's folder\nhint: copy what it points to into the folder")]
    Leaves {
        /// Its path.
        path: String,
    },
    /// A name that could not be written back.
    #[error("context file `{path}` cannot be taken: {reason}\nhint: rename it, or leave it out")]
    BadName {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// One file is too large.
    #[error(
        "context file `{path}` has {size} bytes, at most {MAX_FILE_BYTES} are taken\nhint: name the parts that matter"
    )]
    TooLarge {
        /// Its path.
        path: String,
        /// Its size.
        size: u64,
    },
    /// Too much in all.
    #[error("the context files are too many: {what}\nhint: name the files that matter, as in `src/**/*.py`")]
    TooMuch {
        /// Which bound is passed.
        what: String,
    },
    /// The disk says no.
    #[error("context file `{path}` cannot be read: {reason}\nhint: make it readable, or leave it out")]
    Unreadable {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
}
