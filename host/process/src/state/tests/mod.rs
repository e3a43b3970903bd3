//! The rules of the process, tested by folding events and asking for the next action.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bounds;
mod calls;
mod decide;
mod forks;
mod harness;
mod order;
mod people;
mod property;
mod rework;
