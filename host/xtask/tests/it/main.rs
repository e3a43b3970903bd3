//! Integration tests of the build steps, on temporary repositories and on this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod stale;
mod statistics;
mod worlds;
