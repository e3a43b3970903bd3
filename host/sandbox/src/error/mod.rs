//! What can go wrong, in words: one paragraph that names plugin, moment and bound, and a hint.

mod call;
mod load;
#[cfg(test)]
mod tests;

pub use call::{CallError, CallErrorKind};
pub use load::{EngineError, InspectError, LoadError};
