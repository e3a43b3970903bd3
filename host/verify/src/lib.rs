//! `verify-sandbox`: attacks the host as it is configured, and reports what came of each attack. See [`verify`].

mod attackers;
mod corpus;
mod live;
mod memory;
mod report;
mod run;
mod story;
mod verify;

pub use report::{AttackResult, VerifyReport};
pub use verify::verify;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
