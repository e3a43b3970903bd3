//! The measurements of `cargo xtask bench`: each prints one JSON object of figures, and starts from nothing.

pub mod measure;
pub mod process;
pub mod samples;
pub mod workload;
