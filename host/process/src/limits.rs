//! What a plugin may use up in one call. Every bound has a default that serves honest plugins and its own words when it is
//! met; a pipeline may set any of them by name.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        /// Bounds of one call.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[$doc])* pub $field: $type,)*
        }

        /// Bounds that a pipeline or a configuration sets; what is absent stays as it is.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct LimitsPatch {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl Limits {
            /// The names of all bounds.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)*];

            /// These bounds with those of the patch in place of them.
            pub fn with(self, patch: LimitsPatch) -> Self {
                Self { $($field: patch.$field.unwrap_or(self.$field),)* }
            }
        }
    };
}

limits! {
    /// Time that the plugin itself computes, waiting not counted, in milliseconds.
    cpu_ms: NonZeroU64,
    /// Time from the call's start to its end, in milliseconds.
    wall_ms: NonZeroU64,
    /// All linear memories together, in bytes.
    memory_bytes: u64,
    /// Elements of each table.
    table_elements: u32,
    /// The stack that its functions call each other on, in bytes.
    stack_bytes: u32,
    /// Core instances inside the component.
    instances: u32,
    /// Waiting calls (model calls, trial runs of tests) of one assignment.
    calls: u32,
    /// Waiting calls that it may have open at once.
    calls_at_once: u32,
    /// Bytes of all its questions and trial runs together.
    calls_bytes: u64,
    /// Tokens that the models may read and write for one assignment, counted at the worst case before each call.
    tokens: u64,
    /// US dollars that the models may cost for one assignment, as far as prices are known.
    usd: Usd,
    /// Bytes of one answer of a model.
    answer_bytes: u64,
    /// Artifacts of one assignment that it checks and submits.
    artifacts: u32,
    /// Bytes of each of them.
    artifact_bytes: u64,
    /// Bytes of all of them together.
    artifacts_bytes: u64,
    /// Bytes of all inputs that it reads, each time anew.
    read_bytes: u64,
    /// Resource handles, futures and streams held at once.
    handles: u32,
    /// Lines of log and progress.
    log_lines: u32,
    /// Bytes of log and progress.
    log_bytes: u64,
    /// Bytes that one call between plugin and host may carry towards the host.
    host_call_bytes: u64,
    /// Bytes of what the call returns: artifacts and findings, or test results.
    output_bytes: u64,
}

/// A sum of money: not below zero, and an end to it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Usd(f64);

impl TryFrom<f64> for Usd {
    type Error = String;

    fn try_from(usd: f64) -> Result<Self, String> {
        match usd.is_finite() && usd >= 0.0 {
            true => Ok(Self(usd)),
            false => Err(format!("{usd} is no sum of money: give US dollars, 0 or more")),
        }
    }
}

impl From<Usd> for f64 {
    fn from(usd: Usd) -> Self {
        usd.0
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// `NonZeroU64` of a constant that is not zero.
const fn millis(n: u64) -> NonZeroU64 {
    match NonZeroU64::new(n) {
        Some(n) => n,
        None => NonZeroU64::MIN,
    }
}

impl Default for Limits {
    /// For agents: little computing, long waiting.
    fn default() -> Self {
        Self {
            cpu_ms: millis(30_000),
            wall_ms: millis(3_600_000),
            memory_bytes: 256 * MIB,
            table_elements: 20_000,
            stack_bytes: 512 << 10,
            instances: 100,
            calls: 1_000,
            calls_at_once: 200,
            calls_bytes: 256 * MIB,
            // What a whole run may use, unless its budget says otherwise.
            tokens: 2_000_000,
            usd: Usd(20.0),
            answer_bytes: 8 * MIB,
            artifacts: 1_000,
            artifact_bytes: 4 * MIB,
            artifacts_bytes: 256 * MIB,
            // Every context file that a task may have, some times over.
            read_bytes: 1024 * MIB,
            handles: 10_000,
            log_lines: 10_000,
            log_bytes: MIB,
            host_call_bytes: 64 * MIB,
            output_bytes: 32 * MIB,
        }
    }
}

impl Limits {
    /// For feedback strategies: a moment of thought.
    pub fn strategy() -> Self {
        Self {
            cpu_ms: millis(5_000),
            wall_ms: millis(30_000),
            memory_bytes: 64 * MIB,
            log_bytes: 64 * KIB,
            // A decision stands in the run's events, and its words in prompts.
            output_bytes: MIB,
            ..Self::default()
        }
    }

    /// For test runners: whole interpreters.
    pub fn runner() -> Self {
        Self {
            stack_bytes: 64 << 20,
            cpu_ms: millis(60_000),
            wall_ms: millis(300_000),
            memory_bytes: 1024 * MIB,
            table_elements: 100_000,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let patch: LimitsPatch = serde_json::from_str(r#"{"cpu_ms": 7}"#).unwrap();
        let limits = Limits::runner().with(patch);
        assert_eq!(limits, Limits { cpu_ms: millis(7), ..Limits::runner() });
    }

    #[test]
    fn a_misspelt_bound_is_refused_rather_than_ignored() {
        let error = serde_json::from_str::<LimitsPatch>(r#"{"cpu": 7}"#).unwrap_err().to_string();
        assert!(error.starts_with("unknown field `cpu`"), "{error}");
        let error = serde_json::from_str::<LimitsPatch>(r#"{"cpu_ms": 0}"#).unwrap_err().to_string();
        assert!(error.contains("nonzero"), "{error}");
        let error = serde_json::from_str::<LimitsPatch>(r#"{"usd": -1}"#).unwrap_err().to_string();
        assert!(error.starts_with("-1 is no sum of money"), "{error}");
    }
}
