//! The right to write to a run.

use std::any::Any;
use std::fmt;

/// The number of an ownership. A newer ownership of a run has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(u64);

impl Fence {
    /// Creates a fence from its number; for implementations of journals. Callers use [`Ownership::fence`].
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to write to a run. Dropping it releases the run.
pub struct Ownership {
    fence: Fence,
    _held: Box<dyn Any + Send + Sync>,
}

impl Ownership {
    /// Creates an ownership; for implementations of journals. Dropping `held` must release the run.
    pub fn new(fence: Fence, held: impl Any + Send + Sync) -> Self {
        Self { fence, _held: Box::new(held) }
    }

    /// Returns the number that each write of this owner carries.
    pub fn fence(&self) -> Fence {
        self.fence
    }
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership").field("fence", &self.fence).finish_non_exhaustive()
    }
}
