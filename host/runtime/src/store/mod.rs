//! A run in the journal: reading it, appending to it, and comparing a replay with it.

pub(crate) mod blobs;
pub(crate) mod fork_answers;
pub(crate) mod load;
pub(crate) mod replay_check;
pub(crate) mod writer;
