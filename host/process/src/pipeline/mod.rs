//! A pipeline: the phases of a process in order, the artifacts that each reads and produces, and which phases are
//! gates.
//!
//! A pipeline is data. It is written in TOML ([`parse()`]), validated once as a whole ([`check()`]), and pinned to a run as
//! JSON, so that later edits never change a run that has started. Failures are [`crate::source::SourceError`]s with
//! file, line and hint.

mod allowance;
mod approval;
mod attempts;
mod check;
mod definition;
mod fails_at;
mod languages;
mod parse;
mod phase_changes;
mod raw;
mod setting_locations;
mod standard;

pub use allowance::{AllowedTests, TestAllowance};
pub use approval::{ApprovalKeys, ApprovalPolicy, ApprovalRules};
pub use attempts::{AttemptsFault, check_attempts};
pub use check::check;
pub use definition::{Gate, Grants, Phase, Pipeline, PluginUse, Produce, Read, Strategy, TestGate};
pub use parse::{Files, parse, parse_with_locations};
pub use phase_changes::PhaseChanges;
pub use raw::pipeline_schema;
pub use setting_locations::{RawSettings, SettingLocations, SettingsOwner};
pub use standard::{STANDARD, standard};
