//! The terminal's raw mode: every key arrives at once, none is shown, and none sends a signal.

use std::io::{Error, stdin};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

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
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
