//! Converts between the types of the contract and of `phasegate-process`. Values without an equivalent become errors, whose
//! text guests receive or events store, so it does not change.

pub(crate) mod bench;
pub(crate) mod feedback;
pub(crate) mod model;
pub(crate) mod repository;
pub(crate) mod work;
