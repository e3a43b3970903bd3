//! Tests of the public interface of the sandbox. One binary, because each would link wasmtime again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

mod agents;
mod cache;
mod compiling;
mod contract;
mod limits;
mod loading;
mod order;
mod python;
mod python_corpus;
mod shipped;
mod strategies_and_runners;
