//! What can be wrong with the context files of a task.

use phasegate_process::task::ContextPattern;

/// The most context files of a task.
pub const MAX_FILES: usize = 2_000;
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
    /// A pattern matches only what globs leave out.
    #[error("context file `{pattern}` matches nothing but what is left out: {left_out}")]
    OnlyLeftOut {
        /// As the task has it.
        pattern: String,
        /// What was left out, and why.
        left_out: String,
        /// A file among them that the task can allow.
        file: Option<String>,
    },
    /// A path names a file that globs leave out, and the task does not allow it.
    #[error("context file `{}` is left out: {why}", .pattern.path)]
    NotAllowed {
        /// As the task has it.
        pattern: ContextPattern,
        /// Why globs leave it out.
        why: String,
    },
    /// A path names an acceptance test of the same task.
    #[error("context file `{path}` is an acceptance test of the task, which no agent may read")]
    HeldOut {
        /// Relative to the task's folder.
        path: String,
    },
    /// A path names a file that no task can allow.
    #[error("context file `{path}` is never read: {why}")]
    Never {
        /// Relative to the task's folder.
        path: String,
        /// The reason.
        why: String,
    },
    /// An ignore file cannot be read.
    #[error("{file} cannot be read: {reason}")]
    IgnoreFile {
        /// Its path.
        file: String,
        /// The system's error.
        reason: String,
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
    /// A file exceeds the limit of 4 MiB.
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
    /// The pattern of the task, or the path, that the error is about.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::BadPattern { pattern, .. } | Self::NoMatch { pattern, .. } | Self::OnlyLeftOut { pattern, .. } => {
                Some(pattern)
            }
            Self::NotAllowed { pattern, .. } => Some(&pattern.path),
            Self::Never { path, .. }
            | Self::HeldOut { path }
            | Self::Leaves { path }
            | Self::BadName { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Unreadable { path, .. } => Some(path),
            Self::IgnoreFile { .. } | Self::TooMuch { .. } => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::BadPattern { .. } => "a pattern may contain `*`, `?`, `**`, `[a-z]` and `{a,b}`",
            Self::NoMatch { hint, .. } => hint,
            Self::OnlyLeftOut { file: Some(file), .. } => {
                return format!("to include such a file, name it: {}", allowing(file, false));
            }
            Self::OnlyLeftOut { file: None, .. } => "name other files, or move them to another folder",
            Self::NotAllowed { pattern, .. } => {
                return format!(
                    "if agents may read it, write {} in context_files",
                    allowing(&pattern.path, pattern.base)
                );
            }
            Self::HeldOut { .. } => "name it under `context_files` or under `acceptance`",
            Self::Never { .. } => "leave it out; copy what agents should read to another file",
            Self::IgnoreFile { .. } => "make it a readable text file, or remove it",
            Self::Leaves { .. } => "copy the file that it points to into the folder",
            Self::BadName { .. } => "rename it, or leave it out",
            Self::TooLarge { .. } => "name the parts that matter",
            Self::TooMuch { .. } => "name the files that matter, as in `src/**/*.py`",
            Self::Unreadable { .. } => "make it readable, or leave it out",
        };
        hint.to_owned()
    }
}

/// Returns the entry of a task file that allows a path.
fn allowing(path: &str, base: bool) -> String {
    let base = if base { "base = true, " } else { "" };
    format!("`{{ path = {}, {base}allow = true }}`", toml::Value::from(path))
}
