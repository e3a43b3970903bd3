//! A command whose input and output are a terminal. `script` of util-linux makes the terminal.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest time until a text is shown.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command under way at a terminal.
pub struct Terminal {
    child: Child,
    shown: String,
    more: Receiver<Vec<u8>>,
}

impl Terminal {
    /// Starts a command with its arguments, folder and environment.
    pub fn start(command: &Command) -> Self {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")));
        let line = quoted.collect::<Vec<_>>().join(" ");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        script.current_dir(command.get_current_dir().unwrap()).env_clear();
        script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = script.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let (send, more) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, shown: String::new(), more }
    }

    /// Waits until a text is shown, and returns everything up to its end since the last call.
    pub fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.shown.find(text) {
                let rest = self.shown.split_off(place + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            match self.more.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(why) => panic!("`{text}` was not shown ({why}): {}", self.shown),
            }
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the end, and returns the exit code and what was shown since [`Terminal::wait_for`].
    pub fn wait(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        self.shown.extend(self.more.iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        (code, self.shown)
    }
}
