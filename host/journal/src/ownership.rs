//! The right to write to a run.

use std::any::Any;
use std::fmt;

/// The number of an ownership: of two, the higher one is the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(u64);

impl Fence {
    /// For journals; everybody else gets theirs from [`Ownership::fence`].
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to write to a run. Dropping it gives the run free.
pub struct Ownership {
    fence: Fence,
    _held: Box<dyn Any + Send + Sync>,
}

impl Ownership {
    /// For journals: `held` is whatever gives the run free when it is dropped.
    pub fn new(fence: Fence, held: impl Any + Send + Sync) -> Self {
        Self { fence, _held: Box::new(held) }
    }

    /// What every append of this owner carries.
    pub fn fence(&self) -> Fence {
        self.fence
    }
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership").field("fence", &self.fence).finish_non_exhaustive()
    }
}
