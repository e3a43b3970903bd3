//! Colours, only on a terminal and only if `NO_COLOR` is not set.

use std::io::{IsTerminal, stderr, stdout};

/// Colours text, or leaves it plain.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// Colours for stdout.
    pub fn stdout() -> Self {
        Self(stdout().is_terminal() && colors_wanted())
    }

    /// Colours for stderr.
    pub fn stderr() -> Self {
        Self(stderr().is_terminal() && colors_wanted())
    }

    /// No colours.
    pub fn plain() -> Self {
        Self(false)
    }

    /// Whether colours are used.
    pub fn is_on(self) -> bool {
        self.0
    }

    /// Failures.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Successes.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Warnings.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Hints.
    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Headings and names.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Secondary text.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn colors_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
