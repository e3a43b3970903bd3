//! Between the contract's types and the core's. What a guest says that has no place in the core becomes an error in words.

pub(crate) mod bench;
pub(crate) mod feedback;
pub(crate) mod model;
pub(crate) mod work;
