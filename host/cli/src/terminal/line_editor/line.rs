//! The text of one line, with a cursor.

use unicode_width::UnicodeWidthChar;

use super::keys::Key;

/// A line that a person edits.
#[derive(Debug, Default)]
pub struct Line {
    text: Vec<char>,
    /// The number of characters before the cursor.
    cursor: usize,
}

impl Line {
    /// A line with this text and the cursor at its end. Line ends of a text from an editor are kept.
    pub fn new(text: &str) -> Self {
        let text = text.replace('\t', " ");
        let text: Vec<char> = text.chars().filter(|it| *it == '\n' || !it.is_control()).collect();
        Self { cursor: text.len(), text }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Whether the cursor is at the end.
    pub fn is_at_end(&self) -> bool {
        self.cursor == self.text.len()
    }

    /// The text on one row: a sign stands for the end of a line.
    pub fn shown(&self) -> String {
        self.text.iter().map(show).collect()
    }

    /// The part of it before the cursor.
    pub fn shown_before_cursor(&self) -> String {
        self.text.iter().take(self.cursor).map(show).collect()
    }

    /// Applies a key. Keys that do not edit are ignored.
    pub fn apply(&mut self, key: Key) {
        let (cursor, end) = (self.cursor, self.text.len());
        match key {
            Key::Char(character) => {
                self.text.insert(cursor, character);
                self.cursor += 1;
            }
            Key::Backspace => self.remove(cursor.saturating_sub(1), cursor),
            Key::Delete | Key::EndOfInput => self.remove(cursor, (cursor + 1).min(end)),
            Key::RemoveToStart => self.remove(0, cursor),
            Key::RemoveToEnd => self.remove(cursor, end),
            Key::RemoveWord => self.remove(self.word_before(), cursor),
            Key::Left => self.cursor = cursor.saturating_sub(1),
            Key::Right => self.cursor = (cursor + 1).min(end),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = end,
            Key::WordLeft => self.cursor = self.word_before(),
            Key::WordRight => self.cursor = self.word_behind(),
            Key::Enter | Key::Interrupt | Key::Redraw | Key::Edit | Key::Suspend => {}
        }
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
    }

    fn word_before(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default();
        let end = before.iter().rposition(|character| !character.is_whitespace()).map_or(0, |last| last + 1);
        let word = before.get(..end).unwrap_or_default();
        word.iter().rposition(|character| character.is_whitespace()).map_or(0, |space| space + 1)
    }

    fn word_behind(&self) -> usize {
        let behind = self.text.get(self.cursor..).unwrap_or_default();
        let spaces = behind.iter().take_while(|character| character.is_whitespace()).count();
        let word = behind.iter().skip(spaces).take_while(|character| !character.is_whitespace()).count();
        self.cursor + spaces + word
    }
}

fn show(character: &char) -> char {
    if *character == '\n' { '↵' } else { *character }
}

/// Returns the row and the column of a terminal's cursor behind this text, which starts in the first column.
pub fn place_behind(text: &str, columns: usize) -> (usize, usize) {
    text.chars().fold((0, 0), |(row, column), character| {
        let width = character.width().unwrap_or(0);
        match column + width {
            // A wide character that does not fit goes to the next row as a whole.
            end if end > columns => (row + 1, width),
            end if end == columns => (row + 1, 0),
            end => (row, end),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;

    fn edited(typed: &str) -> (String, String) {
        let mut line = Line::default();
        Keys::default().add(typed.as_bytes()).into_iter().for_each(|key| line.apply(key));
        (line.text(), line.shown_before_cursor())
    }

    #[test]
    fn keys_edit_at_the_cursor() {
        let cases = [
            ("ac\x1b[Db", "abc", "ab"),
            ("abc\x01\x1b[3~", "bc", ""),
            ("one two  three\x17\x17", "one ", "one "),
            ("one two\x1b[1;5D\x1bb\x1bf!", "one! two", "one!"),
            ("one two\x1b[1;5D\x0b", "one ", "one "),
            ("one two\x1b[1;5D\x15", "two", ""),
            ("\x7f\x1b[D\x1b[Cä\x7f漢", "漢", "漢"),
        ];
        for (typed, text, before) in cases {
            assert_eq!(edited(typed), (text.to_owned(), before.to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn line_ends_are_shown_as_a_sign() {
        let mut line = Line::new("two\nlines\tand\x07");
        assert_eq!((line.shown().as_str(), line.is_at_end()), ("two↵lines and", true));
        line.apply(Key::RemoveWord);
        assert_eq!(line.text(), "two\nlines ");
    }

    #[test]
    fn wide_characters_wrap_as_a_whole() {
        assert_eq!(place_behind("abc", 4), (0, 3));
        assert_eq!(place_behind("abcd", 4), (1, 0));
        assert_eq!(place_behind("abc漢", 4), (1, 2));
        assert_eq!(place_behind("ab漢d", 4), (1, 1));
    }
}
