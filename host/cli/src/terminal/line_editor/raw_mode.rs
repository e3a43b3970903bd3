//! The terminal's raw mode: every key arrives at once, none is shown, and none sends a signal.

use std::io::{Error, stdin};

use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};

/// The terminal of stdin in raw mode until this value is dropped. Output is processed as before.
pub struct RawMode(Termios);

impl RawMode {
    /// Enters raw mode. Fails if stdin is no terminal.
    pub fn enter() -> Result<Self, Error> {
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        raw.output_modes = before.output_modes;
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }

    /// Whether the terminal is still in raw mode. A shell that continues a stopped process may have taken it back.
    pub fn holds(&self) -> bool {
        tcgetattr(stdin()).map_or(true, |modes| !modes.local_modes.contains(LocalModes::ICANON))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// Forgets what was typed and not read yet. Does nothing if stdin is no terminal.
pub fn forget_typed() {
    let _ = tcflush(stdin(), QueueSelector::IFlush);
}
