//! Limits of one plugin call. The sandbox applies them, and a pipeline or configuration can set each of them by name.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        /// Limits of one plugin call. Defaults are those for agents.
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[$doc])* pub $field: $type,)*
        }

        /// Limits that a pipeline or configuration sets. Absent limits keep their value.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct LimitsPatch {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl Limits {
            /// Names of all limits, in the order of the fields.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field),)*];

            /// Returns these limits, with the limits in `patch` replaced.
            pub fn with(self, patch: LimitsPatch) -> Self {
                Self { $($field: patch.$field.unwrap_or(self.$field),)* }
            }
        }
    };
}

limits! {
    /// Computing time of the plugin, in milliseconds. Waiting does not count.
    cpu_ms: NonZeroU64,
    /// Wall-clock time from start to end of the call, in milliseconds.
    wall_ms: NonZeroU64,
    /// All linear memories together, in bytes. The stack does not count.
    memory_bytes: u64,
    /// Elements of each table.
    table_elements: u32,
    /// Stack, in bytes.
    stack_bytes: u32,
    /// Core instances inside the component.
    instances: u32,
    /// Model calls and test runs.
    calls: u32,
    /// Model calls and test runs open at once.
    calls_at_once: u32,
    /// Bytes of the requests of all model calls and test runs.
    calls_bytes: u64,
    /// Tokens that models read and write, reserved at the worst case before each call.
    tokens: u64,
    /// US dollars that models cost, as far as prices are known, reserved at the worst case before each call.
    usd: Usd,
    /// Bytes of one answer of a model.
    answer_bytes: u64,
    /// Checked and submitted artifacts.
    artifacts: u32,
    /// Bytes of each checked or submitted artifact.
    artifact_bytes: u64,
    /// Bytes of all checked and submitted artifacts.
    artifacts_bytes: u64,
    /// Bytes read from inputs. Reading an input twice counts twice.
    read_bytes: u64,
    /// Resource handles, futures and streams held at once.
    handles: u32,
    /// Lines of log and progress.
    log_lines: u32,
    /// Bytes of log and progress.
    log_bytes: u64,
    /// Bytes that one host call, or the returned value, may carry to the host.
    host_call_bytes: u64,
    /// Bytes of the returned value: artifacts and findings, a decision, or test results.
    output_bytes: u64,
}

/// A sum of money in US dollars: finite, and 0 or more.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(extend("minimum" = 0))]
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

/// Converts a constant, which must not be 0.
const fn millis(n: u64) -> NonZeroU64 {
    match NonZeroU64::new(n) {
        Some(n) => n,
        None => NonZeroU64::MIN,
    }
}

impl Default for Limits {
    /// Returns the defaults for agents, which compute little and wait long.
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
            // The default budget of a whole run.
            tokens: 2_000_000,
            usd: Usd(20.0),
            answer_bytes: 8 * MIB,
            artifacts: 1_000,
            artifact_bytes: 4 * MIB,
            artifacts_bytes: 256 * MIB,
            // Several times all context files that a task may have.
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
    /// Returns the defaults for feedback strategies, which compute briefly and wait for nothing.
    pub fn strategy() -> Self {
        Self {
            cpu_ms: millis(5_000),
            wall_ms: millis(30_000),
            memory_bytes: 64 * MIB,
            log_bytes: 64 * KIB,
            // Events store decisions, and prompts contain their texts.
            output_bytes: MIB,
            ..Self::default()
        }
    }

    /// Returns the defaults for test runners, which contain an interpreter.
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
    fn patch_changes_only_named_limits() {
        let patch: LimitsPatch = serde_json::from_str(r#"{"cpu_ms": 7}"#).unwrap();
        let limits = Limits::runner().with(patch);
        assert_eq!(limits, Limits { cpu_ms: millis(7), ..Limits::runner() });
    }

    #[test]
    fn rejects_unknown_and_invalid_limits() {
        let error = serde_json::from_str::<LimitsPatch>(r#"{"cpu": 7}"#).unwrap_err().to_string();
        assert!(error.starts_with("unknown field `cpu`"), "{error}");
        let error = serde_json::from_str::<LimitsPatch>(r#"{"cpu_ms": 0}"#).unwrap_err().to_string();
        assert!(error.contains("nonzero"), "{error}");
        let error = serde_json::from_str::<LimitsPatch>(r#"{"usd": -1}"#).unwrap_err().to_string();
        assert!(error.starts_with("-1 is no sum of money"), "{error}");
    }
}
