//! Counts the computing time of calls that are made on behalf of another call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Computing time in ms. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct CpuMeter(Arc<AtomicU64>);

impl CpuMeter {
    /// Adds computing time.
    pub fn add(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Returns the computing time so far, in ms.
    pub fn ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
