//! Errors of a plugin call.
//!
//! Events store message and hint, and a replay compares them: the texts are part of the format, except for kinds that
//! depend on the machine.

use std::fmt;

use phasegate_process::PluginName;
use phasegate_process::budget::{BudgetBound, BudgetExceeded};

use phasegate_process::hint::with_hint;

/// A plugin call without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The plugin.
    pub plugin: PluginName,
    /// What the plugin was doing: `phase design, attempt 2`.
    pub doing: String,
    /// Why the call ended.
    pub kind: CallErrorKind,
}

/// Why a call ended. All limits are the call's own limits unless stated otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The guest trapped, with this message of wasmtime.
    Trap(String),
    /// The plugin panicked with this message.
    Panic(String),
    /// The plugin called `exit` with this status.
    Exit(i32),
    /// The plugin exceeded its computing time.
    CpuTime {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// The call exceeded its wall-clock time.
    WallClock {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// The plugin trapped after it was denied memory or table elements.
    Memory {
        /// `memory` or `table`.
        what: &'static str,
        /// The size it asked for: bytes of memory, or elements of a table.
        wanted: u64,
        /// The limit, in the same unit.
        limit: u64,
    },
    /// The plugin held too many core instances or handles.
    TooMany {
        /// `instances` or `handles`, the name of the limit.
        what: &'static str,
        /// The limit.
        limit: u32,
    },
    /// The returned value is too large.
    Output {
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// One host call, or the returned value, carried too many bytes.
    HostCall {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Too many model calls and test runs.
    Calls {
        /// The limit.
        limit: u32,
    },
    /// The requests of all model calls and test runs together are too large.
    CallsBytes {
        /// The limit, in bytes.
        limit: u64,
    },
    /// Too many model calls and test runs open at once.
    OpenCalls {
        /// The limit.
        limit: u32,
    },
    /// A model call could exceed the tokens or money of the plugin.
    BudgetExceeded(BudgetExceeded),
    /// The answer of a model is too large.
    Answer {
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// Too many checked and submitted artifacts.
    Artifacts {
        /// The limit.
        limit: u32,
    },
    /// A submitted artifact is too large.
    Artifact {
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// All checked and submitted artifacts together are too large.
    ArtifactsTotal {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The plugin read too many bytes of its inputs.
    Read {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The stack overflowed.
    Stack {
        /// The limit, in bytes.
        limit: u32,
    },
    /// The plugin waits, but no call is open.
    Stuck,
    /// The returned value is invalid, for this reason.
    BadAnswer(String),
    /// The plugin implements another world than the call needs.
    WrongWorld {
        /// The kind of the plugin: `a test runner`.
        is: &'static str,
        /// The needed kind: `an agent`.
        needed: &'static str,
    },
    /// No instance is free, and the queue is full.
    Busy {
        /// Number of waiting calls.
        queued: u32,
    },
    /// The host failed, for this reason.
    Host(String),
}

impl std::error::Error for CallError {}

impl CallError {
    /// Returns what the operator or the author of the plugin can do.
    pub fn hint(&self) -> Option<String> {
        Some(self.kind.hint().to_owned())
    }

    /// Returns message and hint as an event stores them. A replay compares this text.
    pub fn recorded_text(&self) -> String {
        with_hint(self, self.hint())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, doing, kind } = self;
        write!(f, "plugin `{plugin}` ({doing}) {kind}")
    }
}

impl fmt::Display for CallErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(what) => write!(f, "crashed: {what}"),
            Self::Panic(text) => write!(f, "panicked: {text}"),
            Self::Exit(status) => write!(f, "ended itself with status {status} instead of answering"),
            Self::CpuTime { limit_ms } => write!(f, "used up its {limit_ms} ms of computing time and was stopped"),
            Self::WallClock { limit_ms } => {
                write!(f, "was not done after {limit_ms} ms, waiting included, and was stopped")
            }
            Self::Memory { what, wanted, limit } => {
                let unit = if *what == "memory" { "bytes" } else { "elements" };
                write!(f, "wanted {what} of {wanted} {unit}, may have {limit}, and crashed when it got no more")
            }
            Self::TooMany { what, limit } => write!(f, "wanted more than {limit} {what}, and was stopped"),
            Self::Output { size, limit } => write!(f, "returned {size} bytes, and at most {limit} are taken"),
            Self::HostCall { limit } => write!(f, "handed the host more than {limit} bytes in one call"),
            Self::Calls { limit } => write!(f, "asked for more than {limit} model calls and test runs"),
            Self::CallsBytes { limit } => {
                write!(f, "put more than {limit} bytes into its model calls and test runs together")
            }
            Self::OpenCalls { limit } => write!(f, "had more than {limit} model calls and test runs open at once"),
            Self::BudgetExceeded(BudgetExceeded { bound, needed, left, limit }) => {
                let [needed, left, limit] = [needed, left, limit].map(|amount| bound.render_amount(*amount));
                let unit = if *bound == BudgetBound::Usd { "USD" } else { bound.setting() };
                write!(f, "asked a model for what may take {needed} {unit}, and has {left} of its {limit} left")
            }
            Self::Answer { size, limit } => {
                write!(f, "was answered with {size} bytes by a model, and at most {limit} are taken")
            }
            Self::Artifacts { limit } => {
                write!(f, "handed over more than {limit} artifacts, to be checked or submitted")
            }
            Self::Artifact { size, limit } => {
                write!(f, "handed over an artifact of {size} bytes, and at most {limit} are taken")
            }
            Self::ArtifactsTotal { limit } => {
                write!(f, "handed over artifacts of more than {limit} bytes together, to be checked or submitted")
            }
            Self::Read { limit } => write!(f, "read more than {limit} bytes of its inputs, each reading counted"),
            Self::Stack { limit } => write!(f, "used up its {limit} bytes of stack and crashed"),
            Self::Stuck => write!(f, "waits, but nothing that it could wait for is under way"),
            Self::BadAnswer(text) => write!(f, "gave an answer that cannot be taken: {text}"),
            Self::WrongWorld { is, needed } => write!(f, "is {is}, and {needed} is needed here"),
            Self::Busy { queued } => {
                write!(f, "could not start: all instances are in use and {queued} calls are waiting for one")
            }
            Self::Host(text) => write!(f, "could not be run by the host: {text}"),
        }
    }
}

impl CallErrorKind {
    /// Returns whether the same call could end differently on another machine or at another time. A replay takes such an
    /// outcome from the record instead of comparing it.
    pub fn depends_on_the_machine(&self) -> bool {
        match self {
            Self::CpuTime { .. } | Self::WallClock { .. } | Self::Busy { .. } | Self::Host(_) => true,
            Self::Trap(_)
            | Self::Panic(_)
            | Self::Exit(_)
            | Self::Memory { .. }
            | Self::TooMany { .. }
            | Self::Output { .. }
            | Self::HostCall { .. }
            | Self::Calls { .. }
            | Self::CallsBytes { .. }
            | Self::OpenCalls { .. }
            | Self::BudgetExceeded(_)
            | Self::Answer { .. }
            | Self::Artifacts { .. }
            | Self::Artifact { .. }
            | Self::ArtifactsTotal { .. }
            | Self::Read { .. }
            | Self::Stack { .. }
            | Self::Stuck
            | Self::BadAnswer(_)
            | Self::WrongWorld { .. } => false,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Trap(_) | Self::Panic(_) | Self::Exit(_) => {
                "this is a fault of the plugin; its author needs this message and the plugin's log"
            }
            Self::CpuTime { .. } => {
                "if its work is honest, raise `cpu_ms` in its limits; else look for an endless loop"
            }
            Self::WallClock { .. } => "if it only waited for slow models, raise `wall_ms` in its limits",
            Self::Memory { what: "table", .. } => "if its work needs it, raise `table_elements` in its limits",
            Self::Memory { .. } => "if its work needs it, raise `memory_bytes` in its limits",
            Self::TooMany { what: "instances", .. } => "if its work needs it, raise `instances` in its limits",
            Self::TooMany { .. } => {
                "if its work needs it, raise `handles` in its limits; else look for what is never let go"
            }
            Self::Output { .. } => "if its work needs it, raise `output_bytes` in its limits",
            Self::HostCall { .. } => "if its work needs it, raise `host_call_bytes` in its limits",
            Self::Calls { .. } => "if its work needs it, raise `calls` in its limits; else look for a loop that asks",
            Self::CallsBytes { .. } => {
                "if its work needs it, raise `calls_bytes` in its limits; else it should say less"
            }
            Self::OpenCalls { .. } => {
                "if its work needs it, raise `calls_at_once` in its limits; else it should await some before it asks more"
            }
            Self::BudgetExceeded(exceeded) if exceeded.bound == BudgetBound::Usd => {
                "if its work is worth it, raise `usd` in its limits; else it should ask less, or for shorter answers"
            }
            Self::BudgetExceeded(_) => {
                "if its work is worth it, raise `tokens` in its limits; else it should ask less, or for shorter answers"
            }
            Self::Answer { .. } => {
                "if its work needs it, raise `answer_bytes` in its limits; else it should ask for shorter answers"
            }
            Self::Artifacts { .. } => {
                "if its work needs it, raise `artifacts` in its limits; else look for a loop that checks"
            }
            Self::Artifact { .. } => "if its work needs it, raise `artifact_bytes` in its limits",
            Self::ArtifactsTotal { .. } => "if its work needs it, raise `artifacts_bytes` in its limits",
            Self::Read { .. } => {
                "if its work needs it, raise `read_bytes` in its limits; else it should keep what it has read"
            }
            Self::Stack { .. } => {
                "if its work needs it, raise `stack_bytes` in its limits; else look for a recursion without end"
            }
            Self::Stuck => "its author should look for a task or future that is awaited but never completed",
            Self::BadAnswer(_) => "its author should hold it against the contract in `wit/`",
            Self::WrongWorld { .. } => "check which plugin the pipeline names in this place",
            Self::Busy { .. } => {
                "run fewer tasks at once, or raise `max_instances` (of test runners `max_test_runs`) under `[sandbox]`"
            }
            Self::Host(_) => "try again; if it stays, this is a fault of the host worth reporting",
        }
    }
}
