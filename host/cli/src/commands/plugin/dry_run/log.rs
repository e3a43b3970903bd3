//! What a plugin did in a dry run, for its author.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use phasegate_process::sync::lock;
use phasegate_sandbox::{LogLevel, LogSink};

use crate::terminal::format::truncate;

/// Maximal number of lines of each sort.
const MAX_LINES: usize = 20;

/// What a plugin did: its requests by call number, then its log and progress.
#[derive(Default, Clone)]
pub struct CallLog(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    /// By call number, because overlapping calls arrive in any order.
    requests: BTreeMap<u32, String>,
    notes: Vec<String>,
}

impl CallLog {
    /// Removes and returns all lines.
    pub fn take(&self) -> Vec<String> {
        let Entries { requests, notes } = std::mem::take(&mut *self.entries());
        [requests.into_values().collect(), notes].into_iter().flat_map(limit_lines).collect()
    }

    /// Returns a sink for the log of a strategy or a test runner.
    pub fn sink(&self) -> LogSink {
        let log = self.clone();
        Arc::new(move |level, line| log.log(level, &line))
    }

    pub fn log(&self, level: LogLevel, line: &str) {
        let level = format!("{level:?}").to_lowercase();
        self.add_note(format!("log {level}: {}", truncate(line, 200)));
    }

    pub fn add_request(&self, call: u32, line: String) {
        self.entries().requests.insert(call, line);
    }

    pub fn add_note(&self, line: String) {
        self.entries().notes.push(line);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        lock(&self.0)
    }
}

fn limit_lines(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_LINES {
        let more = lines.split_off(MAX_LINES).len();
        lines.push(format!("… and {more} more"));
    }
    lines
}
