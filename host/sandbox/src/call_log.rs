//! The log of one call. Beyond its limit it is cut with one notice, and the call continues.
//!
//! Also remembers the last line that starts with `panic: `: guests log a panic's message before they trap.

use std::sync::{Arc, Mutex};

use phasegate_process::limits::Limits;
use phasegate_process::sync::lock;

use crate::capabilities::{Capabilities, LogLevel, LogSink};
use crate::test_progress::TestProgress;

const MAX_LINE_BYTES: usize = 8 << 10;

/// Receiver of the lines.
#[derive(Clone)]
pub(crate) enum LogTarget {
    Agent(Arc<dyn Capabilities>),
    Sink(LogSink),
    None,
}

/// The log of one call. The log import and the output streams share it; clones share the limits.
#[derive(Clone)]
pub(crate) struct CallLog {
    target: LogTarget,
    /// The plugin and what it is doing, for the notice.
    caller: Arc<str>,
    limits: Limits,
    /// Takes lines of standard output out of the log of a test run.
    tests: Option<TestProgress>,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    lines_left: u32,
    bytes_left: u64,
    cut: bool,
    panic: Option<String>,
}

impl CallLog {
    pub(crate) fn new(target: LogTarget, limits: &Limits, caller: String) -> Self {
        let inner = Inner { lines_left: limits.log_lines, bytes_left: limits.log_bytes, cut: false, panic: None };
        Self { target, caller: caller.into(), limits: *limits, tests: None, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Notes the progress of a test run here instead of logging it.
    pub(crate) fn with_progress(self, tests: TestProgress) -> Self {
        Self { tests: Some(tests), ..self }
    }

    /// Logs a line of standard output, unless it is progress of a test run.
    pub(crate) fn write_output(&self, line: &str) {
        if !self.tests.as_ref().is_some_and(|tests| tests.take_line(line)) {
            self.write(LogLevel::Info, line);
        }
    }

    /// Logs a line without its control characters, which could change a terminal.
    pub(crate) fn write(&self, level: LogLevel, line: &str) {
        let line = sanitize(line);
        if level == LogLevel::Error
            && let Some(text) = line.strip_prefix("panic: ")
        {
            self.with(|inner| inner.panic = Some(text.to_owned()));
        }
        if self.admit(line.len()) {
            self.emit(level, line);
        }
    }

    /// Reports progress. Counts towards the limits on the log.
    pub(crate) fn progress(&self, text: &str, fraction: Option<f32>) {
        let text = sanitize(text);
        if self.admit(text.len())
            && let LogTarget::Agent(agent) = &self.target
        {
            agent.progress(text, fraction.filter(|f| f.is_finite()).map(|f| f.clamp(0.0, 1.0)));
        }
    }

    /// Returns the message of the last panic.
    pub(crate) fn panic_message(&self) -> Option<String> {
        self.with(|inner| inner.panic.clone())
    }

    fn admit(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let refused = self.with(|inner| {
            if inner.cut {
                return Some(None);
            }
            let exceeded = match (inner.lines_left == 0, inner.bytes_left < bytes) {
                (true, _) => (format!("{} lines", self.limits.log_lines), "log_lines"),
                (_, true) => (format!("{} bytes", self.limits.log_bytes), "log_bytes"),
                _ => {
                    inner.lines_left -= 1;
                    inner.bytes_left -= bytes;
                    return None;
                }
            };
            inner.cut = true;
            Some(Some(exceeded))
        });
        if let Some(Some((text, setting))) = &refused {
            let text = format!(
                "the log is cut here: {} has used up its {text} of log\nhint: if that hides too much, raise `{setting}` in \
                 its limits",
                self.caller
            );
            self.emit(LogLevel::Warn, text);
        }
        refused.is_none()
    }

    fn emit(&self, level: LogLevel, line: String) {
        match &self.target {
            LogTarget::Agent(agent) => agent.log(level, line),
            LogTarget::Sink(sink) => sink(level, line),
            LogTarget::None => {}
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut lock(&self.inner))
    }
}

fn sanitize(line: &str) -> String {
    let end = line.floor_char_boundary(MAX_LINE_BYTES);
    let shown = line.get(..end).unwrap_or_default();
    shown.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
