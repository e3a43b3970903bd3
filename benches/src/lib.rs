//! The workload of the benchmarks: one pipeline of ten steps, run by a host of this process.

pub mod process;
pub mod workload;
