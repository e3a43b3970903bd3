//! The rules of the process, shown by folding events and asking what comes next. No agent and no file is needed for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bench;
mod bounds;
mod calls;
mod decide;
mod forks;
mod order;
mod people;
mod property;
mod rework;
