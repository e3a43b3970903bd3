//! The contract of `wit/`, held against something else: a component that is to be loaded (`fit`), or the contract as it
//! was released (`guard`). Both rest on the same comparison of types (`compare`).
//!
//! Promises: what is not the same is named by its place, down to the field or case; the work is bounded by the number of
//! types, however often they are used. Nothing of a plugin runs.

mod compare;
mod fit;
mod guard;
mod wit;

pub use fit::{Difference, Misfit};
pub use guard::breaking_changes;
pub use wit::{CONTRACT, ContractError};

pub(crate) use fit::{Component, check, plugin_interface};
