//! What can be wrong with the acceptance tests of a task.

use super::context_files::ContextError;

/// Why the acceptance tests of a task were rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptanceError {
    /// A pattern or a file has a fault that a context file may have as well.
    #[error("{}", rename(.0))]
    File(ContextError),
    /// A file is no text.
    #[error("acceptance test `{path}` is not text in UTF-8")]
    NotText {
        /// Relative to the task's folder.
        path: String,
    },
}

impl AcceptanceError {
    /// The pattern of the task, or the path, that the error is about.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::File(error) => error.subject(),
            Self::NotText { path } => Some(path),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::File(ContextError::OnlyLeftOut { file: Some(file), .. }) => {
                format!("to include such a file, name it: `acceptance = [{}]`", toml::Value::from(file.as_str()))
            }
            Self::File(error) => error.hint(),
            Self::NotText { .. } => "save it as UTF-8, or leave it out".to_owned(),
        }
    }
}

/// Returns the text of an error about an acceptance test.
fn rename(error: &ContextError) -> String {
    error.to_string().replacen("context file", "acceptance test", 1)
}
