//! Artifacts at the door: what kinds there are, and whether some bytes are an artifact of a kind.
//!
//! Every fault is found and said in words that a model can act on. Nothing that fails here is ever stored.

pub mod kinds;
mod rules;
mod validator;

pub use kinds::{AddedKinds, schema};
pub use rules::{complexity, is_hidden, path_fault};
pub use validator::{Validator, compile_schema};
