//! What a guest may use up little by little, and the end of its run when there is too little left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use phasegate_process::limits::Limits;

use crate::error::CallErrorKind;

/// A bound that was met in a call of the guest, which ends its run.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FatalError(pub(crate) CallErrorKind);

/// An amount that may be used up. Clones share it.
#[derive(Clone)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    left: Arc<AtomicU64>,
}

impl Quota {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, left: Arc::new(AtomicU64::new(limit)) }
    }

    /// Whether there was so much left of it.
    pub(crate) fn charge(&self, amount: usize) -> bool {
        let remaining = |left: u64| left.checked_sub(amount as u64);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, remaining).is_ok()
    }
}

/// The artifacts that an agent may hand over, to be checked or for good. Clones share it.
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

    /// Why one of this size is not taken, if it is too large. Of one that is only checked this is a fault like any other,
    /// which an agent can mend before it submits.
    pub(crate) fn check_size(&self, bytes: usize) -> Option<CallErrorKind> {
        let (size, limit) = (bytes as u64, self.max_artifact_bytes);
        (size > limit).then_some(CallErrorKind::Artifact { size, limit })
    }

    /// Counts one.
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
