//! How many columns text takes at a terminal. A Chinese character takes two, an accent of its own none.

use std::os::fd::AsFd;

use unicode_width::UnicodeWidthStr;

/// The least columns of a line that continues.
const LEAST: usize = 20;

/// Returns the columns that a line takes.
pub fn columns(line: &str) -> usize {
    line.width()
}

/// Returns the columns of the terminal of a stream; `None` if the stream is no terminal or the terminal does not say.
pub fn of_terminal(stream: &impl AsFd) -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(stream)?;
    Some(usize::from(width.0)).filter(|width| *width > 0)
}

/// Fills a line with spaces.
pub fn pad(line: &str, width: usize) -> String {
    format!("{line}{}", " ".repeat(width.saturating_sub(columns(line))))
}

/// Returns the line, or its first words and `…` in at most `most` columns.
pub fn first_words(line: &str, most: usize) -> String {
    if columns(line) <= most {
        return line.to_owned();
    }
    let mut text = String::new();
    for word in line.split(' ') {
        if columns(&text) + columns(word) + 1 > most {
            break;
        }
        text.push_str(word);
        text.push(' ');
    }
    format!("{}…", text.trim_end())
}

/// Wraps a line between words. A word that is wider than `most` columns is not broken.
pub fn wrap(line: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Wraps each line of a text between words, for a terminal; what continues a line is indented by two columns more.
pub fn wrap_lines(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut wrapped = String::new();
    for line in text.lines() {
        let indented = line.len() - line.trim_start_matches(' ').len();
        let (gap, words) = line.split_at(indented);
        let room = width.saturating_sub(indented + 2).max(LEAST);
        let parts = if columns(line) <= width { vec![words.to_owned()] } else { wrap(words, room) };
        wrapped.push_str(&format!("{gap}{}\n", parts.join(&format!("\n{gap}  "))));
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!([columns("設計"), columns("e\u{301}té"), columns("ok")], [4, 3, 2]);
        assert_eq!(pad("設計", 6), "設計  ");
        assert_eq!(wrap("設計 設計 ok", 7), ["設計", "設計 ok"]);
    }

    #[test]
    fn lines_continue_with_an_indentation() {
        let text = "  code#1: stored generated_code\n\n  short\n";
        assert_eq!(wrap_lines(text, Some(26)), "  code#1: stored\n    generated_code\n\n  short\n");
        assert_eq!(wrap_lines(text, None), text);
    }

    #[test]
    fn shortens_between_words() {
        assert_eq!(first_words("two issues", 10), "two issues");
        assert_eq!(first_words("two issues remain", 12), "two issues…");
        assert_eq!(first_words("設計 設計", 6), "設計…");
        assert_eq!(first_words("unbreakable", 5), "…");
    }
}
