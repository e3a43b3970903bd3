//! What no run needs, and its removal.
//!
//! Promises: what any run names stays. Fails, with nothing removed, where a run cannot be read, since what it needs is not
//! known then.

use std::collections::HashSet;

use phasegate_journal::Journal;
use phasegate_process::{Digest, RunId};
use serde::Serialize;

use crate::error::Error;

/// What could be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Garbage {
    /// Runs that were named.
    pub runs: Vec<RunId>,
    /// Blobs that no other run needs, with their bytes.
    pub blobs: Vec<(Digest, u64)>,
}

impl Garbage {
    /// Bytes of all of it.
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Looks for what no run needs once these are gone.
pub fn find_garbage(journal: &dyn Journal, forget: &[RunId]) -> Result<Garbage, Error> {
    let mut needed: HashSet<Digest> = HashSet::new();
    for run in journal.runs()?.iter().filter(|run| !forget.contains(run)) {
        for recorded in journal.events(run)? {
            needed.extend(recorded.event.blobs().into_iter().cloned());
        }
    }
    let blobs = journal.blob_sizes()?.into_iter().filter(|(digest, _)| !needed.contains(digest)).collect();
    Ok(Garbage { runs: forget.to_vec(), blobs })
}

/// Removes it for good.
pub async fn remove(journal: &dyn Journal, garbage: &Garbage) -> Result<(), Error> {
    let blobs = garbage.blobs.iter().map(|(digest, _)| digest.clone()).collect();
    journal.remove(garbage.runs.clone(), blobs).await?;
    Ok(())
}
