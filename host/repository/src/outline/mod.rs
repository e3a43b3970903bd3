//! Outlines: what a file of code defines, imports and mentions.
//!
//! Guarantees: nothing is executed. The outline of a file depends on its bytes and its grammar only, so that it is kept by the
//! id of its blob. Time and memory for one file are bounded by its size; a file that takes more has no definitions. Nesting
//! of any depth costs no stack.

mod cache;
mod find;
mod identifiers;
mod language;
mod parse;
mod rules;
mod survey;
mod types;

pub(crate) use self::cache::OutlineCache;
pub(crate) use self::language::language_of;
pub use self::rules::DefinitionKind;
pub(crate) use self::survey::{Job, Surveyed, survey};
pub use self::types::Definition;
pub(crate) use self::types::Outline;
