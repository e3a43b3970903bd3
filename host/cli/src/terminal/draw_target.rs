//! Where progress bars are drawn: the terminal at stderr.
//!
//! Errors are ignored. A terminal that closes while a run goes on must not end it, and `indicatif` panics where it cannot draw.

use std::fmt::Write as _;
use std::io::{self, Write as _, stderr};
use std::sync::Mutex;

use indicatif::{ProgressDrawTarget, TermLike};
use phasegate_process::sync::lock;

/// The columns and rows of a terminal that does not say.
const SIZE: (u16, u16) = (80, 24);

/// Returns the terminal at stderr as a place for progress bars.
pub fn stderr_target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like(Box::new(Terminal::default()))
}

/// Keeps what is written until it is flushed.
#[derive(Debug, Default)]
struct Terminal(Mutex<String>);

impl Terminal {
    fn add(&self, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let _ = lock(&self.0).write_fmt(text);
        Ok(())
    }

    fn move_cursor(&self, lines_or_columns: usize, direction: char) -> io::Result<()> {
        match lines_or_columns {
            0 => Ok(()),
            number => self.add(format_args!("\x1b[{number}{direction}")),
        }
    }
}

fn size() -> (u16, u16) {
    terminal_size::terminal_size_of(stderr()).map_or(SIZE, |(width, height)| (width.0, height.0))
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        size().0
    }

    fn height(&self) -> u16 {
        size().1
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.move_cursor(lines, 'A')
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.move_cursor(lines, 'B')
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.move_cursor(columns, 'C')
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.move_cursor(columns, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.add(format_args!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let text = std::mem::take(&mut *lock(&self.0));
        let mut out = stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        Ok(())
    }
}
