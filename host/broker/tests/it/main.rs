//! Integration tests of the broker against local servers and scripts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod anthropic;
mod budget;
mod common;
mod config;
mod faults;
mod openai;
mod scripted;
mod secrets;
