//! The bounded log of one call: beyond its bound it is cut, with one notice, and the call goes on.
//!
//! Also remembers the last `panic: …` line, which is how a guest's panic gets its words across before it traps.

use std::sync::{Arc, Mutex};

use crate::capabilities::{Capabilities, LogLevel, LogSink};
use crate::limits::Limits;
use crate::mutex::lock;

const LONGEST_LINE: usize = 8 << 10;

/// Who hears the lines.
#[derive(Clone)]
pub(crate) enum Listener {
    Agent(Arc<dyn Capabilities>),
    Sink(LogSink),
    Nobody,
}

/// Shared by the log import and the captured output streams.
#[derive(Clone)]
pub(crate) struct LogBook {
    listener: Listener,
    /// Plugin and moment, for the notice.
    who: Arc<str>,
    limits: Limits,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    lines_left: u32,
    bytes_left: u64,
    cut: bool,
    panic: Option<String>,
}

impl LogBook {
    pub(crate) fn new(listener: Listener, limits: &Limits, who: String) -> Self {
        let inner = Inner { lines_left: limits.log_lines, bytes_left: limits.log_bytes, cut: false, panic: None };
        Self { listener, who: who.into(), limits: *limits, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Takes one line. Control characters are dropped, so that no line can draw on a person's terminal.
    pub(crate) fn write(&self, level: LogLevel, line: &str) {
        let line = plain(line);
        if level == LogLevel::Error
            && let Some(words) = line.strip_prefix("panic: ")
        {
            self.with(|inner| inner.panic = Some(words.to_owned()));
        }
        if self.admit(line.len()) {
            self.say(level, line);
        }
    }

    /// Takes one word of progress.
    pub(crate) fn progress(&self, what: &str, fraction: Option<f32>) {
        let what = plain(what);
        if self.admit(what.len())
            && let Listener::Agent(agent) = &self.listener
        {
            agent.progress(what, fraction.filter(|f| f.is_finite()).map(|f| f.clamp(0.0, 1.0)));
        }
    }

    /// The words of the last panic.
    pub(crate) fn panic(&self) -> Option<String> {
        self.with(|inner| inner.panic.clone())
    }

    fn admit(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let refused = self.with(|inner| {
            if inner.cut {
                return Some(None);
            }
            let why = match (inner.lines_left == 0, inner.bytes_left < bytes) {
                (true, _) => (format!("{} lines", self.limits.log_lines), "log_lines"),
                (_, true) => (format!("{} bytes", self.limits.log_bytes), "log_bytes"),
                _ => {
                    inner.lines_left -= 1;
                    inner.bytes_left -= bytes;
                    return None;
                }
            };
            inner.cut = true;
            Some(Some(why))
        });
        if let Some(Some((what, bound))) = &refused {
            let words = format!(
                "the log is cut here: {} has used up its {what} of log\nhint: if that hides too much, raise `{bound}` in \
                 its limits",
                self.who
            );
            self.say(LogLevel::Warn, words);
        }
        refused.is_none()
    }

    fn say(&self, level: LogLevel, line: String) {
        match &self.listener {
            Listener::Agent(agent) => agent.log(level, line),
            Listener::Sink(sink) => sink(level, line),
            Listener::Nobody => {}
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut lock(&self.inner))
    }
}

fn plain(line: &str) -> String {
    let end = line.floor_char_boundary(LONGEST_LINE);
    let shown = line.get(..end).unwrap_or_default();
    shown.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
