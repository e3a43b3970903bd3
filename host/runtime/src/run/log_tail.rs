//! The end of a plugin's log, kept for attempts that fail.

use std::collections::VecDeque;
use std::sync::Mutex;

use phasegate_process::sync::lock;

/// The most bytes that are kept, with the line breaks.
const MAX_BYTES: usize = 8 << 10;

/// The last lines of a log, whole ones.
#[derive(Debug, Default)]
pub(crate) struct LogTail(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl LogTail {
    /// Adds a line, which the sandbox limits to 8 KiB.
    pub(crate) fn add(&self, line: &str) {
        let mut tail = lock(&self.0);
        tail.bytes += line.len() + 1;
        tail.lines.push_back(line.to_owned());
        while tail.bytes > MAX_BYTES && tail.lines.len() > 1 {
            let dropped = tail.lines.pop_front().map_or(0, |line| line.len() + 1);
            tail.bytes -= dropped;
        }
    }

    /// Returns the lines, or `None` without any.
    pub(crate) fn text(&self) -> Option<String> {
        let tail = lock(&self.0);
        let lines: Vec<&str> = tail.lines.iter().map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keeps_the_last_whole_lines() {
        let tail = LogTail::default();
        assert_eq!(tail.text(), None);
        for number in 0..1000 {
            tail.add(&format!("line {number} {}", "x".repeat(50)));
        }
        let text = tail.text().unwrap();
        assert!(text.len() <= MAX_BYTES && text.len() > MAX_BYTES - 70, "{}", text.len());
        assert!(text.starts_with("line ") && text.ends_with(&format!("line 999 {}", "x".repeat(50))));
        tail.add(&"y".repeat(MAX_BYTES));
        assert_eq!(tail.text().unwrap(), "y".repeat(MAX_BYTES));
    }
}
