//! Repositories made with the real `git` program: what is read from them, what is refused, and what is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod branch;
mod damaged;
mod files;
mod hostile;
mod interrupted;
mod odd_paths;
mod opening;
mod random;
mod scale;
mod support;
mod uncommitted;
