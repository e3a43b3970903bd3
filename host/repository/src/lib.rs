//! Git repositories as inputs and results of runs.
//!
//! Guarantees: nothing of a repository's configuration, hooks, filters, attributes or monitors is executed; nothing outside of
//! the repository is read; no working tree, index or `HEAD` is written.
