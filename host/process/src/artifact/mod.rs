//! Kinds of artifacts, and the validation of submitted bytes against them.
//!
//! Validation reports every fault (up to a maximum) in text that a model can act on. Invalid artifacts are never
//! stored. Fault texts are visible to guests and stored, so they change only as a format does.

mod kind_schema;
pub mod kinds;
mod paths;
mod rules;
mod validator;

pub use kind_schema::KindSchema;
pub use kinds::{AddedKinds, schema};
pub use paths::{FileNames, MAX_PATH_BYTES, MAX_SEGMENT_BYTES, PathRules, is_hidden, unsafe_path};
pub use rules::complexity;
pub use validator::{Validator, compile_schema};
