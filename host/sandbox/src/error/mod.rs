//! Errors of the sandbox. Each has a message of one paragraph and a hint.

mod call;
mod load;
#[cfg(test)]
mod tests;

pub use call::{CallError, CallErrorKind};
pub use load::{EngineError, InspectError, LoadError};
