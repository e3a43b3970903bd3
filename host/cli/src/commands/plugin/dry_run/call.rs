//! One call of a dry run and its outcome.

use phasegate_process::limits::Limits;
use phasegate_sandbox::{Call, CallError, CallErrorKind, CpuMeter, TestProgress};

use super::log::CallLog;

/// Maximal length of a text from the plugin in characters.
pub const MAX_TEXT: usize = 400;

/// A call of the plugin and its outcome.
#[derive(serde::Serialize)]
pub struct DryCall {
    pub call: String,
    pub happened: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Returns the frame of a call, without its input.
pub fn new_call(doing: &str, limits: Limits, log: &CallLog) -> Call {
    Call {
        doing: doing.to_owned(),
        seed: 0,
        limits,
        cpu: CpuMeter::default(),
        log: Some(log.sink()),
        progress: TestProgress::default(),
    }
}

/// Joins what a call did with its error, which is a fault.
pub fn finish_call(call: String, happened: Vec<String>, error: Option<&CallError>) -> DryCall {
    DryCall { call, happened, fault: error.map(describe_error) }
}

/// Describes an error for the author of the plugin. A crash has no hint, because the log is printed with it.
pub fn describe_error(error: &CallError) -> String {
    match error.kind {
        CallErrorKind::Trap(_) | CallErrorKind::Panic(_) => error.to_string(),
        _ => error.recorded_text(),
    }
}
