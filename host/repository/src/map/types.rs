//! The artifact `repository_map`.

use std::collections::BTreeMap;

use phasegate_process::repository::{FileKind, GitId};
use serde::{Deserialize, Serialize};

use crate::outline::Definition;

/// The content of the artifact `repository_map`: files in the order of their relevance to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryMap {
    /// The id of the commit.
    pub commit: GitId,
    /// The id of its tree.
    pub tree: GitId,
    /// The number of files of the tree.
    pub files: u64,
    /// The bytes of all text files. In a large repository, unknown files count as text.
    pub text_bytes: u64,
    /// The number of files of each language.
    pub languages: BTreeMap<String, u64>,
    /// Files, the most relevant first.
    pub paths: Vec<MappedFile>,
    /// The number of files that did not fit the budget.
    pub left_out: u64,
    /// Sentences for people and agents.
    pub notes: Vec<String>,
    /// The budget of the map, at four bytes a token.
    pub budget_tokens: u32,
}

/// A file of the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedFile {
    /// The path.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// What the file is, unless it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// The language, as its name tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the file defines, by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Definition>,
    /// The number of definitions that did not fit the budget.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub definitions_left_out: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
