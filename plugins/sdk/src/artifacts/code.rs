//! The product's files.

use serde::{Deserialize, Serialize};

/// The files of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GeneratedCode {
    /// Every one.
    pub files: Vec<CodeFile>,
    /// `python`, say.
    pub language: String,
    /// Packages beyond the language's own.
    pub dependencies: Vec<String>,
    /// How to set it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Anything else.
    pub notes: String,
}

/// One file of the product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeFile {
    /// Relative, `/`-separated.
    pub path: String,
    /// All of it.
    pub content: String,
    /// What it is for.
    pub purpose: String,
    /// The unit it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semantic_unit_id: Option<String>,
}
