//! Finds and removes blobs that no run needs, and runs that a person wants to remove.
//!
//! Guarantees: a blob that a remaining run names is never removed. Fails, and removes nothing, if a run cannot be read,
//! because the blobs that it needs are not known.

use std::collections::HashSet;

use phasegate_journal::Journal;
use phasegate_process::{Digest, RunId};
use serde::Serialize;

use crate::error::Error;

/// Result of [`find_garbage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Garbage {
    /// The runs to remove.
    pub runs: Vec<RunId>,
    /// Blobs that no other run needs, with their sizes in bytes.
    pub blobs: Vec<(Digest, u64)>,
}

impl Garbage {
    /// Returns the size of all blobs in bytes.
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// Finds the blobs that no run needs after the runs in `forget` are removed.
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

/// Removes runs and blobs. This cannot be undone.
pub async fn remove(journal: &dyn Journal, garbage: &Garbage) -> Result<(), Error> {
    let blobs = garbage.blobs.iter().map(|(digest, _)| digest.clone()).collect();
    journal.remove(garbage.runs.clone(), blobs).await?;
    Ok(())
}
