//! A program whose input and output are a terminal, and the screen of that terminal.
//!
//! `script` of util-linux makes the terminal, and `vt100` the screen. A test that waits in vain fails with the screen.

use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vt100::Screen;

/// The longest time until a text is shown or the program ends.
const PATIENCE: Duration = Duration::from_secs(120);
/// The rows and columns of a terminal whose size does not matter.
const SIZE: (u16, u16) = (40, 120);
/// The rows that are kept above the screen.
const SCROLLBACK: usize = 10_000;

/// A program under way at a terminal. It is killed with this value.
pub struct Terminal {
    script: Child,
    /// Has the file `program`: the program's process id and the path of its terminal.
    notes: TempDir,
    more: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    plain: vte::Parser,
    /// What was shown since the last wait, without colours and movements of the cursor.
    shown: Shown,
}

impl Terminal {
    /// Starts a command with its arguments, folder and environment at a terminal of 40 rows and 120 columns.
    pub fn start(command: &Command) -> Self {
        Self::with_size(command, SIZE.0, SIZE.1)
    }

    /// The same at a terminal of a given size.
    pub fn with_size(command: &Command, rows: u16, columns: u16) -> Self {
        let notes = tempfile::tempdir().unwrap();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| quote(word.to_str().unwrap())).collect();
        let note = quote(notes.path().join("program").to_str().unwrap());
        let line = format!("stty rows {rows} cols {columns}; {{ echo $$; tty; }} >{note}; exec {}", words.join(" "));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        script.current_dir(command.get_current_dir().unwrap()).env_clear().env("TERM", "xterm-256color");
        script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut script = script.spawn().unwrap();
        let mut output = script.stdout.take().unwrap();
        let (send, more) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                if send.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let size = |number| NonZeroU16::new(number).unwrap();
        let screen = vt100::Parser::new(size(rows), size(columns), SCROLLBACK);
        Self { script, notes, more, screen, plain: vte::Parser::new(), shown: Shown::default() }
    }

    /// Waits until a text is shown, and returns everything up to its end since the last call, without colours.
    pub fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.shown.0.find(text) {
                let rest = self.shown.0.split_off(place + text.len());
                return std::mem::replace(&mut self.shown.0, rest);
            }
            if let Err(why) = self.read_until(until) {
                panic!("`{text}` was not shown ({why}). The screen:\n{}", self.text());
            }
        }
    }

    /// Waits until the screen is as `reached` wants it.
    pub fn wait_until(&mut self, what: &str, reached: impl Fn(&Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !reached(self.screen.screen()) {
            if let Err(why) = self.read_until(until) {
                panic!("the screen never had {what} ({why}). The screen:\n{}", self.text());
            }
        }
    }

    /// Waits until the screen has a text in one of its rows.
    pub fn wait_for_row(&mut self, text: &str) {
        self.wait_until(&format!("`{text}`"), |screen| screen.contents().contains(text));
    }

    /// The screen at this moment: its cells have colours.
    pub fn screen(&mut self) -> &Screen {
        while let Ok(bytes) = self.more.try_recv() {
            self.take(&bytes);
        }
        self.screen.screen()
    }

    /// The rows of the screen as text, without empty ones at the end.
    pub fn text(&mut self) -> String {
        self.screen().contents()
    }

    /// Types text as it is: `\x03` is Ctrl-C, `\x1b[D` the left arrow, `\r` Enter.
    pub fn type_keys(&mut self, keys: &str) {
        self.script.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.type_keys(&format!("{line}\r"));
    }

    /// Makes the terminal as large as given.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        let (rows_text, columns_text) = (rows.to_string(), columns.to_string());
        let terminal = self.note(1);
        let stty = Command::new("stty").args(["-F", &terminal, "rows", &rows_text, "cols", &columns_text]).status();
        assert!(stty.unwrap().success());
        let size = |number| NonZeroU16::new(number).unwrap();
        self.screen.screen_mut().set_size(size(rows), size(columns));
    }

    /// The process id of the program.
    pub fn pid(&self) -> u32 {
        self.note(0).parse().unwrap()
    }

    /// Sends a signal to the program by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().unwrap().success());
    }

    /// Waits for the end, and returns the exit code and what was shown since [`Terminal::wait_for`]. The exit code of a
    /// program that a signal ended is 128 and the number of the signal, as in a shell.
    pub fn wait(mut self) -> (i32, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.read_until(until) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the program did not end. The screen:\n{}", self.text()),
            }
        }
        let code = self.script.wait().unwrap().code().unwrap_or(-1);
        (code, std::mem::take(&mut self.shown.0))
    }

    /// Waits for the end, and returns the exit code and the screen that the program leaves.
    pub fn wait_for_screen(mut self) -> (i32, Screen) {
        let until = Instant::now() + PATIENCE;
        while self.read_until(until).is_ok() {}
        let code = self.script.wait().unwrap().code().unwrap_or(-1);
        (code, self.screen.screen().clone())
    }

    fn read_until(&mut self, until: Instant) -> Result<(), RecvTimeoutError> {
        let bytes = self.more.recv_timeout(until.saturating_duration_since(Instant::now()))?;
        self.take(&bytes);
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.plain.advance(&mut self.shown, bytes);
    }

    /// A line that the shell noted before it became the program.
    fn note(&self, line: usize) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(self.notes.path().join("program")).unwrap_or_default();
            if text.lines().count() == 2 && text.ends_with('\n') {
                return text.lines().nth(line).unwrap().to_owned();
            }
            assert!(Instant::now() < until, "the program did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

/// The characters that a program shows.
#[derive(Default)]
struct Shown(String);

impl vte::Perform for Shown {
    fn print(&mut self, character: char) {
        self.0.push(character);
    }

    fn execute(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\t') {
            self.0.push(char::from(byte));
        }
    }
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
