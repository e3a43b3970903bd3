//! Components: where they come from, and loading them into the sandbox.

pub(crate) mod bundled;
pub(crate) mod limits;
pub(crate) mod load;
pub(crate) mod source;
