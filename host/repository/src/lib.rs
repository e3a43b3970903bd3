//! Git repositories as inputs and results of runs.
//!
//! Guarantees: nothing of a repository's configuration, hooks, filters, attributes or monitors is executed; nothing outside of
//! the repository is read, except for the user's own git configuration (author, ignored files); no working tree, index or
//! `HEAD` is written. Content is checked against the id of its object.

mod author;
mod branch;
mod config;
mod error;
mod files;
mod history;
mod inside;
mod kind;
mod layout;
mod map;
#[cfg(test)]
mod memory_tree;
mod message;
mod objects;
mod outline;
mod overlay;
mod pack_cache;
mod place;
mod project;
mod repository;
mod sources;
mod tree;
mod working;

pub use author::parse_author;
pub use branch::{Change, NewBranch, NewCommit, NewContent, WrittenBranch, fit_text};
pub use error::RepositoryError;
pub use files::{FileReader, MAX_LINE_CHARS, MAX_LISTED_FILES, MAX_MATCHES, MAX_READ_BYTES, MAX_SEARCH_BYTES};
pub use kind::content_kind;
pub use map::{MapCache, MapRequest, MappedFile, RepositoryMap, map_repository};
pub use message::{Manner, MessageDraft};
pub use outline::{Definition, DefinitionKind};
pub use overlay::FileChange;
pub use place::{DamagedObject, ObjectFault, Outside};
pub use project::PytestSettings;
pub use repository::{Base, Repository};
pub use sources::{ReadSource, Sources};
pub use tree::{FileMode, SkippedFile, TreeFile, TreeFiles, check_new_path, path_fault};
pub use working::Uncommitted;
