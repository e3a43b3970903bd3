//! The host's map of the run's repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The files of the repository, the most relevant first, within a budget of tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RepositoryMap {
    /// Id of the commit that the run starts from.
    pub commit: String,
    /// Id of its tree.
    pub tree: String,
    /// Number of all files.
    pub files: u64,
    /// Size of all text files together.
    pub text_bytes: u64,
    /// Number of files by language.
    #[serde(default)]
    pub languages: BTreeMap<String, u64>,
    /// The files that fit into the budget.
    #[serde(default)]
    pub paths: Vec<MappedFile>,
    /// Number of files that do not fit.
    #[serde(default)]
    pub left_out: u64,
    /// Sentences about the repository, for people and agents.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A file of the map.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MappedFile {
    /// Path with `/` separators.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// `binary`, `symlink`, `submodule` or `lfs`; absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Language in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the file defines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Definition>,
}

/// A definition in a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Name.
    pub name: String,
    /// For example `function` or `class`.
    pub kind: String,
    /// Line, from 1.
    pub line: u32,
}
