//! Calls of a plugin outside of a run: sample inputs, scripted answers, no test runs, nothing recorded. What it returns is judged
//! by the rules of a run.

pub mod agent;
pub mod call;
pub mod host;
pub mod load;
pub mod log;
pub mod runner;
pub mod samples;
pub mod strategy;
