//! The page that the sections of a report write to.

use std::fmt::Write;

use phasegate_process::Recorded;
use phasegate_process::result::TaskResult;

use crate::output::artifacts::ArtifactReader;

/// The text of a report, and the data that its sections render.
pub(super) struct Page<'a> {
    pub(super) artifacts: &'a ArtifactReader<'a>,
    pub(super) events: &'a [Recorded],
    pub(super) result: &'a TaskResult,
    pub(super) text: String,
}

impl Page<'_> {
    // Writing to a String cannot fail.
    pub(super) fn line(&mut self, line: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{line}");
    }

    pub(super) fn heading(&mut self, heading: &str) {
        self.line(format_args!("\n## {heading}\n"));
    }

    pub(super) fn table<const N: usize>(&mut self, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
        self.line(format_args!("| {} |", head.join(" | ")));
        self.line(format_args!("|{}", "---|".repeat(N)));
        for row in rows {
            self.line(format_args!("| {} |", row.join(" | ")));
        }
    }
}
