//! The input and the decision of a feedback strategy. Mirrors `interface feedback` of `wit/plugin.wit`.

mod check;
mod decision;

pub use check::check_decision;
pub use decision::{Decision, GateFailure, PastAttempt, Revision};
