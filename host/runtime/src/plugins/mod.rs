//! Plugins of a run: where their components come from, their limits, and how they are loaded into the sandbox.

pub(crate) mod bundled;
pub(crate) mod file;
pub(crate) mod load;
pub(crate) mod manifests;
pub(crate) mod parse_limits;
pub(crate) mod shared;
pub(crate) mod source;
