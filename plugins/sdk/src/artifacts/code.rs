//! The artifact of the code phase.

use serde::{Deserialize, Serialize};

/// The product's source files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratedCode {
    /// All files, complete.
    pub files: Vec<CodeFile>,
    /// Programming language in lower case, for example `python`.
    pub language: String,
    /// Modules outside the standard library.
    pub dependencies: Vec<String>,
    /// Instructions for running the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Decisions where the design leaves something open.
    pub notes: String,
    /// Paths of files of the project that the change removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
}

/// One source file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeFile {
    /// Relative path with `/` separators.
    pub path: String,
    /// The complete text.
    pub content: String,
    /// Purpose in one sentence.
    pub purpose: String,
    /// Id of the semantic unit, if the file implements exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_unit_id: Option<String>,
}
