//! Reads a line that a person edits, until Enter, Ctrl-C, or somebody else ends the question.
//!
//! What was typed before a question is forgotten: it cannot answer what nobody has seen. The terminal's mode is restored when
//! a function here returns. Control characters and the bytes of unknown keys never become text. Where the terminal cannot be controlled (`TERM=dumb`), the terminal's own line editing applies.

mod keys;
mod line;
mod raw_mode;

use std::io::{BufRead, Error, Write, stderr, stdin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::tcgetwinsize;

use self::keys::{Key, Keys};
use self::line::{Line, place_behind};
use self::raw_mode::{RawMode, forget_typed};

/// How long a read waits before it looks whether the question has ended.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// How long it takes until this process is stopped.
const SUSPEND: Duration = Duration::from_millis(100);
/// The exit code of a process that ends because of Ctrl-C at a question.
pub const INTERRUPTED: i32 = 130;
/// The columns of a terminal that does not tell its size.
const COLUMNS: usize = 80;

/// What a person does at a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Answers with a line, without its end.
    Line(String),
    /// Wants to continue this text in an editor.
    Edit(String),
    /// Ends the input.
    End,
    /// Presses Ctrl-C.
    Interrupted,
    /// Is interrupted by somebody else; the text is what was typed so far.
    Overtaken(String),
}

/// A question on one line.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The text before the answer, without line ends.
    pub prompt: &'a str,
    /// The text that is edited; empty for a new answer.
    pub text: &'a str,
    /// Whether Ctrl-X asks for an editor.
    pub may_edit: bool,
}

/// Shows the question and reads the answer. Ends when `overtaken` becomes true.
pub fn read_line(question: Question<'_>, overtaken: &AtomicBool) -> Input {
    let raw = if is_dumb() { None } else { RawMode::enter().ok() };
    forget_typed();
    let input = match raw {
        Some(raw) => read_keys(question, overtaken, raw),
        None => read_cooked(question, overtaken),
    };
    input.unwrap_or(Input::End)
}

/// Whether the terminal understands no control sequences.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn read_keys(question: Question<'_>, overtaken: &AtomicBool, raw: RawMode) -> Result<Input, Error> {
    let mut raw = Some(raw);
    let mut screen = Screen::default();
    let (mut keys, mut line) = (Keys::default(), Line::new(question.text));
    screen.begin();
    screen.draw(question.prompt, &line);
    let input = 'reading: loop {
        if overtaken.load(Ordering::Relaxed) {
            break Input::Overtaken(line.text());
        }
        if raw.as_ref().is_none_or(|raw| !raw.holds()) {
            // The process was stopped and goes on, and nobody has seen the question since.
            drop(raw.take());
            raw = RawMode::enter().ok();
            forget_typed();
            screen.begin();
            screen.draw(question.prompt, &line);
        }
        let Some(bytes) = read_bytes()? else {
            keys.forget_incomplete();
            continue;
        };
        if bytes.is_empty() {
            break Input::End;
        }
        for key in keys.add(&bytes) {
            match key {
                Key::Enter => break 'reading Input::Line(line.text()),
                Key::Interrupt => break 'reading Input::Interrupted,
                Key::EndOfInput if line.is_empty() => break 'reading Input::End,
                Key::Edit if question.may_edit => break 'reading Input::Edit(line.text()),
                Key::Suspend => {
                    screen.leave(question.prompt, &line);
                    drop(raw.take());
                    let _ = kill_process(getpid(), Signal::TSTP);
                    // Another thread may get the signal, and this one goes on for a moment.
                    std::thread::sleep(SUSPEND);
                    continue 'reading;
                }
                key => line.apply(key),
            }
        }
        screen.draw(question.prompt, &line);
    };
    screen.leave(question.prompt, &line);
    Ok(input)
}

/// Reads a line as the terminal sends it, or as a pipe does.
fn read_cooked(question: Question<'_>, overtaken: &AtomicBool) -> Result<Input, Error> {
    let _ = stderr().lock().write_all(question.prompt.as_bytes());
    while !is_readable()? {
        if overtaken.load(Ordering::Relaxed) {
            let _ = stderr().lock().write_all(b"\n");
            return Ok(Input::Overtaken(String::new()));
        }
    }
    let mut text = String::new();
    match stdin().lock().read_line(&mut text)? {
        0 => Ok(Input::End),
        _ => {
            // The bytes of arrow keys move here, too, and are no text.
            let mut line = Line::default();
            let typed = text.trim_end_matches(['\r', '\n']);
            Keys::default().add(typed.as_bytes()).into_iter().for_each(|key| line.apply(key));
            Ok(Input::Line(line.text()))
        }
    }
}

/// Returns the bytes that were typed, empty at the end of the input; `None` if there are none for a moment.
fn read_bytes() -> Result<Option<Vec<u8>>, Error> {
    if !is_readable()? {
        return Ok(None);
    }
    let mut bytes = [0; 1024];
    match rustix::io::read(stdin(), &mut bytes) {
        Ok(read) => Ok(Some(bytes.get(..read).unwrap_or_default().to_vec())),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(None),
        Err(why) => Err(why.into()),
    }
}

/// Waits for a moment, and returns whether there is something to read.
fn is_readable() -> Result<bool, Error> {
    let stdin = stdin();
    match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&PAUSE)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(why) => Err(why.into()),
    }
}

/// The rows of the terminal that show a question.
#[derive(Debug, Default)]
struct Screen {
    /// The row of the cursor, from the first row of the question.
    row: usize,
    /// What is shown, while the cursor is at its end.
    shown: Option<String>,
}

impl Screen {
    /// Has pasted text marked as such, so that its line ends do not answer.
    fn begin(&mut self) {
        *self = Self::default();
        write("\x1b[?2004h");
    }

    fn draw(&mut self, prompt: &str, line: &Line) {
        let columns = tcgetwinsize(stderr()).map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { COLUMNS } else { columns };
        let all = format!("{prompt}{}", line.shown());
        let at_end = line.is_at_end();
        let place = place_behind(&all, columns);
        let before = self.shown.take();
        self.shown = at_end.then(|| all.clone());
        // What is typed at the end in the same row is only added.
        if let Some(added) = before.as_deref().and_then(|before| all.strip_prefix(before)).filter(|_| at_end)
            && place.0 == self.row
        {
            return write(added);
        }
        let up = if self.row > 0 { format!("\x1b[{}A", self.row) } else { String::new() };
        let (last, end) = place;
        // A full row leaves the cursor in it; a character more takes it to the next one.
        let wrapped = if end == 0 && last > 0 { " \r\x1b[K" } else { "" };
        let (row, column) = place_behind(&format!("{prompt}{}", line.shown_before_cursor()), columns);
        let back = if last > row { format!("\x1b[{}A", last - row) } else { String::new() };
        let right = if column > 0 { format!("\x1b[{column}C") } else { String::new() };
        write(&format!("{up}\r\x1b[J{all}{wrapped}{back}\r{right}"));
        self.row = row;
    }

    /// Leaves the question with the cursor in the row below it.
    fn leave(&mut self, prompt: &str, line: &Line) {
        self.draw(prompt, &Line::new(&line.text()));
        write("\x1b[?2004l\n");
    }
}

fn write(text: &str) {
    let mut out = stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
