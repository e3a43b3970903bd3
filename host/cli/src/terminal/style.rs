//! Colours on a terminal, never against `NO_COLOR`.

use std::io::{IsTerminal, stderr, stdout};

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For what goes to stdout.
    pub fn stdout() -> Self {
        Self(stdout().is_terminal() && colors_wanted())
    }

    /// For what goes to stderr.
    pub fn stderr() -> Self {
        Self(stderr().is_terminal() && colors_wanted())
    }

    /// None, wherever it goes.
    pub fn plain() -> Self {
        Self(false)
    }

    /// Whether there are colours.
    pub fn is_on(self) -> bool {
        self.0
    }

    /// What went wrong.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// What went well.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// What needs attention.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// What helps.
    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// What matters most.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What matters least.
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
