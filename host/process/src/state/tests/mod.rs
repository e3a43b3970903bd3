//! The rules of the process, tested by folding events and asking for the next action.
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
