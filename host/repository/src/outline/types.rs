//! What an outline holds. The cache stores it as JSON.

use phasegate_process::repository::FileKind;
use serde::{Deserialize, Serialize};

use super::rules::DefinitionKind;

/// Something that code defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The name; `Type.name` inside of a type.
    pub name: String,
    /// What it is.
    pub kind: DefinitionKind,
    /// The line of the name, from 1.
    pub line: u32,
}

impl Definition {
    /// The name without the type around it.
    pub(crate) fn own_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

/// An import of a Python file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Import {
    /// The module, with dots.
    pub(crate) module: String,
    /// Whether the code does without the module: the import is in a `try`, or for type checkers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional: bool,
}

/// What a file defines, imports and mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outline {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) definitions: Vec<Definition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) imports: Vec<Import>,
    /// The identifiers of the file, each once, sorted and separated by spaces.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) identifiers: String,
    /// What the content is, unless it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<FileKind>,
    /// Whether a program wrote the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) generated: bool,
}
