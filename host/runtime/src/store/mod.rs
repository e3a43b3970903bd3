//! A run in the journal: loads it, appends to it, and compares a replay with it.

pub(crate) mod blobs;
pub(crate) mod fork_answers;
pub(crate) mod load;
pub(crate) mod pipelines;
pub(crate) mod progress;
pub(crate) mod replay_check;
pub(crate) mod writer;
