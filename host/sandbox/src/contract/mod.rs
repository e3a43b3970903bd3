//! Compares the contract in `wit/` with a component (`fit`) or with a released contract (`guard`). Both use the comparison of
//! types in `compare`.
//!
//! Differences are named by their place, down to a field or case. The work is proportional to the number of types, however
//! often they are used. No code of a plugin runs.

mod compare;
mod fit;
mod guard;
mod wit;

pub use fit::{Difference, Misfit};
pub use guard::breaking_changes;
pub use wit::{CONTRACT, ContractError};

pub(crate) use fit::{Component, check, plugin_interface};
