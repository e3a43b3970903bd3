//! Finds and removes blobs that no run needs, and runs that a person wants to remove.
//!
//! Guarantees: a blob that a remaining run names is never removed. Of a run that cannot be read, every digest in the text of its
//! events counts as named; where even the text cannot be read, no blob is removed at all.

use std::collections::HashSet;

use phasegate_journal::Journal;
use phasegate_process::{Digest, RunId};
use serde::Serialize;

use crate::error::Error;
use crate::store::load::UnreadableRun;

/// Result of [`find_garbage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Garbage {
    /// The runs to remove.
    pub runs: Vec<RunId>,
    /// Blobs that no other run needs, with their sizes in bytes.
    pub blobs: Vec<(Digest, u64)>,
    /// Runs that cannot be read. They stay, with everything that they may need.
    pub unreadable: Vec<UnreadableRun>,
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
    let mut unreadable = Vec::new();
    let mut all_known = true;
    for run in journal.runs()?.iter().filter(|run| !forget.contains(run)) {
        match journal.events(run) {
            Ok(events) => {
                events.iter().for_each(|recorded| needed.extend(recorded.event.blobs().into_iter().cloned()));
            }
            Err(error) => {
                unreadable.push(UnreadableRun::new(run, &error.into()));
                match journal.stored_after(run, 0) {
                    Ok(stored) => stored.iter().for_each(|event| needed.extend(Digest::find_all(&event.body))),
                    Err(_) => all_known = false,
                }
            }
        }
    }
    let is_unneeded = |(digest, _): &(Digest, u64)| all_known && !needed.contains(digest);
    let blobs = journal.blob_sizes()?.into_iter().filter(is_unneeded).collect();
    Ok(Garbage { runs: forget.to_vec(), blobs, unreadable })
}

/// Removes runs and blobs. This cannot be undone.
pub async fn remove(journal: &dyn Journal, garbage: &Garbage) -> Result<(), Error> {
    let blobs = garbage.blobs.iter().map(|(digest, _)| digest.clone()).collect();
    journal.remove(garbage.runs.clone(), blobs).await?;
    Ok(())
}
