//! Quantities that a guest uses up over one call, and the error that ends its run when one is exhausted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phasegate_process::limits::Limits;

use crate::error::CallErrorKind;

/// An error in a host function that ends the guest's run.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FatalError(pub(crate) CallErrorKind);

/// A limited amount. Clones share it.
#[derive(Clone)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    left: Arc<AtomicU64>,
}

impl Quota {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, left: Arc::new(AtomicU64::new(limit)) }
    }

    /// Subtracts an amount if that much is left, and returns whether it was.
    pub(crate) fn charge(&self, amount: usize) -> bool {
        let remaining = |left: u64| left.checked_sub(amount as u64);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, remaining).is_ok()
    }
}

/// Number and size of the artifacts that an agent checks or submits. Clones share the amounts.
#[derive(Clone)]
pub(crate) struct ArtifactQuota {
    max_count: u32,
    left: Quota,
    max_artifact_bytes: u64,
    total_bytes: Quota,
}

impl ArtifactQuota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_count: limits.artifacts,
            left: Quota::new(limits.artifacts.into()),
            max_artifact_bytes: limits.artifact_bytes,
            total_bytes: Quota::new(limits.artifacts_bytes),
        }
    }

    /// Returns an error if a single artifact is too large. `artifacts.check` reports it as an ordinary fault, because the
    /// agent can still fix it before it submits.
    pub(crate) fn check_size(&self, bytes: usize) -> Option<CallErrorKind> {
        let (size, limit) = (bytes as u64, self.max_artifact_bytes);
        (size > limit).then_some(CallErrorKind::Artifact { size, limit })
    }

    /// Counts one artifact. Fails if there are too many or if they are too large together.
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), FatalError> {
        if !self.left.charge(1) {
            return Err(FatalError(CallErrorKind::Artifacts { limit: self.max_count }));
        }
        if !self.total_bytes.charge(bytes) {
            return Err(FatalError(CallErrorKind::ArtifactsTotal { limit: self.total_bytes.limit }));
        }
        Ok(())
    }
}
