//! Colours, on a terminal that is not `TERM=dumb`. `NO_COLOR` switches them off, `CLICOLOR_FORCE` on where there is no terminal;
//! `NO_COLOR` takes precedence.

use std::fs::File;
use std::io::{IsTerminal, stderr, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use super::width;

/// How text looks on a stream: its colours, and the width of its terminal.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    colours: bool,
    stream: Stream,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Err,
    /// No stream, or one whose width does not matter.
    None,
}

impl Paint {
    /// Colours and width of stdout.
    pub fn stdout() -> Self {
        Self { colours: are_wanted(stdout().is_terminal()), stream: Stream::Out }
    }

    /// Colours and width of stderr.
    pub fn stderr() -> Self {
        Self { colours: are_wanted(stderr().is_terminal()), stream: Stream::Err }
    }

    /// No colours, and no limit of the width.
    pub fn plain() -> Self {
        Self { colours: false, stream: Stream::None }
    }

    /// Whether colours are used.
    pub fn is_on(self) -> bool {
        self.colours
    }

    /// Returns the columns of the terminal at this moment; `None` where the stream is no terminal.
    pub fn width(self) -> Option<usize> {
        match self.stream {
            Stream::Out => width::of_terminal(&stdout()),
            Stream::Err => width::of_terminal(&stderr()),
            Stream::None => None,
        }
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
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Whether stderr is a terminal on which a line can be drawn again.
pub fn can_redraw() -> bool {
    stderr().is_terminal() && !is_dumb()
}

/// Whether a stream goes to another program.
pub fn is_pipe(stream: &impl AsFd) -> bool {
    let stream = stream.as_fd().try_clone_to_owned().map(File::from);
    let kind = stream.and_then(|stream| stream.metadata()).map(|metadata| metadata.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

fn are_wanted(terminal: bool) -> bool {
    let value = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let forced = || value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    value("NO_COLOR").is_none() && ((terminal && !is_dumb()) || forced())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}
