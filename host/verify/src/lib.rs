//! `verify-sandbox`: runs attacks against the host as it is configured, and reports which ones it stopped. See
//! [`verify()`].

mod attackers;
mod corpus;
mod live;
mod memory;
mod render;
mod report;
mod test_bed;
mod verify;

pub use report::{AttackResult, VerifyReport};
pub use verify::verify;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
