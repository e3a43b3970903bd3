//! Keys from the bytes that a terminal sends.
//!
//! Every sequence of bytes is understood or skipped as a whole: no part of an unknown key becomes text.

/// A key, by what it does to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Text, which is no control character.
    Char(char),
    /// Enter.
    Enter,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// The left arrow.
    Left,
    /// The right arrow.
    Right,
    /// To the word before.
    WordLeft,
    /// Behind the next word.
    WordRight,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Removes the text before the cursor.
    RemoveToStart,
    /// Removes the text behind the cursor.
    RemoveToEnd,
    /// Removes the word before the cursor.
    RemoveWord,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D: the end of the input in an empty line.
    EndOfInput,
    /// Ctrl-L: draws the line again.
    Redraw,
    /// Ctrl-X: opens the editor.
    Edit,
    /// Ctrl-Z.
    Suspend,
}

/// Splits bytes into keys. Bytes of an incomplete key wait for the next ones.
#[derive(Debug, Default)]
pub struct Keys {
    waiting: Vec<u8>,
    pasting: bool,
}

/// The first key of some bytes and its length.
enum Parsed {
    Key(Option<Key>, usize),
    Paste(bool, usize),
    Incomplete,
}

impl Keys {
    /// Adds bytes and returns the keys that are complete.
    pub fn add(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.waiting.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut start = 0;
        while let Some(rest) = self.waiting.get(start..).filter(|rest| !rest.is_empty()) {
            match parse(rest) {
                Parsed::Key(key, length) => {
                    let in_paste = |key| if matches!(key, Key::Enter) { Key::Char(' ') } else { key };
                    keys.extend(if self.pasting { key.map(in_paste) } else { key });
                    start += length;
                }
                Parsed::Paste(begins, length) => {
                    self.pasting = begins;
                    start += length;
                }
                Parsed::Incomplete => break,
            }
        }
        self.waiting.drain(..start.min(self.waiting.len()));
        keys
    }

    /// Forgets an incomplete key: after a pause, the Escape key stands alone.
    pub fn forget_incomplete(&mut self) {
        self.waiting.clear();
    }
}

fn parse(bytes: &[u8]) -> Parsed {
    match bytes {
        [0x1b] | [0x1b, b'O'] => Parsed::Incomplete,
        [0x1b, b'[', rest @ ..] => parse_sequence(rest),
        [0x1b, b'O', last, ..] => Parsed::Key(arrow(*last), 3),
        [0x1b, b'b', ..] => Parsed::Key(Some(Key::WordLeft), 2),
        [0x1b, b'f', ..] => Parsed::Key(Some(Key::WordRight), 2),
        [0x1b, 0x7f, ..] => Parsed::Key(Some(Key::RemoveWord), 2),
        [0x1b, ..] => Parsed::Key(None, 2),
        [byte, ..] if byte.is_ascii_control() => Parsed::Key(control(*byte), 1),
        _ => parse_char(bytes),
    }
}

/// Parses the bytes behind `ESC [`: parameters, and a last byte from `@` to `~`.
fn parse_sequence(rest: &[u8]) -> Parsed {
    let Some(end) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else { return Parsed::Incomplete };
    let (parameters, length) = (rest.get(..end).unwrap_or_default(), end + 3);
    let with_ctrl_or_alt = parameters.ends_with(b";5") || parameters.ends_with(b";3");
    let key = match (rest.get(end).copied().unwrap_or_default(), parameters) {
        (b'~', b"200") => return Parsed::Paste(true, length),
        (b'~', b"201") => return Parsed::Paste(false, length),
        (b'~', b"1" | b"7") => Some(Key::Home),
        (b'~', b"4" | b"8") => Some(Key::End),
        (b'~', b"3") => Some(Key::Delete),
        (b'C', _) if with_ctrl_or_alt => Some(Key::WordRight),
        (b'D', _) if with_ctrl_or_alt => Some(Key::WordLeft),
        (last, _) => arrow(last),
    };
    Parsed::Key(key, length)
}

fn arrow(last: u8) -> Option<Key> {
    match last {
        b'C' => Some(Key::Right),
        b'D' => Some(Key::Left),
        b'H' => Some(Key::Home),
        b'F' => Some(Key::End),
        _ => None,
    }
}

/// Returns the key of a control character, by the names that shells give them.
fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Char(' '),
        0x7f | 0x08 => Key::Backspace,
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::EndOfInput,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x0b => Key::RemoveToEnd,
        0x0c => Key::Redraw,
        0x15 => Key::RemoveToStart,
        0x17 => Key::RemoveWord,
        0x18 => Key::Edit,
        0x1a => Key::Suspend,
        _ => return None,
    })
}

/// Parses a character in UTF-8. A byte that begins none is skipped.
fn parse_char(bytes: &[u8]) -> Parsed {
    let length = match bytes.first().copied().unwrap_or_default() {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    let Some(bytes) = bytes.get(..length) else { return Parsed::Incomplete };
    match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
        Some(character) => Parsed::Key(Some(Key::Char(character)).filter(|_| !character.is_control()), length),
        None => Parsed::Key(None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(keys: &[Key]) -> String {
        keys.iter().filter_map(|key| if let Key::Char(character) = key { Some(*character) } else { None }).collect()
    }

    #[test]
    fn unknown_keys_leave_no_text() {
        let unknown =
            ["\x1b[A", "\x1b[15~", "\x1b[1;2P", "\x1b[<0;3;4M", "\x1bOP", "\x1bx", "\x07", "\u{9b}", "\x1b[Z"];
        for sequence in unknown {
            assert_eq!(Keys::default().add(format!("a{sequence}b").as_bytes()), [Key::Char('a'), Key::Char('b')]);
        }
        assert_eq!(text(&Keys::default().add(b"a\xff\xc3b")), "a");
    }

    #[test]
    fn keys_may_arrive_in_parts() {
        let mut keys = Keys::default();
        let sent = "ü漢\x1b[1;5D\x1b[3~".as_bytes();
        let keys: Vec<Key> = sent.iter().flat_map(|byte| keys.add(&[*byte])).collect();
        assert_eq!(keys, [Key::Char('ü'), Key::Char('漢'), Key::WordLeft, Key::Delete]);
    }

    #[test]
    fn pasted_line_ends_send_nothing() {
        let mut keys = Keys::default();
        let pasted = keys.add(b"\x1b[200~two\rlines\x1b[201~\r");
        assert_eq!((text(&pasted).as_str(), pasted.last()), ("two lines", Some(&Key::Enter)));
        assert_eq!(keys.add(b"\x1b"), []);
        keys.forget_incomplete();
        assert_eq!(keys.add(b"q"), [Key::Char('q')]);
    }
}
